"""A cell of a list, edited in place: the field's own form, and the row as it is after it."""

from __future__ import annotations

from pyramid.request import Request
from pyramid.response import Response

from core.errors import BadRequest, NotFound
from core.http.paths import collection
from core.services import records
from core.services.work import Ctx
from core.web.forms import single
from core.web.lists.columns import columns, heads
from core.web.lists.many import offers
from core.web.lists.rows import rows
from core.web.lists.saved import looked
from core.web.record import name_of
from core.web.templating import page
from core.web.toast import Toast
from core.web.undo import offer
from plugins import Entity


def save(entity: Entity, request: Request) -> Response:
    """POST, to the field's address with the list's own query: the row, and a toast with Undo, as a fragment."""
    ctx: Ctx = request.ctx
    record = single.stored(entity, request)
    query = looked(request, ctx, entity).query
    try:
        shown = columns(ctx, entity, request.locale_name, query.columns)
    except BadRequest:  # the view asks for what is not there any more
        shown = columns(ctx, entity, request.locale_name)
    try:
        record = records.find(ctx, entity, record.id)
    except NotFound:  # it was given away
        found = []
    else:
        found = [record]
    path = collection(entity.key)
    return page(
        request,
        "list/changed",
        entity=entity,
        peek_url=query.url(path, cursor=query.cursor, preview="0")[:-1],
        heads=heads(ctx, entity, shown, query, path),
        offers=offers(ctx, entity),
        rows=rows(request, ctx, entity, found, shown),
        toast=Toast("saved", name_of(request, ctx, entity, record), offer(ctx)),
    )
