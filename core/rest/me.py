"""Who one is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pyramid.request import Request
from pyramid.response import Response

from core.rest.body import allow, query
from core.rest.reply import as_json
from core.rest.routes import Route
from core.rest.spec import REFERS, Spec, done, things
from core.security.catalog import Catalog
from core.services import people


def routes(catalog: Catalog) -> Iterable[Route]:
    yield Route("me", "/me", view, _described)


def _described(spec: Spec) -> dict[str, Any]:
    text, number = {"type": "string"}, {"type": "integer"}
    me = {
        "id": number,
        "login": text,
        "name": text,
        "email": {"type": ["string", "null"]},
        "unit": REFERS,
        "roles": {"type": "array", "items": REFERS},
        "language": {"type": ["string", "null"]},
        "time_zone": {"type": ["string", "null"]},
        "clearance": number,
        "read_only": {"type": "boolean"},
        "actions": {"type": "object", "additionalProperties": {"type": "array", "items": text}},
    }
    return {"/me": {"get": spec.call("Who one is", {"200": done(things(me))}, tag="me")}}


def view(context: Any, request: Request) -> Response:
    """GET: the acting user, his unit and roles, and what he may do with each entity."""
    allow(request, "GET")
    query(request, ())
    return as_json(people.me(request.ctx, request.locale_name))
