"""Saved views of a list: which one is looked at, the tabs, and the sheet in which one is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.request import Request
from pyramid.response import Response

from core.errors import Conflict, Forbidden, Invalid, KehuError, NotFound
from core.http.paths import collection
from core.models import SavedView
from core.services import allowed, records, saved_views
from core.services.work import Ctx
from core.web import toast
from core.web.forms.again import FormRefused
from core.web.forms.choices import Choice
from core.web.frame import frame, may_visit
from core.web.query import ALL, Query, number, parse, read
from core.web.record import record_id, version
from core.web.templating import page
from core.web.toast import Toast
from core.web.undo import offer
from plugins import Entity

KEY = "core.saved_view"


@dataclass(frozen=True)
class Tab:
    """A view in the row above a list. `opened`: it is somebody else's."""

    title: str
    url: str
    on: bool
    opened: bool


@dataclass(frozen=True)
class Looked:
    """What a list shows: the whole query, and the view that it began with, if any. `changed`: it asks for
    something else by now. `mine`: the actor may keep that in it.
    """

    query: Query
    view: SavedView | None
    tabs: tuple[Tab, ...]
    changed: bool = False
    mine: bool = False


def looked(request: Request, ctx: Ctx, entity: Entity) -> Looked:
    """The address with what its view adds to it; a bare one begins with the view that opens first."""
    asked, views = read(request), saved_views.offered(ctx, entity)
    first = ctx.identity.first_views.get(entity.key)
    if not asked.given and any(view.id == first for view in views):
        asked = replace(asked, saved=str(first))
    view = _chosen(ctx, entity, asked.saved, views)
    query = asked if view is None else asked.over(Query(**view.asked))
    return Looked(
        query,
        view,
        _tabs(ctx, collection(entity.key), views, view, has_first=first is not None),
        changed=bool(query.changes()) if view else False,
        mine=view is not None and view.owner_id == ctx.identity.user_id,
    )


def _chosen(ctx: Ctx, entity: Entity, saved: str, views: Sequence[SavedView]) -> SavedView | None:
    if not saved or saved == ALL:
        return None
    found = next((view for view in views if str(view.id) == saved), None)
    if found is None and (asked := number(saved)) is not None:
        found = records.find(ctx, ctx.catalog[KEY], asked)  # an administrator looks at somebody's
    if found is None or found.entity != entity.key:
        raise NotFound
    return found


def _tabs(
    ctx: Ctx, path: str, views: Sequence[SavedView], now: SavedView | None, *, has_first: bool
) -> tuple[Tab, ...]:
    everything = Query(saved=ALL if has_first else "").url(path)
    tabs = [Tab("", everything, now is None, False)]
    for view in [*views, *([now] if now is not None and now not in views else [])]:
        url = Query(saved=str(view.id)).url(path)
        tabs.append(Tab(view.name, url, view is now, view.owner_id != ctx.identity.user_id))
    return tuple(tabs)


# --- the sheet ------------------------------------------------------------------------------------------


def new(entity: Entity, request: Request) -> Response:
    """GET with the query of a list: the sheet in which it is kept as a view."""
    return _draw(request, request.ctx, None, entity=entity, number=None, texts={})


def edit(entity: Entity, request: Request) -> Response:
    """GET: the sheet of a view."""
    return _draw(request, request.ctx, None, entity=entity, number=record_id(request), texts={})


def create(entity: Entity, request: Request) -> Response:
    """POST `name`, `unit`, `first` and the query: a new view, which is looked at then."""
    ctx, texts = request.ctx, _texts(request)
    values = {"name": texts["name"], "unit": texts["unit"] or None, "entity": entity.key, "query": _query(request)}
    try:
        view = records.create(ctx, ctx.catalog[KEY], values)
        ctx.work.flush()
        _keep_first(ctx, view, texts["first"])
    except (Invalid, Conflict, Forbidden) as error:
        raise FormRefused(partial(_draw, entity=entity, number=None, texts=texts), error, texts) from error
    return _back(request, entity, view, "created")


def change(entity: Entity, request: Request) -> Response:
    """POST `name`, `unit` and `first` of a view; or, from the list, what it asks for."""
    ctx, number, texts = request.ctx, record_id(request), _texts(request)
    view = _find(ctx, entity, number)
    may_edit = allowed.may(ctx, ctx.catalog[KEY], "edit", view)
    if "keep" in request.POST:
        values: dict[str, Any] = {"query": _query(request)}
    else:
        values = {"name": texts["name"], "unit": texts["unit"] or None} if may_edit else {}
    try:
        if values:
            records.change(ctx, ctx.catalog[KEY], number, values, version(request))
        if "keep" not in request.POST:
            _keep_first(ctx, view, texts["first"])
        ctx.work.flush()
    except (Invalid, Conflict, Forbidden) as error:
        if "keep" in request.POST:
            raise
        raise FormRefused(partial(_draw, entity=entity, number=number, texts=texts), error, texts) from error
    return _back(request, entity, view, "saved")


def delete(entity: Entity, request: Request) -> Response:
    """POST: a view goes to the recycle bin, and the list is looked at as it is described."""
    ctx: Ctx = request.ctx
    view = _find(ctx, entity, record_id(request))
    records.delete(ctx, ctx.catalog[KEY], view.id, version(request))
    ctx.work.flush()
    location = Query(saved=ALL).url(collection(entity.key))
    return toast.put(HTTPSeeOther(location), request, Toast("deleted", view.name, offer(ctx)))


def _find(ctx: Ctx, entity: Entity, number: int) -> SavedView:
    view: SavedView = records.find(ctx, ctx.catalog[KEY], number)
    if view.entity != entity.key:
        raise NotFound
    return view


def _keep_first(ctx: Ctx, view: SavedView, first: str) -> None:
    (saved_views.open_first if first else saved_views.close_first)(ctx, view, {})


def _texts(request: Request) -> dict[str, str]:
    return {name: str(request.POST.get(name, "")).strip() for name in ("name", "unit", "first")}


def _query(request: Request) -> dict[str, Any]:
    query = parse(request.POST)
    return {name: getattr(query, name) for name in saved_views.PARTS if getattr(query, name)}


def _back(request: Request, entity: Entity, view: SavedView, kind: str) -> Response:
    location = Query(saved=str(view.id)).url(collection(entity.key))
    return toast.put(HTTPSeeOther(location), request, Toast(kind, view.name, offer(request.ctx)))


def _draw(
    request: Request,
    ctx: Ctx,
    refused: FormRefused | None,
    *,
    entity: Entity,
    number: int | None,
    texts: dict[str, str],
) -> Response:
    if not may_visit(ctx, entity):
        raise NotFound
    view = None if number is None else _find(ctx, entity, number)
    error: KehuError | None = refused.error if refused else None
    query = parse(request.POST if refused else request.GET)
    if not texts:
        code = _code(ctx, view.unit_id) if view else ""
        first = view is not None and ctx.identity.first_views.get(entity.key) == view.id
        texts = {"name": view.name if view else "", "unit": code, "first": "1" if first else ""}
    may_edit = view is None or allowed.may(ctx, ctx.catalog[KEY], "edit", view)
    return page(
        request,
        "list/view",
        status=error.status if error else 200,
        frame=frame(request, ctx, entity),
        entity=entity,
        path=collection(entity.key),
        query=query if view is None else Query(saved=str(view.id)),
        view=view,
        texts=texts,
        errors=error.errors if error else {},
        detail=(error.detail or error.title) if error and not error.errors else "",
        units=_units(ctx, view) if may_edit else [],
        unit_name=ctx.work.org.nodes[view.unit_id].name if view and view.unit_id else "",
        may_edit=may_edit,
        may_delete=view is not None and allowed.may(ctx, ctx.catalog[KEY], "delete", view),
    )


def _units(ctx: Ctx, view: SavedView | None) -> list[Choice]:
    """Those to which the actor can open a view: his own and those below, as a tree."""
    org, mine = ctx.work.org, ctx.rights.units
    found: list[Choice] = []

    def add(unit_id: int, depth: int) -> None:
        found.append(Choice(org.nodes[unit_id].code, org.nodes[unit_id].name, depth))
        for child in org.children(unit_id):
            if child.id in mine:
                add(child.id, depth + 1)

    add(ctx.identity.unit_id, 0)
    known = view.unit_id if view else None
    if known is not None and known not in mine:
        found.append(Choice(org.nodes[known].code, org.nodes[known].name))
    return found


def _code(ctx: Ctx, unit_id: int | None) -> str:
    return ctx.work.org.nodes[unit_id].code if unit_id is not None else ""
