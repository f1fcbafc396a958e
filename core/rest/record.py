"""One record: read, change, delete, and its verbs."""

from __future__ import annotations

from pyramid.request import Request
from pyramid.response import Response

from core.errors import NotFound, Stale
from core.rest.body import allow, json_object, query, record_id, version
from core.rest.reply import as_json, one, reader
from core.services import records
from plugins import Entity


def view(entity: Entity, request: Request) -> Response:
    """GET reads, PATCH changes what is sent, DELETE moves to the recycle bin."""
    method = allow(request, "GET", "PATCH", "DELETE")
    query(request, ())
    if method == "GET":
        return one(request, entity, records.find(request.ctx, entity, record_id(request)))
    document = json_object(request, optional=method == "DELETE")
    read = version(request, document)
    try:
        if method == "PATCH":
            return one(request, entity, records.change(request.ctx, entity, record_id(request), document, read))
        records.delete(request.ctx, entity, record_id(request), read)
    except Stale as stale:
        raise _with_current(request, entity, stale) from None
    return Response(status=204)


def act(entity: Entity, request: Request) -> Response:
    """POST does a verb; the answer is the record as it now is, or the verb's own document."""
    allow(request, "POST")
    query(request, ())
    document = json_object(request, optional=True)
    read = version(request, document)
    document.pop("version", None)
    verb = next((verb for verb in entity.verbs if verb.name == request.matchdict["verb"]), None)
    if verb is None:
        raise NotFound
    try:
        record, answer = records.act(request.ctx, entity, record_id(request), verb, document, read)
    except Stale as stale:
        raise _with_current(request, entity, stale) from None
    return one(request, entity, record) if answer is None else as_json(answer)


def _with_current(request: Request, entity: Entity, stale: Stale) -> Stale:
    stale.current = reader(request).document(entity, stale.record)
    return stale
