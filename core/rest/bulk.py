"""Many rows in one call, a result for each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from pyramid.request import Request
from pyramid.response import Response

from core.entities.mapping import MATCHABLE
from core.errors import BadRequest
from core.http.paths import by_path
from core.i18n import _, suggestion
from core.rest.body import MOST_KEYS, allow, json_object, query
from core.rest.problems import facts
from core.rest.reply import as_json
from core.rest.routes import Route
from core.rest.spec import WRITES, Json, Spec, done, things
from core.security.catalog import Catalog
from core.services import bulk
from plugins import Entity

MOST = 1000


def routes(catalog: Catalog) -> Iterable[Route]:
    for path, entity in by_path(catalog).items():
        if entity.rules.closed:
            continue
        many = f"{path}/bulk"
        yield Route("bulk", many, view, partial(_described, entity, many), entity)


def _described(entity: Entity, path: str, spec: Spec) -> Json:
    envelope = {
        "type": "object",
        "required": ["rows"],
        "properties": {
            "rows": {"type": "array", "items": spec.new(entity) | {"required": []}, "maxItems": MOST},
            "match": {"enum": [bulk.ID, *_matchable(entity), None], "description": "the field that tells records"},
        },
        "additionalProperties": False,
    }
    result = {
        "type": "object",
        "required": ["index", "status", "id", "errors"],
        "properties": {
            "index": {"type": "integer"},
            "status": {"enum": [200, 201, 403, 404, 409, 422]},
            "id": {"type": ["integer", "null"]},
            "errors": {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}},
            "code": {"type": "string"},
            "detail": {"type": "string"},
        },
    }
    answer = things({"rows": {"type": "array", "items": result}})
    call = spec.call(entity.plural, {"200": done(answer)}, tag=entity.key, body=envelope, refusals=WRITES)
    return {path: {"post": call}}


def view(entity: Entity, request: Request) -> Response:
    """POST stores rows; what is wrong with one stands in its result."""
    allow(request, "POST")
    query(request, ())
    rows, match = _envelope(entity, json_object(request))
    results = bulk.store(request.ctx, entity, rows, match)
    return as_json({"rows": [_told(index, result, request.say) for index, result in enumerate(results)]})


def _told(index: int, result: bulk.Result, say: Callable[[str], str]) -> dict[str, Any]:
    told: dict[str, Any] = {"index": index, "status": result.status, "id": result.id, "errors": {}}
    return told if result.refusal is None else told | facts(result.refusal, say)


def _envelope(entity: Entity, document: Mapping[str, Any]) -> tuple[list[Mapping[str, Any]], str | None]:
    """The rows and the field to match by. BadRequest for anything else."""
    rows, match = document.get("rows"), document.get("match")
    wrong: dict[str, list[str]] = {}
    for name in document.keys() - {"rows", "match"}:
        wrong[name[:80]] = [_("There is no such field.${hint}", mapping={"hint": suggestion(name, ("rows", "match"))})]
    if not isinstance(rows, list) or len(rows) > MOST:
        wrong["rows"] = [_("Give a list of at most ${n} rows.", mapping={"n": MOST})]
    else:
        crooked = (at for at, row in enumerate(rows) if not isinstance(row, dict) or len(row) > MOST_KEYS)
        if (at := next(crooked, None)) is not None:
            wrong[f"rows[{at}]"] = [_("Send a JSON object of at most ${n} fields.", mapping={"n": MOST_KEYS})]
    known = (bulk.ID, *_matchable(entity))
    if match is not None and match not in known:
        hint = suggestion(match, known) if isinstance(match, str) else ""
        wrong["match"] = [_("Records cannot be matched by this field.${hint}", mapping={"hint": hint})]
    if wrong:
        raise BadRequest(_("Send an object with a list “rows” and, if you like, a field “match”."), errors=wrong)
    return rows or [], match


def _matchable(entity: Entity) -> list[str]:
    return [field.name for field in entity.fields if field.type.kind in MATCHABLE and not field.read_only]
