"""The rows of a list: the records of one page as their reader sees them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pyramid.request import Request

from core.entities.reader import META
from core.services import records
from core.services.work import Ctx
from core.web.addresses import record_path
from core.web.isolation import isolated
from core.web.lists.columns import Shown
from core.web.values import CLOSED, EMPTY, Display, Value, display
from plugins import Column, Entity, Field


@dataclass(frozen=True)
class Row:
    """A record. The first value is its name, which leads to `path`."""

    id: int
    key: str
    path: str
    cells: tuple[Value, ...]


def rows(
    request: Request,
    ctx: Ctx,
    entity: Entity,
    found: Sequence[Any],
    shown: Sequence[Shown],
    show: Display | None = None,
) -> list[Row]:
    """The records, with a cell for each column that is shown."""
    look = records.reader(ctx, request.locale_name, request.say)
    show = show or display(request, ctx, brief=True)
    fields = [one for one in shown if isinstance(one, Field)]
    documents = look.documents(entity, found, [field.name for field in fields])
    own = [field for field in fields if field.name not in META]
    ids = [record.id for record in found]
    loaded = {one.key: _load(ctx, show, one, ids) for one in shown if isinstance(one, Column)}
    made = []
    for record, document in zip(found, documents, strict=True):
        rights = look.rights_on(entity, own, record)
        cells = [
            show.shown(one, document, rights.get(one.name, "read"))
            if isinstance(one, Field)
            else loaded[one.key].get(record.id, EMPTY)
            for one in shown
        ]
        if cells[0] in (CLOSED, EMPTY):
            cells[0] = Value("text", f"#{record.id}")
        elif cells[0].kind in ("link", "away"):
            cells[0] = Value("text", cells[0].text)  # it leads to the record
        key, path = f"{entity.key}/{record.id}", record_path(entity.key, record.id)
        made.append(Row(record.id, key, path, tuple(cells)))
    return made


def _load(ctx: Ctx, show: Display, column: Column, ids: Sequence[int]) -> Mapping[int, Value]:
    """A plugin's cells by record, in one go; the incident's number in each if it failed."""
    if not ids:
        return {}
    field, kind = Field(column.key, column.type, column.title), column.type

    def cells() -> dict[int, Value]:
        values = column.load(ctx, ids)
        return {
            one: show.value(field, kind.to_json(values[one]))  # type: ignore[attr-defined]
            for one in ids
            if values.get(one) is not None
        }

    loaded, incident = isolated(ctx, f"column {column.key}", cells)
    return loaded if loaded is not None else dict.fromkeys(ids, Value("failed", incident))
