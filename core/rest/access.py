"""Why somebody may or may not do something with a record."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from pyramid.request import Request
from pyramid.response import Response

from core.db.base import AttachedTo
from core.http.paths import by_path
from core.rest.body import allow, query, record_id
from core.rest.reply import as_json
from core.rest.routes import Route
from core.rest.spec import ID, REFERS, Json, Spec, done, parameter, things
from core.security.catalog import Catalog
from core.services import access, records
from plugins import Entity

USER = parameter("user", {"type": "string"}, "login of the user it is about; oneself without")


def routes(catalog: Catalog) -> Iterable[Route]:
    for path, entity in by_path(catalog).items():
        if not issubclass(entity.model, AttachedTo):  # what hangs on a record follows it
            one = f"{path}/{{id}}/access"
            yield Route("access", one, view, partial(_described, entity, one), entity)


def _described(entity: Entity, path: str, spec: Spec) -> Json:
    step = {
        "type": "object",
        "required": ["kind", "text"],
        "properties": {"kind": {"type": "string"}, "text": {"type": "string"}},
    }
    steps = {"type": "array", "items": step}
    verdict = things(
        {
            "action": {"type": "string"},
            "allowed": {"type": "boolean"},
            "because": steps,
            "change": {"oneOf": [steps, {"type": "null"}]},
        }
    )
    answer = things({"user": REFERS, "actions": {"type": "array", "items": verdict}})
    call = spec.call(
        entity.title, {"200": done(answer)}, tag=entity.key, parameters=[ID, USER], refusals=("400", "403", "404")
    )
    return {path: {"get": call}}


def view(entity: Entity, request: Request) -> Response:
    """GET explains what a user may do with the record."""
    allow(request, "GET")
    login = query(request, {"user": USER}).get("user")
    record = records.find(request.ctx, entity, record_id(request))
    found = access.explain(request.ctx, entity, record, login, language=request.locale_name)
    return as_json(_spoken(found, request.say))


def _spoken(value: Any, say: Callable[[str], str]) -> Any:
    """The document with each `text` in the reply's language."""
    if isinstance(value, dict):
        return {name: say(one) if name == "text" else _spoken(one, say) for name, one in value.items()}
    return [_spoken(one, say) for one in value] if isinstance(value, list) else value
