"""From a list request to one SELECT; its order and its pages are those of `ordering`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from sqlalchemy import ColumnElement, Select, func, or_, select

from core.db.guard import never
from core.entities.finding import Offered, Place, may_search, sounds_like
from core.entities.ordering import META_SORTS, BadCursor, Sort, is_sortable, ordered, read_cursor, told_by
from core.errors import BadRequest, Forbidden
from core.fields import BadValue, Text
from core.i18n import _, suggestion
from core.security import places
from core.security.catalog import Catalog, meta_or_field
from core.security.conditions import BadCondition, Condition, SqlContext, parse, to_sql
from core.security.rights import Rights
from core.security.scope import ACTION, FOR, GRANTED, ROWS
from plugins import Entity, Field

LIMIT = 50
MOST = 500
_LONGEST = 1000  # characters that are searched for
GROUPABLE = ("choice", "boolean", "reference")
MOST_SORTS = 5


@dataclass(frozen=True)
class Ask:
    """What a list is asked for, already checked.

    `sort` holds names and whether each goes down; `places` those of the search index through which all that is
    asked for can be reached, none: not through the index.
    """

    entity: Entity
    condition: Condition | None = None
    text: str | None = None
    sort: Sort = ()
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
    keys = _sort(sort, entity, rights.catalog)
    asked += [one for name, _descending in keys for one in told_in_order(entity, name, rights.catalog)]
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
        None if cursor is None else _cursor(cursor, entity, keys, rights.catalog),
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
    statement = ordered(statement, wanted.entity, wanted.sort, rights.catalog, wanted.cursor)
    return statement.limit(wanted.limit + 1)


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


def _sort(sort: str, entity: Entity, catalog: Catalog) -> Sort:
    found: list[tuple[str, bool]] = []
    for part in sort.split(","):
        name, descending = part.strip().removeprefix("-"), part.strip().startswith("-")
        if not is_sortable(entity, name, catalog):
            known = [field.name for field in entity.fields if is_sortable(entity, field.name, catalog)]
            hint = suggestion(name, known)
            _bad(
                "sort",
                _("There is no field ${name} to sort by.${hint}", mapping={"name": name[:80], "hint": hint}),
            )
        found.append((name, descending))
    if len(found) > MOST_SORTS or len({name for name, _d in found}) < len(found):
        _bad("sort", _("Sort by at most five different fields."))
    return tuple(found)


def told_in_order(entity: Entity, name: str, catalog: Catalog) -> list[tuple[str, str]]:
    """The fields, each with its entity's key, that an order by that name tells something about."""
    if name in META_SORTS:
        return []
    field = entity.field(name)
    told = told_by(field, catalog) if field.type.kind == "reference" else None
    return [(entity.key, name), *([(told[0].key, told[1].name)] if told is not None else [])]


def _default_sort(rights: Rights, entity: Entity) -> str:
    """The entity's own order, or that of the ids for a reader who may not sort by it."""
    keys = _sort(entity.sort, entity, rights.catalog)
    may = all(rights.may_ask(entity, entity.field(name)) for name, _down in keys if name not in META_SORTS)
    return entity.sort if may else "id"


def _cursor(cursor: str, entity: Entity, sort: Sort, catalog: Catalog) -> tuple[Any, ...]:
    try:
        return read_cursor(cursor, entity, sort, catalog)
    except BadCursor:
        _bad("cursor", _("This cursor is not from this list. Start without one."))


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
