"""One record: read, change, delete, and its verbs."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from pyramid.request import Request
from pyramid.response import Response

from core.errors import NotFound, Stale
from core.http.paths import by_path
from core.rest.body import allow, json_object, query, record_id, version
from core.rest.reply import as_json, one, reader
from core.rest.routes import Route
from core.rest.spec import CHANGES, ID, IF_MATCH, VERSION, Json, Spec, done
from core.security.catalog import Catalog, verb_of
from core.services import records
from plugins import Entity, Verb


def routes(catalog: Catalog) -> Iterable[Route]:
    for path, entity in by_path(catalog).items():
        one = f"{path}/{{id}}"
        yield Route("record", one, view, partial(_described, entity, one), entity)
        verbs = f"{one}/actions"
        yield Route("verb", f"{verbs}/{{verb}}", act, partial(_described_verbs, entity, verbs), entity)


def _described(entity: Entity, path: str, spec: Spec) -> Json:
    call = partial(spec.call, entity.title, tag=entity.key)
    record, versioned, changes = {"200": done(spec.record(entity))}, [ID, IF_MATCH], (*CHANGES, "428")
    version = {"type": "object", "properties": {"version": VERSION}}
    gone = {"204": {"description": "deleted"}}
    moved = {"308": {"description": "merged into another record"}} if hasattr(entity.model, "merged_into_id") else {}
    read = {"get": call({**record, **moved}, parameters=[ID], refusals=("400", "404"))}
    if entity.rules.closed:
        return {path: read}
    return {
        path: {
            **read,
            "patch": call(record, parameters=versioned, body=spec.change(entity), refusals=changes),
            "delete": call(gone, parameters=versioned, body=version, optional=True, refusals=changes),
        }
    }


def _described_verbs(entity: Entity, path: str, spec: Spec) -> Json:
    return {f"{path}/{verb.name}": {"post": _described_verb(entity, verb, spec)} for verb in entity.verbs}


def _described_verb(entity: Entity, verb: Verb, spec: Spec) -> Json:
    return spec.call(
        verb.title,
        {"200": done(spec.record(entity) if verb.answer is None else dict(verb.answer))},
        tag=entity.key,
        parameters=[ID, IF_MATCH],
        body=spec.arguments(verb.arguments),
        optional=not any(field.required for field in verb.arguments),
        refusals=CHANGES,
    )


def view(entity: Entity, request: Request) -> Response:
    """GET reads, PATCH changes what is sent, DELETE moves to the recycle bin."""
    method = allow(request, "GET", *(() if entity.rules.closed else ("PATCH", "DELETE")))
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
    verb = verb_of(entity, request.matchdict["verb"])
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
