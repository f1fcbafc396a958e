"""What one has been told: all of it on a page, the number of what is unread at the bell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pyramid.config import Configurator
from pyramid.httpexceptions import HTTPSeeOther
from pyramid.request import Request
from pyramid.response import Response

from core.entities.listing import ask
from core.services import agenda, notices, records
from core.services.agenda import NOTIFICATION
from core.services.work import Ctx
from core.web.frame import frame
from core.web.record import record_id
from core.web.templating import page
from core.web.values import display

PATH = "/notices"
MOST = 50


@dataclass(frozen=True)
class Line:
    """Something that one was told. `path` leads to what it is about, "" where there is nothing to see."""

    id: int
    text: str
    when: str
    path: str
    unread: bool


def includeme(config: Configurator) -> None:
    for name, pattern, method, act in (
        ("all", PATH, "GET", view),
        ("read", f"{PATH}/read", "POST", read_all),
        ("open", f"{PATH}/{{id:[1-9][0-9]*}}/open", "POST", open_one),
    ):
        config.add_route(f"web.notices.{name}", pattern)
        config.add_view(act, route_name=f"web.notices.{name}", request_method=method)


def view(context: Any, request: Request) -> Response:
    """GET, the newest first; `?cursor=` goes on."""
    ctx: Ctx = request.ctx
    entity = ctx.catalog[NOTIFICATION]
    found = records.listing(ctx, ask(ctx.rights, entity, sort="-id", limit=MOST, cursor=request.GET.get("cursor")))
    show = display(request, ctx, brief=True)
    documents = records.reader(ctx, request.locale_name, request.say).documents(entity, found.records)
    lines = []
    for one, document in zip(found.records, documents, strict=True):
        about = show.shown(entity.field("about"), document)
        when = show.shown(entity.field("at"), document).text
        lines.append(Line(one.id, document["text"], when, about.path, not one.read))
    return page(request, "notices", frame=frame(request, ctx, own=True), lines=lines, next=found.next, path=PATH)


def read_all(context: Any, request: Request) -> Response:
    """POST: all of it has been read."""
    notices.mark_all_read(request.ctx)
    return HTTPSeeOther(PATH)


def open_one(context: Any, request: Request) -> Response:
    """POST: it has been read; on to what it is about."""
    ctx: Ctx = request.ctx
    number = record_id(request)
    agenda.mark_read(ctx, number)
    entity = ctx.catalog[NOTIFICATION]
    [document] = records.reader(ctx, request.locale_name, request.say).documents(
        entity, [records.find(ctx, entity, number)], ["about"]
    )
    about = display(request, ctx).shown(entity.field("about"), document)
    return HTTPSeeOther(about.path or PATH)
