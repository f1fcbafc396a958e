"""The OpenAPI 3.1 document: each route tells its part."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from pyramid.request import Request
from pyramid.response import Response

from core.http.paths import API
from core.rest.body import allow, query
from core.rest.once import PARAMETER
from core.rest.reply import as_json
from core.rest.routes import Route
from core.rest.spec import Json, Spec, done
from core.security.catalog import Catalog


def routes(catalog: Catalog) -> Iterable[Route]:
    yield Route("openapi", "/openapi.json", view, _described)


def _described(spec: Spec) -> dict[str, Any]:
    return {"/openapi.json": {"get": spec.call("This document", {"200": done({"type": "object"})}, tag="me")}}


def view(context: Any, request: Request) -> Response:
    """GET: what this server does, for programs."""
    allow(request, "GET")
    query(request, ())
    known = request.registry["kehu.rest"]
    return as_json(document(request.ctx.catalog, known, request.say, request.kernel.settings.title))


def document(catalog: Catalog, known: Iterable[Route], say: Callable[[str], str], title: str) -> dict[str, Any]:
    """What the routes tell, in one language; `say` translates titles."""
    spec = Spec(catalog, say)
    paths: dict[str, Any] = {}
    for route in known:
        for path, item in route.describe(spec).items():
            if API + path not in paths:
                paths[API + path] = _repeated(item) if route.repeats else item
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": "1"},
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": spec.components(),
        },
    }


def _repeated(item: Json) -> Json:
    """The path item with what `once` adds to each of its writing methods."""
    for method in item.keys() & {"post", "patch", "delete"}:
        call = item[method]
        for status, answer in call["responses"].items():
            if status.startswith("2"):
                answer["headers"] = {"Change-Id": {"schema": {"type": "string"}, "description": "names the change"}}
        call["parameters"] = [*call.get("parameters", ()), PARAMETER]
        refused = call["responses"]["401"]
        call["responses"] |= dict.fromkeys({"400", "403", "409", "422"} - call["responses"].keys(), refused)
    return item
