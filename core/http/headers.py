"""Headers that every reply carries, errors included."""

from __future__ import annotations

from pyramid.config import Configurator
from pyramid.events import NewResponse

CSP = (
    "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'self'; "
    "frame-ancestors 'none'; form-action 'self'"
)
HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


def includeme(config: Configurator) -> None:
    config.add_subscriber(add_headers, NewResponse)


def add_headers(event: NewResponse) -> None:
    headers = event.response.headers
    for name, value in HEADERS.items():
        headers.setdefault(name, value)
    if not event.request.path_info.startswith("/static/"):
        headers.setdefault("Cache-Control", "no-store")
    if event.request.scheme == "https":
        headers.setdefault("Strict-Transport-Security", "max-age=31536000")
