"""Which columns a list shows, in what order, and what it is sorted by: a page that leads back to the list."""

from __future__ import annotations

from dataclasses import dataclass

from pyramid.request import Request
from pyramid.response import Response

from core.entities.listing import MOST_SORTS
from core.errors import NotFound
from core.http.paths import collection
from core.services.work import Ctx
from core.web.frame import frame, may_visit
from core.web.lists.columns import available, columns, name_of, sort_keys, sortable
from core.web.lists.saved import looked
from core.web.templating import page
from plugins import Entity


@dataclass(frozen=True)
class Line:
    """A column that can be shown."""

    name: str
    title: str
    on: bool


def view(entity: Entity, request: Request) -> Response:
    """GET: a form that asks the list anew. Its buttons `up` and `down` come back here with a column's name."""
    ctx: Ctx = request.ctx
    if not may_visit(ctx, entity):
        raise NotFound
    query = looked(request, ctx, entity).query
    known = available(ctx, entity)
    shown = [name_of(one) for one in columns(ctx, entity, request.locale_name, query.columns)]
    for step, name in ((-1, request.GET.get("up")), (1, request.GET.get("down"))):
        if name in shown:
            _move(shown, str(name), step)
    order = [*shown, *(name for name in known if name not in shown)]
    keys = sort_keys(query.sort or entity.sort)
    return page(
        request,
        "list/arrange",
        frame=frame(request, ctx, entity),
        entity=entity,
        path=collection(entity.key),
        query=query,
        lines=[Line(name, known[name].title, name in shown) for name in order],
        sorts=[(name, "-" if down else "") for name, down in keys.items()],
        most_sorts=MOST_SORTS,
        sortable=list(sortable(ctx, entity)),
    )


def _move(names: list[str], name: str, step: int) -> None:
    """One place up or down; from the ends it goes nowhere."""
    at = names.index(name)
    to = min(max(at + step, 0), len(names) - 1)
    names.insert(to, names.pop(at))
