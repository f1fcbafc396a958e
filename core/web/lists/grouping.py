"""A list told apart by the values of a field: how many records have each, and what their figures add up to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from pyramid.request import Request

from core.db.folding import sort_key
from core.entities.listing import GROUPABLE, Ask
from core.i18n import _, suggestion
from core.services import records
from core.services.records import Group
from core.services.work import Ctx
from core.web.lists.columns import Shown, may_ask
from core.web.query import Query, all_of, parts_of, wrong
from core.web.values import CLOSED, EMPTY, NUMERIC, Display, Value
from plugins import Entity, Field

MOST = 200
NONE = "-"  # the open group of records that have no value


@dataclass(frozen=True)
class Heap:
    """A group as it is shown. `url` opens it, or closes the one that is open; `list_url` is the list of its records
    alone; both are "" of records whose value the reader may not know. `sums` are by the names of columns.
    """

    value: Value
    count: int
    sums: Mapping[str, Value]
    url: str
    list_url: str
    on: bool


def groupable(ctx: Ctx, entity: Entity) -> list[Field]:
    """The fields by which the actor can group."""
    return [field for field in entity.fields if field.type.kind in GROUPABLE and may_ask(ctx, entity, field)]


def field_of(ctx: Ctx, entity: Entity, query: Query) -> Field | None:
    """The field that the list is grouped by. Raises BadRequest."""
    if not query.group:
        return None
    known = {field.name: field for field in groupable(ctx, entity)}
    if query.group not in known:
        facts = {"name": query.group[:80], "hint": suggestion(query.group, known)}
        wrong("group", _("There is no field ${name} to group by.${hint}", mapping=facts))
    return known[query.group]


def opened(query: Query, by: Field) -> Any:
    """The condition of the open group besides the list's own. Raises BadRequest."""
    part = ["empty", by.name] if query.open == NONE else ["=", by.name, _read(query.open, by)]
    return all_of([*parts_of(query.filter), part])


def _read(text: str, by: Field) -> Any:
    if by.type.kind == "reference" and text.isdecimal() and text.isascii() and len(text) < 11:
        return int(text)
    if by.type.kind == "boolean" and text in ("true", "false"):
        return text == "true"
    if by.type.kind != "choice":
        wrong("open", _("There is no such group."))
    return text


def heaps(
    request: Request,
    ctx: Ctx,
    wanted: Ask,
    by: Field,
    shown: Sequence[Shown],
    show: Display,
    query: Query,
    path: str,
) -> list[Heap]:
    """The groups: choices in their order, records by what they are called, what has no value last."""
    entity = wanted.entity
    summed = [one for one in shown if isinstance(one, Field) and one.type.kind in NUMERIC and may_ask(ctx, entity, one)]
    found = records.groups(ctx, wanted, by, summed, MOST)
    named = _named(request, ctx, by, found)
    hidden = [group for group in found if group.value is not None and group.value not in named]
    ordered = sorted((group for group in found if group.value in named), key=_order(by, named))
    made = [_heap(show, by, named[group.value], group, summed, query, path) for group in ordered]
    if hidden:
        added = Group(None, sum(group.count for group in hidden), _added(hidden, summed))
        made.append(replace(_heap(show, by, None, added, summed, query, path), value=CLOSED, url="", list_url=""))
    nothing = [group for group in found if group.value is None]
    return made + [replace(_heap(show, by, None, group, summed, query, path), value=EMPTY) for group in nothing]


def _named(request: Request, ctx: Ctx, by: Field, found: Sequence[Group]) -> dict[Any, Any]:
    """Values that the reader may know, as a document has them."""
    values = [group.value for group in found if group.value is not None]
    if by.type.kind != "reference":
        return {value: by.type.to_json(value) for value in values}  # type: ignore[attr-defined]
    look = records.reader(ctx, request.locale_name)
    return {key: label.to_json() for key, label in look.labels(by.type.entity, values).items()}  # type: ignore[attr-defined]


def _order(by: Field, named: Mapping[Any, Any]) -> Any:
    if by.type.kind == "choice":
        codes = list(by.type.choices)  # type: ignore[attr-defined]
        return lambda group: codes.index(group.value) if group.value in codes else len(codes)
    if by.type.kind == "boolean":
        return lambda group: not group.value
    return lambda group: (sort_key(str(named[group.value]["label"])), group.value)


def _added(groups: Iterable[Group], summed: Sequence[Field]) -> dict[str, Any]:
    return {field.name: sum((Decimal(group.sums[field.name] or 0) for group in groups), Decimal(0)) for field in summed}


def _heap(
    show: Display, by: Field, document: Any, group: Group, summed: Sequence[Field], query: Query, path: str
) -> Heap:
    text = NONE if group.value is None else _text(group.value)
    on = query.open == text
    part = ["empty", by.name] if group.value is None else ["=", by.name, _key(group.value, document)]
    sums = {}
    for field in summed:
        figure = group.sums[field.name]
        if figure is not None:
            whole = int(figure) if field.type.kind == "integer" else Decimal(figure)
            sums[field.name] = show.value(field, str(whole) if field.type.kind == "money" else whole)
    return Heap(
        value=show.value(by, document),
        count=group.count,
        sums=sums,
        url=query.url(path, open="" if on else text),
        list_url=query.url(path, filter=all_of([*parts_of(query.filter), part]), group=""),
        on=on,
    )


def _text(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _key(value: Any, document: Any) -> Any:
    """The value as a condition names it: of a record its natural key, where it has one."""
    return document.get("key") or value if isinstance(document, dict) else value
