"""Text goes out compressed to whoever takes gzip, whichever server runs the application.

How long a compressed page is tells about its secrets to somebody who chooses a part of it and sees the lengths
go by (BREACH). He needs the reader's own browser to ask again and again from a site of his, so what is not public
goes out as it is to a request that another site caused. No form's token is the same in two pages either
(core/web/safety.py), whoever else compresses them.
"""

from __future__ import annotations

import gzip
from functools import lru_cache

from pyramid.config import Configurator
from pyramid.events import NewResponse
from pyramid.request import Request
from webob.acceptparse import AcceptEncodingValidHeader

TEXTS = frozenset(
    {
        "application/javascript",
        "application/json",
        "application/problem+json",
        "image/svg+xml",
        "text/css",
        "text/html",
        "text/javascript",
    }
)
LEAST, MOST = 500, 4 * 1024 * 1024  # bytes: below, there is nothing to gain; above, nothing is held in memory
_OWN = ("same-origin", "none")  # a page of ours, or the reader himself, caused the request


def includeme(config: Configurator) -> None:
    config.add_subscriber(compress, NewResponse)


def compress(event: NewResponse) -> None:
    request, response = event.request, event.response
    if response.content_type not in TEXTS or response.content_encoding or response.content_disposition:
        return
    response.vary = (*(response.vary or ()), "Accept-Encoding")
    if not _takes_gzip(request) or not LEAST <= (response.content_length or 0) <= MOST:
        return
    if response.cache_control.public:
        response.body = _once(response.body)
    elif request.headers.get("Sec-Fetch-Site", "none") in _OWN:
        response.body = gzip.compress(response.body, 6, mtime=0)
    else:
        return
    response.content_encoding = "gzip"


def _takes_gzip(request: Request) -> bool:
    accepted = request.accept_encoding
    # WebOb reads a header that is absent or broken as one that takes everything.
    return isinstance(accepted, AcceptEncodingValidHeader) and bool(accepted.acceptable_offers(["gzip"]))


@lru_cache(maxsize=128)
def _once(body: bytes) -> bytes:
    """What is public is a file that each browser asks for."""
    return gzip.compress(body, 9, mtime=0)
