"""The columns of a list and their heads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.entities.listing import SORTABLE
from core.entities.reader import META
from core.services.work import Ctx
from core.web.query import Query
from core.web.values import NUMERIC, meta_or_field
from plugins import Column, Entity, Field


@dataclass(frozen=True)
class Head:
    """A column's head. `place` is where its cells stand on a phone; `sort` the link that sorts by it."""

    name: str
    title: str
    kind: str
    place: str
    sort: str = ""
    direction: str = ""


def columns(ctx: Ctx, entity: Entity, language: str) -> list[Field]:
    """The fields that the list shows, the one that names the record first; who sees an entity only by
    its public fields gets just these.
    """
    names = list(entity.columns or (entity.natural_key,))
    label = entity.label.format(lang=language[:2])
    if label in names:
        names.remove(label)
        names.insert(0, label)
    if entity.public and not ctx.rights.may_ever(entity, "view"):
        names = [name for name in names if name in entity.public]
    return [meta_or_field(entity, name) for name in names]


def heads(
    ctx: Ctx, entity: Entity, fields: Sequence[Field], added: Sequence[Column], query: Query, path: str
) -> list[Head]:
    """The heads of the fields' columns, and of those that plugins `added`."""
    now = (query.sort or entity.sort).split(",")[0].strip()
    places = _places([field.type.kind for field in fields])
    made = []
    for field, place in zip(fields, places, strict=True):
        sort = direction = ""
        if field.type.kind in SORTABLE and _may_sort(ctx, entity, field):
            if now.removeprefix("-") == field.name:
                direction = "descending" if now.startswith("-") else "ascending"
            sort = query.url(path, sort=f"-{field.name}" if direction == "ascending" else field.name)
        kind = "state" if field.name == "state" else field.type.kind
        made.append(Head(field.name, field.title, kind, place, sort, direction))
    return made + [Head(column.key, column.title, column.type.kind, "extra") for column in added]


def _may_sort(ctx: Ctx, entity: Entity, field: Field) -> bool:
    """Sorting by a field must neither be refused nor lose the rows that are seen by public fields only."""
    if field.name in META:
        return not entity.public or ctx.rights.may_ever(entity, "view")
    open_to_all = not entity.public or field.name in entity.public or ctx.rights.unlimited(entity, "view")
    return open_to_all and ctx.rights.may_ask(entity, field)


def _places(kinds: Sequence[str]) -> list[str]:
    """Where each column stands on a phone: the name, at its right a figure; below, a few more and a date."""
    places = ["name"]
    for kind in kinds[1:]:
        if kind in NUMERIC and "figure" not in places:
            places.append("figure")
        elif kind in ("moment", "date") and "when" not in places:
            places.append("when")
        else:
            places.append("below" if places.count("below") < 2 else "extra")
    return places
