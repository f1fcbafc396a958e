"""A list in the ways of plugins: as a board, as a calendar."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pyramid.request import Request

from core.entities.listing import LIMIT, Ask, ask
from core.errors import BadRequest
from core.services import saved_views
from core.services.work import Ctx
from core.web.isolation import drawn
from core.web.query import Query, all_of
from plugins import Entity, ListView


@dataclass(frozen=True)
class Choice:
    """A way that is offered, and where it leads; the table has neither name nor title."""

    name: str
    title: str
    icon: str
    url: str


@dataclass(frozen=True)
class Body:
    """The list as it came out: its HTML, or the number of the incident that kept it from it."""

    name: str
    html: str
    incident: str


def chosen(ctx: Ctx, entity: Entity, query: Query) -> ListView | None:
    """The way that the address asks for; None for the table. Raises BadRequest for one that is not offered."""
    if not query.view:
        return None
    found = saved_views.way(ctx, entity, query.view)
    if found is None:
        raise BadRequest(saved_views.NO_WAY, errors={"view": [saved_views.NO_WAY]})
    return found


def choices(ctx: Ctx, entity: Entity, query: Query, path: str) -> list[Choice]:
    """The table and the others; nothing where there is no choice."""
    others = [
        Choice(name, one.title, one.icon, query.url(path, view=name))
        for one in saved_views.ways(ctx, entity)
        for name in [saved_views.name_of(one)]
    ]
    return [Choice("", "", "list", query.url(path, view="")), *others] if others else []


def body(request: Request, ctx: Ctx, entity: Entity, way: ListView, query: Query) -> Body:
    """The list in this way."""

    def asked(condition: Any = None, *, limit: int = LIMIT) -> Ask:
        conditions = [one for one in (query.filter, condition) if one is not None]
        wanted: dict[str, Any] = {"text": query.q, "sort": query.sort or None, "limit": limit}
        return ask(ctx.rights, entity, filter=all_of(conditions), **wanted)

    html, incident = drawn(request, ctx, f"list view {way.key}", lambda: way.render(ctx, asked))
    return Body(saved_views.name_of(way), html, incident)
