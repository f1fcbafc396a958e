"""The button beside "Saved": what a page has just done is set back, and set back again."""

from __future__ import annotations

import re

from pyramid.config import Configurator
from pyramid.httpexceptions import HTTPSeeOther
from pyramid.request import Request
from pyramid.response import Response

from core.http.paths import by_path
from core.services import undo
from core.services.work import Ctx
from core.web import toast
from core.web.addresses import came_from
from core.web.record import visible_path
from core.web.toast import Toast

_RECORD = re.compile(r"(/.+)/([1-9][0-9]{0,18})")


def includeme(config: Configurator) -> None:
    config.add_route("web.undo", "/changes/{change:[0-9a-f-]{36}}/undo")
    config.add_view(take_back, route_name="web.undo", request_method="POST")


def offer(ctx: Ctx) -> str:
    """Where what this request has changed can be set back; "" where the actor may not, or nothing can."""
    return f"/changes/{ctx.journal.uuid}/undo" if undo.is_undoable(ctx) else ""


def take_back(context: object, request: Request) -> Response:
    """POST: set the change back as a whole, and back to the page; the toast offers to do it again."""
    ctx: Ctx = request.ctx
    undo.undo(ctx, request.matchdict["change"])
    ctx.work.flush()
    return toast.put(HTTPSeeOther(_back(request, ctx)), request, Toast("undone", undo=offer(ctx)))


def _back(request: Request, ctx: Ctx) -> str:
    """The page on which the button was, or the list if its record is gone again."""
    origin = came_from(request)
    found = _RECORD.fullmatch(origin.partition("?")[0])
    entity = by_path(ctx.catalog).get(found[1]) if found else None
    return visible_path(ctx, entity, int(found[2])) if entity and found else origin
