"""What all pages about one record share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyramid.request import Request

from core.entities.reader import META
from core.errors import NotFound
from core.fields import INT_MAX
from core.http.paths import collection
from core.services import records
from core.services.work import Ctx
from core.web.addresses import came_from, record_path
from plugins import Entity, Field

MOST_TELLING = 3


def record_id(request: Request) -> int:
    """The id in the address; one that is too large gets a number that no record has."""
    return min(int(request.matchdict["id"]), INT_MAX + 1)


def version(request: Request) -> int:
    """The version in a form of ours; -1, which no record has, where it is missing or no number."""
    text = request.POST.get("version", "")
    return int(text) if isinstance(text, str) and text.isascii() and text.isdigit() and len(text) < 10 else -1


def label_name(entity: Entity, language: str) -> str:
    """The attribute by which records are called."""
    return entity.label.format(lang=language[:2])


def title(entity: Entity, document: Mapping[str, Any], language: str) -> str:
    """What the record is called; its number where the reader may not see the name."""
    name = document.get(label_name(entity, language))
    return name if isinstance(name, str) and name else f"#{document['id']}"


def name_of(request: Request, ctx: Ctx, entity: Entity, record: Any) -> str:
    """The same of a record at hand."""
    language = request.locale_name
    [document] = records.reader(ctx, language).documents(entity, [record], [label_name(entity, language)])
    return title(entity, document, language)


def telling(entity: Entity) -> list[Field]:
    """What tells records of the same name apart: the references among the columns of the list."""
    columns = [entity.field(name) for name in entity.columns if name not in META]
    return [field for field in columns if field.type.kind == "reference"][:MOST_TELLING]


def grouped(entity: Entity) -> list[tuple[str, tuple[str, ...]]]:
    """Titles and field names of the entity's groups; fields that no group names under an empty title."""
    groups = [(group.title, group.fields) for group in entity.groups]
    named = {name for _title, names in groups for name in names}
    rest = tuple(field.name for field in entity.fields if field.name not in named)
    return [*groups, ("", rest)] if rest else groups


def page_around(request: Request, entity: Entity, row: Any) -> str:
    """Where a change of what hangs on a record leads: to the page on which it was made, mostly that record's."""
    whose = record_path(row.entity, row.record_id)
    origin = came_from(request, whose)
    return whose if origin.startswith(record_path(entity.key, row.id)) else origin


def visible_path(ctx: Ctx, entity: Entity, number: int) -> str:
    """The record's page, or the list where the actor does not see the record any more."""
    try:
        records.find(ctx, entity, number)
    except NotFound:
        return collection(entity.key)
    return record_path(entity.key, number)
