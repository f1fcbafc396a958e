"""Changes by their Change-Id: which there are, what they did, and undo."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import chain
from typing import Any
from uuid import uuid4

from pyramid.request import Request
from pyramid.response import Response

from core.entities.past import Past, PastReader
from core.entities.reader import RESTRICTED, USER, Reader
from core.errors import Forbidden, NotFound
from core.fields import INT_MAX
from core.http.work import step_out
from core.i18n import _
from core.rest.body import allow, json_object, query, wrong
from core.rest.history import HEAD, LINE, NEXT, PAGING, WORDS, head, paging, stamp
from core.rest.problems import facts
from core.rest.reply import as_json, reader
from core.rest.routes import Route
from core.rest.spec import REFERS, Json, Spec, done, parameter, things
from core.security.catalog import Catalog
from core.security.judge import READ_ONLY
from core.services import history, undo
from core.services.chunks import stored
from core.services.history import Deed
from core.services.trail import Entry
from core.services.undo import Failure, InTheWay, UndoConflict
from core.services.work import Work

TAG = "changes"
MOST_AT_ONCE = 20  # transactions that one request sets back
_UUID = re.compile("[0-9a-f-]{36}")
_RECORD = re.compile(r"([a-z0-9_]{1,32}\.[a-z0-9_]{1,32})/([1-9][0-9]{0,9})", re.ASCII)
_LISTED = PAGING | {
    "record": parameter("record", {"type": "string"}, "such as core.customer/12"),
    "actor": parameter("actor", {"type": "string"}, "a login or an id"),
}


def routes(catalog: Catalog) -> Iterable[Route]:
    yield Route("changes", "/changes", listing, _describe_listing)
    yield Route("change", "/changes/{change}", one, _describe_one)
    yield Route("change.undo", "/changes/{change}/undo", take_back, _describe_undo)


# --- reading -----------------------------------------------------------------------------------------

_DEED: Json = {
    **HEAD,
    "undoes": WORDS,
    "transactions": {"type": "integer"},
    "did": {
        "type": "array",
        "items": things({"entity": {"type": "string"}, "action": {"type": "string"}, "records": {"type": "integer"}}),
    },
}
_ID: Json = {"name": "change", "in": "path", "required": True, "schema": {"type": "string", "format": "uuid"}}


def _describe_listing(spec: Spec) -> Json:
    page = things({"items": {"type": "array", "items": things(_DEED)}, "next": NEXT})
    call = spec.call(_("Changes"), {"200": done(page)}, tag=TAG, parameters=[*_LISTED.values()])
    return {"/changes": {"get": call}}


def listing(context: Any, request: Request) -> Response:
    """GET: one's own changes, newest first; all of them for who reads the audit trail."""
    allow(request, "GET")
    parameters = query(request, _LISTED)
    limit, before = paging(parameters)
    found, more = history.deeds(
        request.ctx, limit, before, actor_id=_actor(request, parameters), record=_record(parameters.get("record"))
    )
    return as_json({"items": _deeds(reader(request), found, request), "next": str(found[-1].number) if more else None})


def _actor(request: Request, parameters: dict[str, str]) -> int | None:
    """The id of an actor; 0, which nobody has, for a login that nobody has."""
    text = parameters.get("actor")
    if text is None:
        return None
    if text.isascii() and text.isdigit():
        return min(int(text[:11]), INT_MAX)
    return history.user_id(request.ctx, text) or 0


def _record(text: str | None) -> tuple[str, int] | None:
    if text is None:
        return None
    match = _RECORD.fullmatch(text)
    if match is None:
        wrong("record", _("Give an entity and an id, such as core.customer/12."))
    return match[1], min(int(match[2]), INT_MAX)


def _deeds(look: Reader, found: list[Deed], request: Request) -> list[Json]:
    look.look_up((USER, deed.actor_id) for deed in found)
    return [
        {
            **head(deed, deed.on_behalf, deed.reason, look, request),
            "undoes": deed.undoes,
            "transactions": deed.transactions,
            "did": [{"entity": key, "action": action, "records": number} for key, action, number in deed.did],
        }
        for deed in found
    ]


def _describe_one(spec: Spec) -> Json:
    entry = things(
        {
            "entity": {"type": "string"},
            "action": {"type": "string"},
            "record": {"oneOf": [REFERS, {"type": "null"}]},
            "changes": {"type": "array", "items": LINE},
        }
    )
    full = things({**_DEED, "address": WORDS, "entries": {"type": "array", "items": entry}, "next": NEXT})
    asked = [_ID, *PAGING.values()]
    call = spec.call(_("Change"), {"200": done(full)}, tag=TAG, parameters=asked, refusals=("400", "404"))
    return {"/changes/{change}": {"get": call}}


def one(context: Any, request: Request) -> Response:
    """GET: one change with what it did to each record, a page at a time."""
    allow(request, "GET")
    limit, after = paging(query(request, PAGING))
    deed = history.deed(request.ctx, _batch(request))
    rows, more = history.entries(request.ctx, deed.batch, limit, after)
    look = reader(request)
    lines = PastReader(look).read([Past(row.entity, row.record_id, row.changes) for row in rows])
    look.look_up((row.entity, row.record_id) for row in rows)
    entries = [
        {
            "entity": row.entity,
            "action": row.action,
            "record": look.reference(row.entity, row.record_id),
            "changes": shown,
        }
        for row, shown in zip(rows, lines, strict=True)
    ]
    following = str(rows[-1].id) if more else None
    return as_json({**_deeds(look, [deed], request)[0], "address": deed.address, "entries": entries, "next": following})


def _batch(request: Request) -> str:
    text: str = request.matchdict["change"]
    if not _UUID.fullmatch(text):
        raise NotFound
    return text


# --- undo --------------------------------------------------------------------------------------------


def _describe_undo(spec: Spec) -> Json:
    failure = {
        "type": "object",
        "required": ["entity", "record"],
        "properties": {
            "entity": {"type": "string"},
            "record": {"type": "integer"},
            "code": {"type": "string"},
            "detail": {"type": "string"},
        },
    }
    answer = things(
        {
            "change": {"type": "string"},
            "records": {"type": "integer"},
            "failed": {"type": "array", "items": failure},
            "next": NEXT,
        }
    )
    body = {"type": "object", "properties": {"cursor": NEXT}, "additionalProperties": False}
    call = spec.call(
        _("Undo"),
        {"200": done(answer)},
        tag=TAG,
        parameters=[_ID],
        body=body,
        optional=True,
        refusals=("400", "403", "404", "409", "413", "415"),
    )
    return {"/changes/{change}/undo": {"post": call}}


def take_back(context: Any, request: Request) -> Response:
    """POST: set a change back. One transaction as a whole; of a batch what can be, the newest first, a part
    at a time: `next` is the cursor to go on with.
    """
    allow(request, "POST")
    query(request, ())
    before = _cursor(json_object(request, optional=True))
    batch, ctx = _batch(request), request.ctx
    changes = undo.transactions(ctx, batch, before)
    if not changes:
        raise NotFound
    if ctx.identity.read_only:
        raise Forbidden(READ_ONLY)
    if len(changes) > 1 or changes[0][1] != batch:
        changes = undo.in_sight(ctx, changes, MOST_AT_ONCE + 1)
        if not changes:
            raise NotFound
        return _take_batch_back(request, changes)
    try:
        records = undo.undo(ctx, batch)
    except UndoConflict as conflict:
        conflict.conflicts = _conflicts(reader(request), conflict.in_the_way)
        raise
    return as_json({"change": ctx.journal.batch, "records": records, "failed": [], "next": None})


def _cursor(document: Json) -> int | None:
    text = document.pop("cursor", None)
    if document or not (text is None or (isinstance(text, str) and re.fullmatch("[0-9]{1,10}", text, re.ASCII))):
        wrong("cursor", _("Send only a cursor that an undo has answered with."))
    return None if text is None else min(int(text), INT_MAX)


def _take_batch_back(request: Request, changes: list[tuple[int, str]]) -> Response:
    identity, kernel, batch = request.ctx.identity, request.kernel, str(uuid4())
    step_out(request)
    records, failures = 0, list[Failure]()
    for _number, uuid in changes[:MOST_AT_ONCE]:

        def task(work: Work, uuid: str = uuid) -> undo.Outcome:
            ctx = work.act_as(identity)
            ctx.journal.batch = batch
            return undo.undo_what_can_be(ctx, uuid)

        outcome = stored(kernel, task)
        records += outcome.records
        failures += outcome.failures
    failed = [_failure(one, request) for one in failures]
    left = str(changes[MOST_AT_ONCE - 1][0]) if len(changes) > MOST_AT_ONCE else None
    response = as_json({"change": batch, "records": records, "failed": failed, "next": left})
    response.headers["Change-Id"] = batch
    return response


def _failure(failure: Failure, request: Request) -> Json:
    return {"entity": failure.entity, "record": failure.record_id, **facts(failure.error, request.say)}


def _conflicts(look: Reader, in_the_way: Iterable[InTheWay]) -> list[Json]:
    """What was done later, as the reader may see it."""
    found = list(in_the_way)
    pasts = [
        Past(one.entity.key, one.record_id, [line for line in one.later.lines if line["field"] in one.fields])
        if one.later
        else Past(one.entity.key, one.record_id, [{"field": name, "old": None, "new": None} for name in one.fields])
        for one in found
    ]
    lines = PastReader(look).read(pasts)
    people = ((USER, one.later.actor_id) for one in found if one.later)
    look.look_up(chain(people, ((one.entity.key, one.record_id) for one in found)))
    return [
        {
            "entity": one.entity.key,
            "record": look.reference(one.entity.key, one.record_id) or dict(RESTRICTED),
            "fields": [line["field"] for line in shown],
            "changes": shown if one.later else [],
            "change": one.later.batch if one.later else None,
            **_whodunit(look, one.later),
        }
        for one, shown in zip(found, lines, strict=True)
    ]


def _whodunit(look: Reader, later: Entry | None) -> Json:
    if later is None:
        return {"at": None, "actor": None, "door": None}
    return stamp(look, later.happened_at, later.actor_id, later.door)
