"""`Idempotency-Key`: a request that is sent again is not done again."""

from __future__ import annotations

import re
from typing import Any

from pyramid.request import Request
from pyramid.response import Response

from core.errors import BadRequest, Forbidden
from core.http.work import MOST_BYTES, SAFE
from core.i18n import _
from core.rest.spec import Json
from core.security.judge import READ_ONLY
from core.services import idempotency
from core.services.idempotency import Kept

HEADER = "Idempotency-Key"
_KEY = re.compile(r"[\x21-\x7e]{1,200}")
_KEPT = ("Content-Type", "ETag", "Location", "Change-Id")
PARAMETER: Json = {
    "name": HEADER,
    "in": "header",
    "description": "The same key with the same request, within a day: the reply is repeated and nothing is done.",
    "schema": {"type": "string", "pattern": "^[!-~]{1,200}$"},
}


def once(view: Any) -> Any:
    """The view, done once for each key. Only what succeeded is repeated: what is refused leaves no trace."""

    def kept(context: Any, request: Request) -> Response:
        key = request.headers.get(HEADER)
        if key is None or request.method in SAFE or (request.content_length or 0) > MOST_BYTES:
            return view(context, request)
        if not _KEY.fullmatch(key):
            message = _("Give 1 to 200 characters without blanks.")
            raise BadRequest(_("The request cannot be read"), errors={HEADER: [message]})
        if request.identity.read_only:
            raise Forbidden(READ_ONLY)
        known = idempotency.begin(request.ctx, key, _request(request))
        if known is not None:
            return _again(known)
        response = view(context, request)
        headers = {name: response.headers[name] for name in _KEPT if name in response.headers}
        headers["Change-Id"] = request.work.journal.batch
        idempotency.keep(request.ctx, key, Kept(response.status_code, headers, response.text if response.body else ""))
        return response

    return kept


def _request(request: Request) -> bytes:
    """All that tells one request from another."""
    parts = (request.method, request.path_qs, request.headers.get("If-Match", ""), request.content_type)
    return b"\n".join([*(part.encode("utf-8", "replace") for part in parts), request.body])


def _again(known: Kept) -> Response:
    response = Response(status=known.status, body=known.body.encode())
    response.headers.pop("Content-Type", None)
    response.headers.update(known.headers)
    return response
