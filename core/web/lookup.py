"""Suggestions for a reference field while somebody types in it."""

from __future__ import annotations

from pyramid.request import Request
from pyramid.response import Response

from core.entities.listing import ask
from core.errors import NotFound
from core.services import records
from core.services.work import Ctx
from core.web.frame import may_visit
from core.web.query import read
from core.web.record import label_name
from plugins import Entity

MOST = 20


def view(entity: Entity, request: Request) -> Response:
    """GET `?q=`: keys and labels of the first records that fit, as JSON."""
    ctx: Ctx = request.ctx
    if not may_visit(ctx, entity):
        raise NotFound
    found = records.listing(ctx, ask(ctx.rights, entity, text=read(request).q, limit=MOST)).records
    look = records.reader(ctx, request.locale_name)
    label = label_name(entity, request.locale_name)
    documents = look.documents(entity, found, [entity.natural_key, label])
    lines = [{"key": one.get(entity.natural_key), "label": one.get(label)} for one in documents]
    return Response(json_body=[line for line in lines if line["key"] is not None])
