"""A collection: list and create."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

from pyramid.request import Request
from pyramid.response import Response

from core.entities.listing import LIMIT, MOST, Ask, ask
from core.entities.reader import META
from core.errors import BadRequest
from core.http.paths import by_path
from core.i18n import _, suggestion
from core.rest.body import allow, json_object, query, strict_json, whole_number, wrong
from core.rest.reply import as_json, one, reader
from core.rest.routes import Route
from core.rest.spec import WRITES, Json, Spec, done, parameter, things
from core.security.catalog import Catalog
from core.security.others import prefixes
from core.services import records
from plugins import Entity

FLAG: Json = {"enum": ["0", "1"]}
PARAMETERS = {
    "q": parameter("q", {"type": "string"}, "words that a searchable field contains"),
    "filter": parameter("filter", {"type": "string"}, 'a JSON condition such as ["=","state","formal"]'),
    "sort": parameter("sort", {"type": "string"}, "field names, a minus before each descending one"),
    "limit": parameter("limit", {"type": "integer", "minimum": 1, "maximum": MOST}),
    "cursor": parameter("cursor", {"type": "string"}, "`next` of the page before"),
    "fields": parameter("fields", {"type": "string"}, "names of the fields to show"),
    "count": parameter("count", FLAG, "whether to count all that match"),
    "deleted": parameter("deleted", FLAG, "list the recycle bin instead"),
}


def routes(catalog: Catalog) -> Iterable[Route]:
    for path, entity in by_path(catalog).items():
        yield Route("collection", path, view, partial(described, entity, path), entity)


def described(entity: Entity, path: str, spec: Spec) -> Json:
    """The path item of a collection."""
    page = things(
        {
            "items": {"type": "array", "items": spec.record(entity)},
            "next": {"type": ["string", "null"]},
            "total": {"type": ["integer", "null"]},
        }
    )
    listed = spec.call(
        entity.plural, {"200": done(page)}, tag=entity.key, parameters=[*PARAMETERS.values()], refusals=("400", "403")
    )
    if entity.rules.closed:
        return {path: {"x-kehu-entity": entity.key, "get": listed}}
    made = spec.call(
        entity.title, {"201": done(spec.record(entity))}, tag=entity.key, body=spec.new(entity), refusals=WRITES
    )
    return {path: {"x-kehu-entity": entity.key, "get": listed, "post": made}}


def view(entity: Entity, request: Request) -> Response:
    """GET lists what the actor may see, POST creates."""
    if allow(request, "GET", *(() if entity.rules.closed else ("POST",))) == "POST":
        query(request, ())
        return one(request, entity, records.create(request.ctx, entity, json_object(request)), 201)
    parameters = query(request, PARAMETERS)
    page = records.listing(request.ctx, _asked(request, entity, parameters))
    items = reader(request).documents(entity, page.records, _fields(entity, parameters.get("fields")))
    return as_json({"items": items, "next": page.next, "total": page.total})


def _asked(request: Request, entity: Entity, parameters: dict[str, str]) -> Ask:
    text = parameters.get("filter")
    return ask(
        request.ctx.rights,
        entity,
        filter=None if text is None else _filter(text),
        text=parameters.get("q"),
        sort=parameters.get("sort"),
        limit=whole_number("limit", parameters["limit"]) if "limit" in parameters else LIMIT,
        cursor=parameters.get("cursor"),
        count=_flag(parameters, "count"),
        binned=_flag(parameters, "deleted"),
    )


def _filter(text: str) -> Any:
    try:
        return strict_json(text, "")
    except BadRequest:
        wrong("filter", _("The filter is not JSON."))


def _flag(parameters: dict[str, str], name: str) -> bool:
    value = parameters.get(name, "0")
    if value not in ("0", "1"):
        wrong(name, _("Give 0 or 1."))
    return value == "1"


def _fields(entity: Entity, text: str | None) -> list[str] | None:
    if text is None:
        return None
    own = [field.name for field in entity.fields]
    groups = {name: [one for one in own if one.startswith(f"{name}.")] for name in prefixes(entity)}
    known = [*META, *own, *groups]
    names = [name.strip() for name in text.split(",") if name.strip()]
    for name in names:
        if name not in known:
            wrong(
                "fields",
                _("There is no field ${name}.${hint}", mapping={"name": name[:80], "hint": suggestion(name, known)}),
            )
    return [one for name in names for one in groups.get(name, [name])]
