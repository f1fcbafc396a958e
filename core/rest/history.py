"""What became of a record."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

from pyramid.request import Request
from pyramid.response import Response

from core.entities.listing import LIMIT, MOST
from core.entities.past import Past, PastReader
from core.entities.reader import USER, Reader
from core.fields import INT_MAX, Moment
from core.http.paths import by_path
from core.i18n import _
from core.rest.body import allow, query, record_id, whole_number, wrong
from core.rest.reply import as_json, reader
from core.rest.routes import Route
from core.rest.spec import ID, MOMENT, REFERS, Json, Spec, done, parameter, things
from core.security.catalog import Catalog
from core.services import history
from core.services.history import Deed, Fact
from core.services.trail import Entry
from plugins import Entity

PAGING = {
    "limit": parameter("limit", {"type": "integer", "minimum": 1, "maximum": MOST}),
    "cursor": parameter("cursor", {"type": "string"}, "`next` of the page before"),
}
NEXT: Json = {"type": ["string", "null"]}
WORDS: Json = {"type": ["string", "null"]}
LINE: Json = things({"field": {"type": "string"}, "old": {}, "new": {}})
HEAD: Json = {
    "change": {"type": "string"},
    "at": MOMENT,
    "actor": {"oneOf": [REFERS, {"type": "null"}]},
    "door": {"type": "string"},
    "on_behalf": WORDS,
    "reason": WORDS,
}
_AT = Moment()


def routes(catalog: Catalog) -> Iterable[Route]:
    for path, entity in by_path(catalog).items():
        past = f"{path}/{{id}}/history"
        yield Route("history", past, view, partial(_described, entity, past), entity)


def _described(entity: Entity, path: str, spec: Spec) -> Json:
    possible = {"possible": {"type": "boolean"}, "reason": WORDS}
    undo = {"type": "object", "required": ["possible"], "properties": possible}
    fact = things(
        {
            **HEAD,
            "action": {"type": "string"},
            "changes": {"type": "array", "items": LINE},
            "batch": {"type": "boolean"},
            "undo": undo,
        }
    )
    page = things({"items": {"type": "array", "items": fact}, "next": NEXT})
    answers, asked = {"200": done(page)}, [ID, *PAGING.values()]
    return {path: {"get": spec.call(entity.title, answers, tag=entity.key, parameters=asked, refusals=("400", "404"))}}


def view(entity: Entity, request: Request) -> Response:
    """GET: the record's changes, newest first."""
    allow(request, "GET")
    limit, before = paging(query(request, PAGING))
    facts, more = history.history(request.ctx, entity, record_id(request), limit, before)
    items = _documents(facts, reader(request), request)
    return as_json({"items": items, "next": str(facts[-1].entry.id) if more else None})


def paging(parameters: dict[str, str]) -> tuple[int, int | None]:
    """Limit, and the key of the record that the page comes after."""
    limit = whole_number("limit", parameters["limit"]) if "limit" in parameters else LIMIT
    if not 1 <= limit <= MOST:
        wrong("limit", _("Give a number from 1 to ${most}.", mapping={"most": MOST}))
    text = parameters.get("cursor")
    if text is not None and not (text.isascii() and text.isdigit() and int(text[:11]) <= INT_MAX):
        wrong("cursor", _("This cursor is not from this list. Start without one."))
    return limit, None if text is None else int(text)


def _documents(facts: list[Fact], look: Reader, request: Request) -> list[Json]:
    pasts = [Past(fact.entry.entity, fact.entry.record_id, fact.entry.lines) for fact in facts]
    lines = PastReader(look).read(pasts)
    look.look_up((USER, fact.entry.actor_id) for fact in facts)
    return [
        {
            **head(fact.entry, fact.on_behalf, fact.reason, look, request),
            "action": fact.entry.action,
            "changes": shown,
            "batch": fact.entry.uuid != fact.entry.batch,
            "undo": {"possible": True}
            if fact.why_not is None
            else {"possible": False, "reason": request.say(fact.why_not)},
        }
        for fact, shown in zip(facts, lines, strict=True)
    ]


def head(done: Entry | Deed, on_behalf: str | None, reason: str | None, look: Reader, request: Request) -> Json:
    """What begins the account of a change. The trail keeps the reasons of elevated work in English."""
    return {
        "change": done.batch,
        **stamp(look, done.happened_at, done.actor_id, done.door),
        "on_behalf": on_behalf,
        "reason": reason and "; ".join(request.say(_(one)) for one in reason.split("; ")),
    }


def stamp(look: Reader, moment: Any, actor_id: int | None, door: str) -> Json:
    """When, who and through which door; the actor's label must have been looked up."""
    return {"at": _AT.to_json(moment), "actor": look.reference(USER, actor_id), "door": door}
