"""Headers that every reply carries, errors included; those of files that pages load are few."""

from __future__ import annotations

from pyramid.config import Configurator
from pyramid.events import NewResponse

CSP = (
    "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'self'; "
    "frame-ancestors 'none'; form-action 'self'"
)
ASSET_HEADERS = {"X-Content-Type-Options": "nosniff"}  # sheets and scripts obey the page that loads them
HEADERS = ASSET_HEADERS | {
    "Content-Security-Policy": CSP,
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


def includeme(config: Configurator) -> None:
    config.add_subscriber(add_headers, NewResponse)


def add_headers(event: NewResponse) -> None:
    headers = event.response.headers
    is_asset = event.request.path_info.startswith("/static/") and event.response.status_int == 200
    for name, value in (ASSET_HEADERS if is_asset else HEADERS).items():
        headers.setdefault(name, value)
    if not is_asset:
        headers.setdefault("Cache-Control", "no-store")
    if event.request.scheme == "https":
        headers.setdefault("Strict-Transport-Security", "max-age=31536000")
