"""The list of an entity: one page of it, its columns, what it can be sorted and narrowed by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pyramid.request import Request
from pyramid.response import Response

from core.entities.finding import may_search
from core.entities.listing import SORTABLE, ask
from core.entities.reader import META
from core.errors import NotFound
from core.http.paths import collection
from core.services import records
from core.services.work import Ctx
from core.web.facets import facets, split
from core.web.frame import frame, is_written, may_visit
from core.web.isolation import isolated
from core.web.query import Query, read
from core.web.templating import page
from core.web.values import CLOSED, EMPTY, NUMERIC, Display, Value, display, meta_or_field
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


@dataclass(frozen=True)
class Row:
    """A record. The first value is its name, which leads to `path`."""

    key: str
    path: str
    cells: tuple[Value, ...]


def view(entity: Entity, request: Request) -> Response:
    """GET. Three statements: the page, the count, the labels; one more for each column of a plugin."""
    ctx: Ctx = request.ctx
    if not may_visit(ctx, entity):
        raise NotFound
    query, path = read(request), collection(entity.key)
    wanted = ask(
        ctx.rights,
        entity,
        filter=query.filter,
        text=query.q,
        sort=query.sort or None,
        cursor=query.cursor or None,
        count=True,
    )
    found = records.listing(ctx, wanted)
    fields = columns(ctx, entity, request.locale_name)
    added = [column for column in ctx.kernel.columns.values() if column.entity == entity.key]
    return page(
        request,
        "list",
        frame=frame(request, ctx, entity),
        entity=entity,
        path=path,
        query=query,
        heads=_heads(ctx, entity, fields, added, query, path),
        rows=_rows(request, ctx, entity, found.records, fields, added),
        total=found.total,
        next_url=query.url(path, cursor=found.next) if found.next else None,
        facets=facets(entity, ctx.rights, query, path),
        searchable=any(may_search(ctx.rights, entity, field) for field in entity.fields if field.searchable),
        narrowed=split(query.filter)[1] is not None,
        may_create=ctx.rights.may_ever(entity, "create") and is_written(entity),
    )


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


def _heads(
    ctx: Ctx, entity: Entity, fields: Sequence[Field], added: Sequence[Column], query: Query, path: str
) -> list[Head]:
    now = (query.sort or entity.sort).split(",")[0].strip()
    places = _places([field.type.kind for field in fields])
    heads = []
    for field, place in zip(fields, places, strict=True):
        sort = direction = ""
        if field.type.kind in SORTABLE and _may_sort(ctx, entity, field):
            if now.removeprefix("-") == field.name:
                direction = "descending" if now.startswith("-") else "ascending"
            sort = query.url(path, sort=f"-{field.name}" if direction == "ascending" else field.name)
        kind = "state" if field.name == "state" else field.type.kind
        heads.append(Head(field.name, field.title, kind, place, sort, direction))
    return heads + [Head(column.key, column.title, column.type.kind, "extra") for column in added]


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


def _rows(
    request: Request,
    ctx: Ctx,
    entity: Entity,
    found: Sequence[Any],
    fields: Sequence[Field],
    added: Sequence[Column],
) -> list[Row]:
    look = records.reader(ctx, request.locale_name, request.say)
    show = display(request, ctx, brief=True)
    documents = look.documents(entity, found, [field.name for field in fields])
    own = [field for field in fields if field.name not in META]
    ids = [record.id for record in found]
    loaded = [_load(ctx, show, column, ids) for column in added]
    rows = []
    for record, document in zip(found, documents, strict=True):
        rights = look.rights_on(entity, own, record)
        cells = [show.shown(field, document, rights.get(field.name, "read")) for field in fields]
        cells += [values.get(record.id, EMPTY) for values in loaded]
        if cells[0] in (CLOSED, EMPTY):
            cells[0] = Value("text", f"#{record.id}")
        path = f"{collection(entity.key)}/{record.id}"
        rows.append(Row(f"{entity.key}/{record.id}", path, tuple(cells)))
    return rows


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
