"""A collection: list and create."""

from __future__ import annotations

from typing import Any

from pyramid.request import Request
from pyramid.response import Response

from core.entities.listing import LIMIT, Ask, ask
from core.entities.reader import META
from core.errors import BadRequest
from core.i18n import _, suggestion
from core.rest.body import allow, json_object, query, strict_json, whole_number, wrong
from core.rest.reply import as_json, one, reader
from core.services import records
from plugins import Entity

PARAMETERS = ("q", "filter", "sort", "limit", "cursor", "fields", "count", "deleted")


def view(entity: Entity, request: Request) -> Response:
    """GET lists what the actor may see, POST creates."""
    if allow(request, "GET", "POST") == "POST":
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
    known = [*META, *(field.name for field in entity.fields)]
    names = [name.strip() for name in text.split(",") if name.strip()]
    for name in names:
        if name not in known:
            wrong(
                "fields",
                _("There is no field ${name}.${hint}", mapping={"name": name[:80], "hint": suggestion(name, known)}),
            )
    return names
