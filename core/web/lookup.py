"""Suggestions for a reference field while somebody types in it."""

from __future__ import annotations

from pyramid.request import Request
from pyramid.response import Response

from core.entities.listing import ask
from core.errors import NotFound
from core.services import records
from core.services.work import Ctx
from core.web.facets import STATE, states
from core.web.frame import may_visit
from core.web.query import read
from core.web.record import label_name
from core.web.track import disc
from plugins import Entity

MOST = 20


def view(entity: Entity, request: Request) -> Response:
    """GET `?q=&filter=`: keys, labels and signs of the states of the first records that fit, as JSON."""
    ctx: Ctx = request.ctx
    if not may_visit(ctx, entity):
        raise NotFound
    query = read(request)
    wanted = ask(ctx.rights, entity, filter=query.filter, text=query.q, limit=MOST)
    found = records.listing(ctx, wanted).records
    look = records.reader(ctx, request.locale_name)
    label = label_name(entity, request.locale_name)
    kind = states(entity)
    documents = look.documents(entity, found, [entity.natural_key, label, *((STATE,) if kind.choices else ())])
    lines = [
        {
            "key": one.get(entity.natural_key),
            "label": one.get(label),
            "disc": disc(kind, one[STATE]) if one.get(STATE) in kind.choices else "",
        }
        for one in documents
    ]
    return Response(json_body=[line for line in lines if line["key"] is not None])
