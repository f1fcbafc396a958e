"""Who one is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import colander
from pyramid.request import Request
from pyramid.response import Response

from core.entities.schema import problems, schema_of
from core.errors import Invalid
from core.fields import Text
from core.i18n import _
from core.rest.body import allow, json_object, query
from core.rest.reply import as_json
from core.rest.routes import Route
from core.rest.spec import REFERS, Spec, done, things
from core.security.catalog import Catalog
from core.services import people, users
from plugins import Field


def routes(catalog: Catalog) -> Iterable[Route]:
    yield Route("me", "/me", view, _described)
    # The body holds passwords: not even a hash of it is kept.
    yield Route("me.password", "/me/password", password, _described_password, repeats=False)


PASSWORDS = tuple(
    Field(name, Text(200, strip=False), title, required=True)
    for name, title in (("old", _("Old password")), ("new", _("New password")))
)


def _described_password(spec: Spec) -> dict[str, Any]:
    call = spec.call(
        _("Set password"),
        {"204": {"description": "changed; all sessions have ended"}},
        tag="me",
        body=spec.arguments(PASSWORDS, versioned=False),
        refusals=("400", "403", "413", "415", "422"),
    )
    return {"/me/password": {"post": call}}


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


def password(context: Any, request: Request) -> Response:
    """POST `{"old", "new"}`: a new password of one's own. Wrong ones count as failed logins do."""
    allow(request, "POST")
    query(request, ())
    document = json_object(request)
    request.limits.logins.check(request.remote_addr)
    try:
        sent = schema_of(PASSWORDS).deserialize(document)
    except colander.Invalid as invalid:
        raise Invalid(errors=problems(invalid)) from None
    try:
        users.change_own_password(request.ctx, sent["old"], sent["new"])
    except Invalid as invalid:
        if "old" in invalid.errors:
            request.limits.logins.count(request.remote_addr)
        raise
    return Response(status=204)
