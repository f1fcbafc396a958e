"""`GET /search`: hits over all entities that the caller may see."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from pyramid.request import Request
from pyramid.response import Response

from core.i18n import _
from core.rest.body import allow, query, whole_number, wrong
from core.rest.reply import as_json
from core.rest.routes import Route
from core.rest.spec import Spec, done, parameter, things
from core.security.catalog import Catalog
from core.services.search import everywhere


def routes(catalog: Catalog) -> Iterable[Route]:
    yield Route("search", "/search", view, _described)


def _described(spec: Spec) -> dict[str, Any]:
    text = {"type": "string"}
    hit = things({"entity": text, "id": {"type": "integer"}, "label": {"type": ["string", "null"]}, "field": text})
    parameters = [
        parameter("q", {"type": "string"}, "at least two characters of a name, a code or a number", required=True),
        parameter("limit", {"type": "integer", "minimum": 1, "maximum": everywhere.MOST}),
    ]
    answer = {"200": done(things({"items": {"type": "array", "items": hit}}))}
    return {"/search": {"get": spec.call(_("Search everything"), answer, tag="search", parameters=parameters)}}


def view(context: Any, request: Request) -> Response:
    """GET `?q=&limit=`: the best hits, the best first."""
    allow(request, "GET")
    asked = query(request, ("q", "limit"))
    limit = whole_number("limit", asked["limit"]) if "limit" in asked else everywhere.LIMIT
    if not 1 <= limit <= everywhere.MOST:
        wrong("limit", _("Give a number from 1 to ${most}.", mapping={"most": everywhere.MOST}))
    hits = everywhere.search(request.ctx, asked.get("q", ""), limit, request.locale_name)
    return as_json({"items": [asdict(hit) for hit in hits]})
