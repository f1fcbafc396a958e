"""The search over everything: a page of what was found, and the same as suggestions while somebody types."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from typing import Any

from pyramid.config import Configurator
from pyramid.request import Request
from pyramid.response import Response

from core.errors import BadRequest
from core.http.paths import collection
from core.services import records
from core.services.search.everywhere import MOST, Hit, search
from core.services.work import Ctx
from core.web.addresses import record_path
from core.web.assets import icon
from core.web.facets import STATE
from core.web.frame import frame
from core.web.query import Query, read
from core.web.record import telling
from core.web.templating import page
from core.web.values import EMPTY, Display, Value, display
from plugins import Entity, Field

PATH = "/search"
SUGGESTED = 8


@dataclass(frozen=True)
class Found:
    """A hit as it is shown. `note` tells it from others of its name; `value` is by what it was found, or its state, and
    `disc` the class of that one's sign.
    """

    label: str
    path: str
    note: str
    value: str
    disc: str


@dataclass(frozen=True)
class Group:
    """The hits of one entity; `url` is its list, searched for the same."""

    title: str
    icon: str
    url: str
    found: tuple[Found, ...]


def includeme(config: Configurator) -> None:
    for name, path, view in (("search", PATH, results), ("suggest", f"{PATH}/suggest", suggest)):
        config.add_route(f"web.{name}", path)
        config.add_view(view, route_name=f"web.{name}", request_method="GET")


def results(context: Any, request: Request) -> Response:
    """GET `?q=`: all hits, by entity, the best first."""
    query = read(request)
    groups: tuple[Group, ...] = ()
    problem = ""
    if query.q:
        try:
            groups = tuple(_groups(request, query, MOST))
        except BadRequest as error:
            problem = " ".join(map(request.say, error.reasons))
    around = frame(request, request.ctx, text=query.q)
    return page(request, "search", frame=around, text=query.q, groups=groups, problem=problem)


def suggest(context: Any, request: Request) -> Response:
    """GET `?q=`: the first hits as JSON."""
    groups = _groups(request, read(request), SUGGESTED)
    return Response(json_body=[{**asdict(group), "icon": icon(group.icon)} for group in groups])


def _groups(request: Request, query: Query, most: int) -> Iterator[Group]:
    ctx: Ctx = request.ctx
    hits = search(ctx, query.q, most, request.locale_name)
    order = list(dict.fromkeys(hit.entity for hit in hits))
    show = display(request, ctx, brief=True)
    by_entity = sorted(hits, key=lambda hit: order.index(hit.entity))  # of one entity the best stay first
    for key, some in groupby(by_entity, key=lambda hit: hit.entity):
        entity = ctx.catalog[key]
        found = tuple(_found(request, ctx, show, entity, list(some)))
        yield Group(request.say(entity.plural), entity.icon, query.url(collection(key)), found)


def _found(request: Request, ctx: Ctx, show: Display, entity: Entity, hits: Sequence[Hit]) -> Iterator[Found]:
    known = {field.name: field for field in entity.fields}
    names = (*(field.name for field in telling(entity)), STATE, *(hit.field for hit in hits))
    shown = [known[name] for name in dict.fromkeys(names) if name in known]
    look = records.reader(ctx, request.locale_name)
    rows = records.find_all(ctx, entity, [hit.id for hit in hits], lock=False)
    documents = look.documents(entity, list(rows.values()), [field.name for field in shown])
    by_id = {document["id"]: (document, look.rights_on(entity, shown, rows[document["id"]])) for document in documents}
    for hit in hits:
        if hit.id in by_id:
            yield _line(show, entity, known, hit, *by_id[hit.id])


def _line(show: Display, entity: Entity, known: dict[str, Field], hit: Hit, document: Any, rights: Any) -> Found:
    def value(name: str) -> Value:
        return show.shown(known[name], document, rights[name]) if name in known else EMPTY

    by_label = hit.field == entity.label
    state, notes = value(STATE), [value(field.name).text for field in telling(entity)]
    return Found(
        label=hit.label or f"#{hit.id}",
        path=record_path(entity.key, hit.id),
        note=" · ".join(one for one in ("" if by_label else state.text, *notes) if one),
        value=(state if by_label else value(hit.field)).text,
        disc=state.disc if by_label else "",
    )
