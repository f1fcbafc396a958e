"""The page of a list."""

from __future__ import annotations

from pyramid.request import Request
from pyramid.response import Response

from core.entities.finding import may_search
from core.entities.listing import ask
from core.errors import NotFound
from core.http.paths import collection
from core.services import records
from core.services.work import Ctx
from core.web.facets import facets, split
from core.web.frame import frame, is_written, may_visit
from core.web.lists.columns import columns, heads
from core.web.lists.rows import rows
from core.web.query import read
from core.web.templating import page
from plugins import Entity


def view(entity: Entity, request: Request) -> Response:
    """GET. Three statements: the page, the count, the labels; one more for each column of a plugin."""
    ctx: Ctx = request.ctx
    if not may_visit(ctx, entity):
        raise NotFound
    query, path = read(request), collection(entity.key)
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
    fields = columns(ctx, entity, request.locale_name)
    added = [column for column in ctx.kernel.columns.values() if column.entity == entity.key]
    return page(
        request,
        "list",
        frame=frame(request, ctx, entity),
        entity=entity,
        path=path,
        query=query,
        heads=heads(ctx, entity, fields, added, query, path),
        rows=rows(request, ctx, entity, found.records, fields, added),
        total=found.total,
        next_url=query.url(path, cursor=found.next) if found.next else None,
        facets=facets(entity, ctx.rights, query, path),
        searchable=any(may_search(ctx.rights, entity, field) for field in entity.fields if field.searchable),
        narrowed=split(query.filter)[1] is not None,
        may_create=ctx.rights.may_ever(entity, "create") and is_written(entity),
    )
