"""From a list request to one SELECT, paged by key: the page after this one starts where it ended."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from operator import attrgetter
from typing import Any, NoReturn

from sqlalchemy import ColumnElement, Select, and_, case, false, func, literal, or_, select

from core.db.guard import never
from core.db.types import MONEY_MAX, MONEY_SCALE, Money, UtcDateTime
from core.entities.finding import Offered, Place, may_search, sounds_like
from core.errors import BadRequest, Forbidden
from core.fields import INT_MAX, BadValue, Text
from core.i18n import _, suggestion
from core.security import places
from core.security.catalog import Catalog, meta_or_field
from core.security.conditions import BadCondition, Condition, SqlContext, parse, to_sql
from core.security.rights import Rights
from core.security.scope import ACTION, FOR, GRANTED, ROWS
from plugins import Entity, Field

LIMIT = 50
MOST = 500
SORTABLE = {"text", "integer", "number", "money", "date", "moment", "choice", "boolean"}
_LONGEST = 1000  # characters that are searched for
GROUPABLE = ("choice", "boolean", "reference")
META_SORTS = ("id", "created_at", "updated_at")
MOST_SORTS = 5


@dataclass(frozen=True)
class Ask:
    """What a list is asked for, already checked.

    `sort` holds (attribute, descending), of fields of others their names for the attribute; `places` those
    of the search index through which all that is asked for can be reached, none: not through the index.
    """

    entity: Entity
    condition: Condition | None = None
    text: str | None = None
    sort: tuple[tuple[str, bool], ...] = ()
    limit: int = LIMIT
    cursor: tuple[Any, ...] | None = None
    count: bool = False
    binned: bool = False
    granted: bool = False
    places: tuple[Place, ...] = ()


def ask(
    rights: Rights,
    entity: Entity,
    *,
    filter: Any = None,
    text: str | None = None,
    sort: str | None = None,
    limit: int = LIMIT,
    cursor: str | None = None,
    count: bool = False,
    binned: bool = False,
) -> Ask:
    """Check a list request. Raises BadRequest for what cannot be understood, Forbidden `FIELD` for
    fields that the reader may not filter, sort or search by.
    """
    condition = _condition(filter, entity, rights.catalog)
    asked = [] if condition is None else sorted(condition.fields)
    sort = sort or _default_sort(rights, entity)
    keys = _sort(sort, entity)
    asked += [(entity.key, name) for name, _descending in _sort_fields(sort, entity)]
    for key, name in asked:
        _may_ask(rights, entity, rights.catalog[key], name)
    granted = bool(entity.public) and any(key == entity.key and name not in entity.public for key, name in asked)
    if not 1 <= limit <= MOST:
        _bad("limit", _("Give a number from 1 to ${most}.", mapping={"most": MOST}))
    return Ask(
        entity,
        condition,
        _text(text),
        keys,
        limit,
        None if cursor is None else _read_cursor(cursor, entity, keys),
        count,
        binned,
        granted,
    )


def as_json(condition: Any) -> Any:
    """A filter as JSON can keep it: amounts as its numbers."""
    return json.loads(json.dumps(condition, default=float))


def _text(text: str | None) -> str | None:
    try:
        return Text(_LONGEST).parse(text)
    except BadValue as bad:
        _bad("q", bad.message)


def page_query(wanted: Ask, rights: Rights, context: SqlContext) -> Select[Any]:
    """The records of the page and one more, which tells whether there is a next page."""
    statement = _matching(wanted, rights, context, select(wanted.entity.model))
    keys = _keys(wanted)
    if wanted.cursor is not None:
        statement = statement.where(_beyond(keys, wanted.cursor))
    order: list[Any] = []
    for key in keys:
        if key.nullable:
            order.append(case((key.column.is_(None), 1), else_=0))
        order.append(key.column.desc() if key.descending else key.column.asc())
    return statement.order_by(*order).limit(wanted.limit + 1)


def count_query(wanted: Ask, rights: Rights, context: SqlContext) -> Select[Any]:
    """How many records match, over all pages."""
    return _matching(wanted, rights, context, select(func.count()).select_from(wanted.entity.model))


def groups_query(
    wanted: Ask, rights: Rights, context: SqlContext, by: Field, summed: Sequence[Field], most: int
) -> Select[Any]:
    """The values of a field, how many of the matching records have each and what their figures add up to, the most
    frequent first.
    """
    model: Any = wanted.entity.model
    figures = [places.column(model, field).label(f"f{at}") for at, field in enumerate(summed)]
    chosen = select(places.column(model, by).label("by"), *figures)
    # Grouped outside: a column that is an expression with parameters would not be known again in the GROUP BY.
    rows = _matching(wanted, rights, context, chosen).subquery()
    sums = [func.sum(rows.c[f"f{at}"]) for at in range(len(summed))]
    number = func.count()
    statement = select(rows.c.by, number, *sums).group_by(rows.c.by).order_by(number.desc(), rows.c.by).limit(most)
    return statement.execution_options(**_options(wanted))


def _matching(wanted: Ask, rights: Rights, context: SqlContext, statement: Select[Any]) -> Select[Any]:
    entity = wanted.entity
    if wanted.condition is not None:
        statement = statement.where(to_sql(wanted.condition, entity.model, rights.catalog, context))
    if wanted.text is not None:
        statement = statement.where(mentions(wanted.text, rights, entity, context))
    if wanted.places:
        statement = statement.where(Offered(entity.model.id, wanted.places))  # type: ignore[attr-defined]
    return statement.execution_options(**_options(wanted))


def _options(wanted: Ask) -> dict[str, Any]:
    """What the guard is told about the statement."""
    options: dict[str, Any] = {FOR: wanted.entity.model, GRANTED: wanted.granted}
    return options | ({ACTION: "delete", ROWS: "binned"} if wanted.binned else {})


def mentions(text: str, rights: Rights, entity: Entity, context: SqlContext) -> ColumnElement[bool]:
    """`q`: any searchable field that the reader may ask by contains the text, or sounds like it."""
    conditions = [
        parse(["contains", field.name, text], entity, rights.catalog)
        for field in entity.fields
        if may_search(rights, entity, field) and len(text) <= field.type.length  # type: ignore[attr-defined]
    ]
    found = [to_sql(one, entity.model, rights.catalog, context) for one in conditions]
    return or_(never(), *found, sounds_like(text, rights, entity))


# --- checking ------------------------------------------------------------------------------------


def _condition(document: Any, entity: Entity, catalog: Catalog) -> Condition | None:
    if document is None:
        return None
    try:
        return parse(document, entity, catalog)
    except BadCondition as bad:
        raise BadRequest(
            _("The filter cannot be read."), errors={f"filter{at}": [message] for at, message in bad.problems}
        ) from None


def _sort_fields(sort: str, entity: Entity) -> list[tuple[str, bool]]:
    parts = [part.strip() for part in sort.split(",")]
    return [
        (part.removeprefix("-"), part.startswith("-")) for part in parts if part.removeprefix("-") not in META_SORTS
    ]


def _sort(sort: str, entity: Entity) -> tuple[tuple[str, bool], ...]:
    found: list[tuple[str, bool]] = []
    for part in sort.split(","):
        name, descending = part.strip().removeprefix("-"), part.strip().startswith("-")
        found.append((_sort_attribute(name, entity), descending))
    if len(found) > MOST_SORTS or len({name for name, _d in found}) < len(found):
        _bad("sort", _("Sort by at most five different fields."))
    return tuple(found)


def _sort_attribute(name: str, entity: Entity) -> str:
    if name in META_SORTS:
        return name
    known = [field.name for field in entity.fields if field.type.kind in SORTABLE]
    if name not in known:
        hint = suggestion(name, known)
        _bad(
            "sort",
            _("There is no field ${name} to sort by.${hint}", mapping={"name": name[:80], "hint": hint}),
        )
    field = entity.field(name)
    return field.name if "." in name else field.sort or field.column or field.name


def _default_sort(rights: Rights, entity: Entity) -> str:
    """The entity's own order, or that of the ids for a reader who may not sort by it."""
    may = all(rights.may_ask(entity, entity.field(name)) for name, _descending in _sort_fields(entity.sort, entity))
    return entity.sort if may else "id"


def _may_ask(rights: Rights, listed: Entity, entity: Entity, name: str) -> None:
    """Forbidden `FIELD` unless the reader may filter and sort by a field of the listed entity, or of one
    on the way from it: whose private fields only he may use who sees all of them.
    """
    field = meta_or_field(entity, name)
    is_private = bool(entity.public) and name not in entity.public
    sees = rights.may_ever(entity, "view") if entity is listed else rights.unlimited(entity, "view")
    if not rights.may_ask(entity, field) or (is_private and not sees):
        raise Forbidden(
            _("You may not filter or sort by ${name}.", mapping={"name": name}),
            code="FIELD",
            errors={name: [_("You may not filter or sort by ${name}.", mapping={"name": name})]},
        )


def _bad(parameter: str, message: str) -> NoReturn:
    raise BadRequest(_("The query cannot be read."), errors={parameter: [message]})


# --- keys and cursors ----------------------------------------------------------------------------


@dataclass(frozen=True)
class _Key:
    """One of the values that records are ordered by; `of` reads it from a record."""

    column: Any
    descending: bool
    nullable: bool
    of: Callable[[Any], Any]


def _keys(wanted: Ask) -> list[_Key]:
    names = [name for name, _descending in wanted.sort]
    order = wanted.sort if "id" in names else (*wanted.sort, ("id", False))
    return [_key(wanted.entity, name, descending) for name, descending in order]


def _key(entity: Entity, name: str, descending: bool) -> _Key:
    if "." in name:
        field = entity.field(name)
        return _Key(places.column(entity.model, field), descending, True, lambda record: places.get(record, field))
    column: Any = getattr(entity.model, name)
    return _Key(column, descending, column.property.columns[0].nullable, attrgetter(name))


def _beyond(keys: Sequence[_Key], values: Sequence[Any]) -> ColumnElement[bool]:
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


def write_cursor(wanted: Ask, last: Any) -> str:
    """Where the page ended, for the client to send back."""
    names = [[name, descending] for name, descending in wanted.sort]
    values = [_plain(key.of(last)) for key in _keys(wanted)]
    text = json.dumps([names, values], ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read_cursor(cursor: str, entity: Entity, sort: tuple[tuple[str, bool], ...]) -> tuple[Any, ...]:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        names, values = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        if tuple((name, descending) for name, descending in names) != sort:
            raise ValueError("another order")
        keys = _keys(Ask(entity, sort=sort))
        if len(values) != len(keys):
            raise ValueError("another number of keys")
        return tuple(_typed(key, value) for key, value in zip(keys, values, strict=True))
    except (ValueError, TypeError, binascii.Error, RecursionError, ArithmeticError):
        _bad("cursor", _("This cursor is not from this list. Start without one."))


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, dt.date) else str(value) if isinstance(value, Decimal) else value


def _typed(key: _Key, value: Any) -> Any:
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
