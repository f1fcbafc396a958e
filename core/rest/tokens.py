"""API tokens: as other records, but that a new one's secret is shown, this once."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from pyramid.request import Request
from pyramid.response import Response

from core.http.paths import collection as path_of
from core.rest import collection
from core.rest.body import allow, json_object, query
from core.rest.reply import as_json, one, reader
from core.rest.routes import Route
from core.rest.spec import Json, Spec, done
from core.security.catalog import Catalog
from core.services import records
from plugins import Entity

KEY = "core.token"


def routes(catalog: Catalog) -> Iterable[Route]:
    entity, path = catalog[KEY], path_of(KEY)
    yield Route("tokens", path, view, partial(_described, entity, path), entity, repeats=False)


def _described(entity: Entity, path: str, spec: Spec) -> Json:
    described = collection.described(entity, path, spec)
    secret = {"type": "object", "required": ["secret"], "properties": {"secret": {"type": "string"}}}
    described[path]["post"]["responses"]["201"] = done({"allOf": [spec.record(entity), secret]})
    return described


def view(entity: Entity, request: Request) -> Response:
    """GET lists the tokens that the actor may see, POST makes one."""
    if allow(request, "GET", "POST") == "GET":
        return collection.view(entity, request)
    query(request, ())
    token = records.create(request.ctx, entity, json_object(request))
    made = one(request, entity, token, 201)
    document = {**reader(request).document(entity, token), "secret": token.secret}
    made.body = as_json(document).body
    return made
