"""A form for a new record that is sent twice makes one record: the second time leads where the first one led.

Each form carries a ticket of its own. What is sent again with the same ticket and the same texts is the same
wish; with other texts, after going back in the browser, it is another one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from uuid import UUID, uuid4

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.request import Request
from pyramid.response import Response

from core.errors import Conflict
from core.services import idempotency
from core.services.idempotency import Kept
from core.services.work import Ctx
from core.web.addresses import local
from core.web.forms.again import FormRefused

NAME = "once"


def ticket() -> str:
    """For a form that is drawn."""
    return str(uuid4())


class Once:
    """What one wish is known by; without a ticket of ours nothing is known."""

    def __init__(self, request: Request, texts: Mapping[str, str]) -> None:
        digest = hashlib.sha256(json.dumps(dict(texts), sort_keys=True).encode()).hexdigest()
        known = _is_ticket(request.POST.get(NAME))
        self.key = f"form {request.POST[NAME]} {digest}" if known else ""
        self.path = request.path.encode()

    def begin(self, ctx: Ctx, texts: Mapping[str, str]) -> Response | None:
        """Where the same wish has led; None for the first, whose way is to be kept."""
        if not self.key:
            return None
        try:
            kept = idempotency.begin(ctx, self.key, self.path)
        except Conflict as error:  # the first is on its way: look again when it is over
            raise FormRefused(self._led, error, texts) from error
        return None if kept is None else _back(kept)

    def keep(self, ctx: Ctx, path: str) -> None:
        if self.key:
            idempotency.keep(ctx, self.key, Kept(303, {"Location": path}, ""))

    def _led(self, request: Request, ctx: Ctx, refused: FormRefused | None) -> Response:
        assert refused is not None
        kept = idempotency.known(ctx, self.key, self.path)
        if kept is None:
            raise refused.error
        return _back(kept)


def _back(kept: Kept) -> Response:
    return HTTPSeeOther(local(kept.headers.get("Location")))


def _is_ticket(text: object) -> bool:
    try:
        return isinstance(text, str) and len(text) == 36 and bool(UUID(text))
    except ValueError:
        return False
