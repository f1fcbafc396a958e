"""Whether a record is there already, asked before one is entered (M58)."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from pyramid.request import Request
from pyramid.response import Response

from core.errors import Forbidden, Invalid
from core.http.paths import by_path
from core.i18n import _, suggestion
from core.rest.body import allow, json_object, query
from core.rest.reply import as_json
from core.rest.routes import Route
from core.rest.spec import WRITES, Json, Spec, done, things
from core.security.catalog import Catalog
from core.security.judge import refusal
from core.services.duplicates import LEVELS
from core.services.intake import Intake
from plugins import Entity


def routes(catalog: Catalog) -> Iterable[Route]:
    for path, entity in by_path(catalog).items():
        if entity.rules.alike_by:
            address = f"{path}/check-duplicates"
            yield Route("duplicates", address, view, partial(_described, entity, address), entity)


def _described(entity: Entity, path: str, spec: Spec) -> Json:
    text = {"type": ["string", "null"]}
    asked = entity.rules.alike_by
    hit = {
        "type": "object",
        "required": ["level", "by"],
        "properties": {
            "level": {"enum": [*LEVELS]},
            "by": {"enum": [*asked]},
            "id": {"type": "integer"},
            "label": text,
            "key": text,
            "hidden": {"const": True},
            "unit": text,
            "since": {"type": "string", "format": "date"},
            "owner": text,
        },
    }
    body = {"type": "object", "properties": dict.fromkeys(asked, text), "additionalProperties": False}
    answer = done(things({"items": {"type": "array", "items": hit}}))
    call = spec.call("Duplicates", {"200": answer}, tag=entity.key, body=body, refusals=(*WRITES, "429"))
    return {path: {"post": call}}


def view(entity: Entity, request: Request) -> Response:
    """POST: the records that are like the one described, the surest first."""
    allow(request, "POST")
    query(request, ())
    sent, ctx, asked = json_object(request), request.ctx, entity.rules.alike_by
    if not ctx.rights.may_ever(entity, "create"):
        raise Forbidden(refusal("create"))
    taken = Intake(ctx, entity).parse({name: value for name, value in sent.items() if name in asked})
    for name in sent.keys() - set(asked):
        taken.wrong(name, _("There is no such field.${hint}", mapping={"hint": suggestion(name[:80], asked)}))
    if taken.errors:
        raise Invalid(errors=taken.errors)
    return as_json({"items": list(entity.rules.alike(ctx, taken.values))})
