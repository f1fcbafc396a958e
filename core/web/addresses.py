"""Addresses of pages, and which of those sent to us lead to our own."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from pyramid.request import Request

from core.http.paths import collection

_ODD = re.compile(r"[^\x21-\x7e]|\\")


def record_path(key: str, record_id: int) -> str:
    return f"{collection(key)}/{record_id}"


def local(text: str | None, default: str = "/") -> str:
    """The path if it leads to a page of ours, else the default: nobody is sent elsewhere after a login."""
    if not text or not text.startswith("/") or text.startswith("//") or _ODD.search(text):
        return default
    return text


def after_login(text: str | None) -> str:
    """Where to go once logged in."""
    path = local(text)
    return "/" if urlsplit(path).path in ("/login", "/logout") else path


def came_from(request: Request, default: str = "/") -> str:
    """The page of ours on which a form or link was used."""
    parts = urlsplit(request.referrer or "")
    if f"{parts.scheme}://{parts.netloc}" != request.host_url:
        return default
    return local(parts.path + (f"?{parts.query}" if parts.query else ""), default)
