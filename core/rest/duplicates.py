"""Whether a customer is there already, asked before one is entered (M58)."""

from __future__ import annotations

from collections.abc import Iterable

from pyramid.request import Request
from pyramid.response import Response

from core.errors import Forbidden, Invalid
from core.http.paths import collection as path_of
from core.i18n import _, suggestion
from core.rest.body import allow, json_object, query
from core.rest.reply import as_json
from core.rest.routes import Route
from core.rest.spec import WRITES, Json, Spec, done, things
from core.security.catalog import Catalog
from core.security.judge import refusal
from core.services import duplicates
from core.services.intake import Intake
from plugins import Entity

KEY = "core.customer"
ASKED = ("name", "phone", "tax_no", "email")


def routes(catalog: Catalog) -> Iterable[Route]:
    yield Route("duplicates", f"{path_of(KEY)}/check-duplicates", view, _described, catalog[KEY])


def _described(spec: Spec) -> Json:
    text = {"type": ["string", "null"]}
    hit = {
        "type": "object",
        "required": ["level", "by"],
        "properties": {
            "level": {"enum": list(duplicates.LEVELS)},
            "by": {"enum": [*ASKED]},
            "id": {"type": "integer"},
            "label": text,
            "key": text,
            "hidden": {"const": True},
            "unit": text,
            "owner": text,
        },
    }
    body = {"type": "object", "properties": dict.fromkeys(ASKED, text), "additionalProperties": False}
    answer = done(things({"items": {"type": "array", "items": hit}}))
    call = spec.call("Duplicates", {"200": answer}, tag=KEY, body=body, refusals=(*WRITES, "429"))
    return {f"{path_of(KEY)}/check-duplicates": {"post": call}}


def view(entity: Entity, request: Request) -> Response:
    """POST: the customers that are like the one described, the surest first."""
    allow(request, "POST")
    query(request, ())
    sent, ctx = json_object(request), request.ctx
    if not ctx.rights.may_ever(entity, "create"):
        raise Forbidden(refusal("create"))
    asked = tuple(field for field in entity.fields if field.name in ASKED)
    taken = Intake(ctx, entity).parse({name: value for name, value in sent.items() if name in ASKED})
    for name in sent.keys() - {field.name for field in asked}:
        taken.wrong(name, _("There is no such field.${hint}", mapping={"hint": suggestion(name[:80], ASKED)}))
    if taken.errors:
        raise Invalid(errors=taken.errors)
    return as_json({"items": duplicates.check(ctx, taken.values)})
