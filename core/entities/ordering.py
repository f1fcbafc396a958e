"""What a list can be sorted by, and paging by key: the page after this one starts where it ended.

Records are ordered by what a page shows of a field: choices in the order that they are declared in, terms in
the order of their list, other references by the label of the record that they name. That one is joined in the
reader's own scope: a record that is hidden from him is as good as none and comes last.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, and_, case, false, literal, null, or_, select, type_coerce

from core.db.types import MONEY_MAX, MONEY_SCALE, Money, UtcDateTime
from core.fields import INT_MAX
from core.security import places
from core.security.catalog import Catalog, attribute, attribute_name
from plugins import Entity, Field

META_SORTS = ("id", "created_at", "updated_at")
PLAIN = {"text", "integer", "number", "money", "date", "moment", "boolean"}
SORTABLE = {*PLAIN, "choice", "reference"}
Sort = tuple[tuple[str, bool], ...]  # names, and whether each goes down


class BadCursor(ValueError):
    """It was not made by this list in this order."""


@dataclass(frozen=True)
class Key:
    """One of the values that records are ordered by. `of` reads it from a record; where that is None, the
    statement reads it along.
    """

    column: Any
    descending: bool
    nullable: bool
    of: Callable[[Any], Any] | None
    target: tuple[Any, Any] | None = None  # what is to be joined, and on what


def is_sortable(entity: Entity, name: str, catalog: Catalog) -> bool:
    """Whether lists of the entity can be sorted by that name at all, whoever reads them."""
    if name in META_SORTS:
        return True
    field = next((field for field in entity.fields if field.name == name), None)
    if field is None or field.type.kind not in SORTABLE:
        return False
    return field.type.kind != "reference" or (places.is_own(field) and told_by(field, catalog) is not None)


def told_by(field: Field, catalog: Catalog) -> tuple[Entity, Field] | None:
    """The field of the entity it refers to that a reference is sorted by; None where no single one tells."""
    target = catalog.get(field.type.entity)  # type: ignore[attr-defined]
    if target is None:
        return None
    found = next((one for one in target.fields if one.name == (target.rank or target.label)), None)
    tells = found is not None and found.type.kind in PLAIN and places.is_own(found)
    return (target, found) if found is not None and tells else None


def ordered(statement: Select[Any], entity: Entity, sort: Sort, catalog: Catalog, cursor: Any) -> Select[Any]:
    """The statement in that order, from the cursor on; beside each record the values that it does not tell itself."""
    keys = _keys(entity, sort, catalog)
    for key in keys:
        if key.target is not None:
            statement = statement.outerjoin(*key.target)
    statement = statement.add_columns(*(key.column for key in keys if key.of is None))
    if cursor is not None:
        statement = statement.where(_beyond(keys, cursor))
    order: list[Any] = []
    for key in keys:
        if key.nullable:
            order.append(case((key.column.is_(None), 1), else_=0))
        order.append(key.column.desc() if key.descending else key.column.asc())
    return statement.order_by(*order)


def _keys(entity: Entity, sort: Sort, catalog: Catalog) -> list[Key]:
    order = sort if any(name == "id" for name, _down in sort) else (*sort, ("id", False))
    return [key for name, down in order for key in _keys_of(entity, name, down, catalog)]


def _keys_of(entity: Entity, name: str, descending: bool, catalog: Catalog) -> Iterator[Key]:
    model: Any = entity.model
    if name in META_SORTS:
        yield _stored(model, name, descending)
        return
    field = entity.field(name)
    if field.type.kind == "reference":
        told = told_by(field, catalog)
        assert told is not None, "checked when it was asked"
        shown: Any = told[0].model
        label: Any = getattr(shown, told[1].sort or attribute_name(told[1]))
        # A subquery, for the reader's criterion stands in it as in any other; it is made one with the join.
        target = select(shown.id, label.label("label")).subquery()
        yield Key(target.c.label, descending, True, None, (target, target.c.id == attribute(model, field)))
        # Those of the same name stay together; of one that is hidden nothing is told, not even which it is.
        yield Key(target.c.id, descending, True, None)
    elif field.type.kind == "choice":
        yield _declared(places.column(model, field), field, descending)
    elif places.is_own(field):
        yield _stored(model, field.sort or attribute_name(field), descending)
    else:
        yield Key(places.column(model, field), descending, True, None)


def _stored(model: Any, name: str, descending: bool) -> Key:
    column: Any = getattr(model, name)
    return Key(column, descending, column.property.columns[0].nullable, lambda record: getattr(record, name))


def _declared(column: Any, field: Field, descending: bool) -> Key:
    """Choices by their place in the declaration; codes that nobody declares any more follow."""
    codes = list(field.type.choices)  # type: ignore[attr-defined]
    ranks = [(column == code, at) for at, code in enumerate(codes)]
    rank = case((column.is_(None), null()), *ranks, else_=len(codes))
    return Key(type_coerce(rank, Integer()), descending, True, None)


def _beyond(keys: Sequence[Key], values: Sequence[Any]) -> ColumnElement[bool]:
    """Rows that come after the one with these values; nulls come last."""
    key, value = keys[0], values[0]
    if value is None:
        further: ColumnElement[bool] = false()
        same = key.column.is_(None)
    else:
        bound = literal(value, key.column.type)  # true and false by themselves cannot be compared
        further = key.column < bound if key.descending else key.column > bound
        same = key.column == bound
        if key.nullable:
            further = or_(further, key.column.is_(None))
    if len(keys) == 1:
        return further
    return or_(further, and_(same, _beyond(keys[1:], values[1:])))


def write_cursor(entity: Entity, sort: Sort, catalog: Catalog, last: Sequence[Any]) -> str:
    """Where a page ended, for the client to send back; `last` is the last row of the ordered statement."""
    record, *beside = last
    read = iter(beside)
    values = [_plain(next(read) if key.of is None else key.of(record)) for key in _keys(entity, sort, catalog)]
    text = json.dumps([[list(one) for one in sort], values], ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_cursor(cursor: str, entity: Entity, sort: Sort, catalog: Catalog) -> tuple[Any, ...]:
    """The values of the record after which the page begins. Raises BadCursor."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        names, values = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        if tuple((name, descending) for name, descending in names) != sort:
            raise ValueError("another order")
        keys = _keys(entity, sort, catalog)
        if len(values) != len(keys):
            raise ValueError("another number of keys")
        return tuple(_typed(key, value) for key, value in zip(keys, values, strict=True))
    except (ValueError, TypeError, binascii.Error, RecursionError, ArithmeticError) as error:
        raise BadCursor from error


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, dt.date) else str(value) if isinstance(value, Decimal) else value


def _typed(key: Key, value: Any) -> Any:
    kind = key.column.type
    if value is None:
        if not key.nullable:
            raise ValueError("never null")
        return None
    if isinstance(kind, UtcDateTime):
        moment = dt.datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise ValueError("no zone")
        return moment.astimezone(dt.UTC)
    if isinstance(kind, Money):
        amount = Decimal(value)
        if not amount.is_finite() or abs(amount) > MONEY_MAX or amount != round(amount, MONEY_SCALE):
            raise ValueError("not an amount")
        return amount
    python = kind.python_type
    if python is dt.date:
        return dt.date.fromisoformat(value)
    if not isinstance(value, python) or (python is int and (isinstance(value, bool) or abs(value) > INT_MAX)):
        raise ValueError("another type")
    if python is str and ("\x00" in value or value != value.encode("utf-8", "replace").decode()):
        raise ValueError("not text")
    return value
