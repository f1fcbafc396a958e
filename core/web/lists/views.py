"""The page of a list."""

from __future__ import annotations

from pyramid.request import Request
from pyramid.response import Response

from core.entities.finding import may_search
from core.entities.listing import ask
from core.errors import NotFound
from core.http.paths import collection
from core.services import records
from core.services.imports import may_import
from core.services.work import Ctx
from core.web.facets import facets, split
from core.web.frame import frame, is_written, may_visit
from core.web.lists.columns import available, columns, heads, sort_keys
from core.web.lists.rows import rows
from core.web.query import read
from core.web.templating import page
from core.web.values import meta_or_field
from plugins import Entity


def view(entity: Entity, request: Request) -> Response:
    """GET. Three statements: the page, the count, the labels; one more for each column of a plugin."""
    ctx: Ctx = request.ctx
    if not may_visit(ctx, entity):
        raise NotFound
    query, path = read(request), collection(entity.key)
    shown = columns(ctx, entity, request.locale_name, query.columns)
    wanted = ask(
        ctx.rights,
        entity,
        filter=query.filter,
        text=query.q,
        sort=query.sort or None,
        cursor=query.cursor or None,
        count=True,
    )
    found = records.listing(ctx, wanted)
    return page(
        request,
        "list",
        frame=frame(request, ctx, entity),
        entity=entity,
        path=path,
        query=query,
        heads=heads(ctx, entity, shown, query, path),
        columns_of=len(available(ctx, entity)),
        sorted_by=_first_key(entity, query.sort or entity.sort),
        rows=rows(request, ctx, entity, found.records, shown),
        total=found.total,
        next_url=query.url(path, cursor=found.next) if found.next else None,
        facets=facets(entity, ctx.rights, query, path),
        searchable=any(may_search(ctx.rights, entity, field) for field in entity.fields if field.searchable),
        narrowed=split(query.filter)[1] is not None,
        may_import=may_import(ctx, entity),
        may_create=ctx.rights.may_ever(entity, "create") and is_written(entity),
    )


def _first_key(entity: Entity, sort: str) -> str:
    """The title of what the list is sorted by first."""
    return meta_or_field(entity, next(iter(sort_keys(sort)))).title
