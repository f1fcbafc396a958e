"""The page of a list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from pyramid.request import Request
from pyramid.response import Response

from core.entities.finding import may_search
from core.entities.listing import Ask, ask
from core.errors import BadRequest, Forbidden, Merged, NotFound
from core.http.paths import collection
from core.security.catalog import is_business, meta_or_field
from core.services import records
from core.services.imports import may_import
from core.services.records import Page
from core.services.work import Ctx
from core.web.facets import counted, facets, join, split
from core.web.frame import frame, is_written, may_visit
from core.web.lists import ways
from core.web.lists.columns import Shown, available, columns, heads, sort_keys
from core.web.lists.grouping import field_of, groupable, heaps, opened
from core.web.lists.many import offers
from core.web.lists.preview import Peek, peek
from core.web.lists.rows import rows
from core.web.lists.sample import sample
from core.web.lists.saved import Looked, looked
from core.web.lists.wording import Chip, Wording
from core.web.query import Query, all_of, number, parts_of
from core.web.templating import page
from core.web.values import Display, display
from plugins import Entity


def view(entity: Entity, request: Request) -> Response:
    """GET. Four statements: the views, the page, the count, the labels; one more for each column of a plugin, for
    the names in a condition, and for a record beside the list a few.
    """
    ctx: Ctx = request.ctx
    if not may_visit(ctx, entity):
        raise NotFound
    look, wanted, shown, fault = _read(request, ctx, entity)
    query, path = look.query, collection(entity.key)
    show = display(request, ctx, brief=True)
    chips = facets(entity, ctx.rights, query, path)
    way = ways.chosen(ctx, entity, query)
    by, groups = None if way is not None else field_of(ctx, entity, query), []
    if way is not None:
        found = Page([], None, None)
        total = 0 if chips else records.listing(ctx, replace(wanted, count=True, limit=1)).total or 0
    elif by is not None:
        groups = heaps(request, ctx, wanted, by, shown, show, query, path)
        narrower = replace(query, filter=opened(query, by)) if query.open else None
        found = records.listing(ctx, _asked(ctx, entity, narrower)) if narrower else Page([], None, None)
        total = sum(group.count for group in groups)
    else:
        found = records.listing(ctx, replace(wanted, count=not chips))
        total = found.total or 0
    if chips:
        chips, total = counted(ctx, entity, query, chips)
    return page(
        request,
        "list",
        frame=frame(request, ctx, entity),
        entity=entity,
        path=path,
        query=query,
        look=look,
        fault=fault,
        ways=ways.choices(ctx, entity, query, path),
        body=ways.body(request, ctx, entity, way, query) if way is not None and total else None,
        heads=heads(ctx, entity, shown, query, path),
        columns_of=len(available(ctx, entity)),
        sorted_by=_first_key(entity, query.sort or entity.sort),
        groups=groups,
        grouped=by,
        groupable=groupable(ctx, entity),
        rows=rows(request, ctx, entity, found.records, shown, show),
        total=total,
        seen=next((group.count for group in groups if group.on), total),
        next_url=query.url(path, cursor=found.next, open=query.open) if found.next else None,
        facets=chips,
        searchable=any(may_search(ctx.rights, entity, field) for field in entity.fields if field.searchable),
        sample=[] if total or query.q or query.filter is not None else sample(ctx, shown, show),
        may_import=may_import(ctx, entity),
        may_export=ctx.rights.may_ever(entity, "export"),
        peek=_peek(request, ctx, entity, query, path, [record.id for record in found.records]),
        peek_url=query.url(path, open=query.open, cursor=query.cursor, preview="0")[:-1],
        close_url=query.url(path, open=query.open, cursor=query.cursor),
        chips=_chips(request, ctx, entity, query, path, show),
        filter_url=query.url(f"{path}/filter"),
        has_short=is_business(entity),
        offers=offers(ctx, entity),
        may_create=ctx.rights.may_ever(entity, "create") and is_written(entity),
    )


def _read(request: Request, ctx: Ctx, entity: Entity) -> tuple[Looked, Ask, list[Shown], str]:
    """What is asked for. A saved view that asks for what is not there any more, or what this reader may not
    ask, is not in the way of its list: the last value says what is wrong with it.
    """
    look = looked(request, ctx, entity)
    try:
        return look, *_all_asked(ctx, entity, look.query, request.locale_name), ""
    except (BadRequest, Forbidden) as refused:
        if look.view is None or look.query.given - {"saved"}:
            raise
        plain = replace(look, query=Query(saved=look.query.saved, base=look.query.base))
        fault = " ".join(map(request.say, refused.reasons))
        return plain, *_all_asked(ctx, entity, plain.query, request.locale_name), fault


def _all_asked(ctx: Ctx, entity: Entity, query: Query, language: str) -> tuple[Ask, list[Shown]]:
    field_of(ctx, entity, query)
    ways.chosen(ctx, entity, query)
    return _asked(ctx, entity, query), columns(ctx, entity, language, query.columns)


def _asked(ctx: Ctx, entity: Entity, query: Query) -> Ask:
    wanted: dict[str, Any] = {"filter": query.filter, "text": query.q, "sort": query.sort or None}
    return ask(ctx.rights, entity, **wanted, cursor=query.cursor or None)


def _peek(request: Request, ctx: Ctx, entity: Entity, query: Query, path: str, ids: Sequence[int]) -> Peek | None:
    """The record beside the list; None of one that is not there."""
    asked = number(query.preview)
    if asked is None:
        return None
    try:
        found = peek(request, ctx, entity, asked)
    except (NotFound, Merged):
        return None
    if found.id not in ids:
        return found
    at = ids.index(found.id)
    before, after = (
        query.url(path, open=query.open, cursor=query.cursor, preview=str(ids[to])) if 0 <= to < len(ids) else ""
        for to in (at - 1, at + 1)
    )
    return replace(found, before=before, after=after)


def _chips(request: Request, ctx: Ctx, entity: Entity, query: Query, path: str, show: Display) -> list[Chip]:
    """The parts of the condition beside the states, in words."""
    codes, rest = split(query.filter)
    if rest is None:
        return []
    wording = Wording(request, ctx, entity, show)
    return wording.chips(parts_of(rest), lambda others: join(codes, all_of(others)), query, path)


def _first_key(entity: Entity, sort: str) -> str:
    """The title of what the list is sorted by first."""
    return meta_or_field(entity, next(iter(sort_keys(sort)))).title
