"""Where a field's value is: in a column of the record, in its custom values, or in a plugin's row beside it.

Whoever reads or writes a field of any entity goes through here, so that fields of others are like the
entity's own. In Python values are what the field's type parses; custom ones are kept as JSON holds
them: numbers and amounts as integers of 1/10 000, days as text.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    FromClause,
    cast,
    inspect,
    literal,
    literal_column,
    select,
    true,
    type_coerce,
)
from sqlalchemy.exc import CompileError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from core.db import extension
from core.db.guard import Limited, unlimited
from core.db.types import MONEY_UNIT, IsoDate, ScaledMoney, text
from core.security.catalog import attribute_name
from core.security.others import TEXT_LENGTH, CustomField, PluginField
from plugins import Field

_SCALED = ("number", "money")

# --- on a record -----------------------------------------------------------------------------------


def get(record: Any, field: Field) -> Any:
    """The field's value on a record."""
    if is_own(field):
        return getattr(record, attribute_name(field))
    held = holder(record, field, look=True)
    return None if held is None else value_in(getattr(held, attribute_name(field)), field)


def getter(field: Field) -> Callable[[Any], Any]:
    """The same as a function of the record, for many of them."""
    return kept_as(attribute_name(field)) if is_own(field) else lambda record: get(record, field)


def kept_as(name: str) -> Callable[[Any], Any]:
    """What reads an attribute of many records. One that is loaded lies in the record; asking the mapper takes
    twice as long.
    """

    def kept(record: Any) -> Any:
        try:
            return record.__dict__[name]
        except KeyError:
            return getattr(record, name)

    return kept


def put(record: Any, field: Field, value: Any) -> None:
    """Set the field on a record; a plugin's row is made when there is something to keep in it."""
    if isinstance(field, CustomField):
        kept = {key: known for key, known in (record.custom or {}).items() if key != field.key}
        record.custom = kept if value is None else kept | {field.key: _encoded(value)}
    elif isinstance(field, PluginField):
        if value is not None or extension.beside(record, field.model) is not None:
            setattr(extension.make_beside(record, field.model), attribute_name(field), value)
    else:
        setattr(record, attribute_name(field), value)


def holder(record: Any, field: Field, *, look: bool = False) -> Any:
    """The object whose attribute holds the field: the record or, if it is at hand, the row beside it.

    `look`: the row is looked up if it is not.
    """
    if isinstance(field, PluginField):
        return (extension.beside if look else extension.at_hand)(record, field.model)
    return record


def value_in(kept: Any, field: Field) -> Any:
    """The field's value in what its attribute holds."""
    return _decoded(field, (kept or {}).get(field.key)) if isinstance(field, CustomField) else kept


def is_in(model: type, field: Field) -> bool:
    """Whether a column of the model holds the field: of its record, or of a plugin's row beside it."""
    return field.model is model if isinstance(field, PluginField) else not issubclass(model, extension.Extension)


def is_own(field: Field) -> bool:
    """Whether the record itself holds the field, in a column of its own."""
    return not isinstance(field, CustomField | PluginField)


def load(session: Any, fields: Iterable[Field], records: Iterable[Any], *, fresh: bool = False) -> None:
    """Have what some fields of the records need at hand: a statement for each extension among them."""
    wanted = list(records)
    for model in dict.fromkeys(field.model for field in fields if isinstance(field, PluginField)):
        extension.load(session, model, wanted, fresh=fresh)


# --- in a row, as conditions read it ----------------------------------------------------------------


class Row(dict[Any, Any]):
    """The column attributes of a record; the rows beside it by their models, looked up when asked for."""

    def __init__(self, record: Any) -> None:
        super().__init__({item.key: getattr(record, item.key) for item in inspect(type(record)).column_attrs})
        self._record = record

    def __missing__(self, key: Any) -> Any:
        if not (isinstance(key, type) and issubclass(key, extension.Extension)):
            raise KeyError(key)
        row = extension.beside(self._record, key)
        self[key] = None if row is None else Row(row)
        return self[key]


def of_row(row: Mapping[Any, Any], field: Field) -> Any:
    """The field's value in a row."""
    held = row[field.model] if isinstance(field, PluginField) else row
    return None if held is None else value_in(held[attribute_name(field)], field)


def fill(row: dict[Any, Any], fields: Iterable[Field], values: Mapping[str, Any]) -> None:
    """Put the values of others' fields into the row of a record that is not there yet."""
    for field in (field for field in fields if not is_own(field)):
        if isinstance(field, PluginField):
            row.setdefault(field.model, None)
        if field.name in values and isinstance(field, CustomField):
            row["custom"] = (row["custom"] or {}) | {field.key: _encoded(values[field.name])}
        elif field.name in values and isinstance(field, PluginField):
            if row[field.model] is None:
                row[field.model] = dict.fromkeys(inspect(field.model).column_attrs.keys())
            row[field.model][attribute_name(field)] = values[field.name]


# --- in SQL ----------------------------------------------------------------------------------------


def column(source: Any, field: Field) -> Any:
    """The field's value as an expression on a mapped class, its table or an alias of either.

    Of a plugin's field it is a subselect of the one row beside each; where rows are looked for by
    such a field, `rows_beside` is better.
    """
    if isinstance(field, CustomField):
        return custom_value(_attribute(source, "custom"), field)
    if isinstance(field, PluginField):
        rows: Any = inspect(field.model).local_table.alias()
        found = select(rows.c[_column_name(field)]).where(Limited(rows.c, rows.c.id == _attribute(source, "id")))
        return found.correlate(source).scalar_subquery()
    return _attribute(source, attribute_name(field))


def rows_beside(field: PluginField, *, scoped: bool) -> tuple[Any, Any]:
    """A plugin's table to look in for the ids of records, and the criterion to set on it.

    The ids only ever meet those of rows that the reader sees, so all rows are looked at; where the
    tripwire reads a reader's statement (`scoped`), the criterion is the mark that says so.
    """
    if not scoped:
        return unlimited(field.model), true()
    rows: Any = inspect(field.model).local_table.alias()
    return rows, Limited(rows.c, literal_column("1") == literal_column("1"))


def custom_value(values: Any, field: CustomField) -> Any:
    """A custom field's value out of the JSON column, as an expression of the field's own type.

    On SQLite, PostgreSQL and MariaDB; elsewhere compiling it raises CompileError.
    """
    found = _Extract(values, literal(field.key))
    kind = field.type.kind
    if kind in _SCALED:
        return type_coerce(cast(found, BigInteger()), ScaledMoney())
    if kind == "boolean":
        return type_coerce(_Truth(values, literal(field.key)), Boolean())
    return type_coerce(found, IsoDate() if kind == "date" else text(TEXT_LENGTH))


class _Extract(FunctionElement[str]):
    """A value of a JSON object as text; null where there is none."""

    name = "kehu_custom_value"
    type = text(TEXT_LENGTH)
    inherit_cache = True


class _Truth(FunctionElement[bool]):
    """The same of true and false."""

    name = "kehu_custom_truth"
    type = Boolean()
    inherit_cache = True


@compiles(_Extract)
@compiles(_Truth)
def _elsewhere(element: Any, compiler: Any, **kw: Any) -> str:
    if compiler.dialect.name == "default":  # a statement that somebody prints
        return f"{element.name}({compiler.process(element.clauses, **kw)})"
    raise CompileError(f"custom fields cannot be asked for on {compiler.dialect.name}: not supported there yet")


@compiles(_Extract, "sqlite")
@compiles(_Truth, "sqlite")
def _on_sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    values, key = (compiler.process(part, **kw) for part in element.clauses)
    return f"json_extract({values}, '$.\"' || {key} || '\"')"


@compiles(_Extract, "postgresql")
def _on_postgresql(element: Any, compiler: Any, **kw: Any) -> str:
    values, key = (compiler.process(part, **kw) for part in element.clauses)
    return f'(({values} ->> {key}) COLLATE "C")'


@compiles(_Truth, "postgresql")
def _truth_on_postgresql(element: Any, compiler: Any, **kw: Any) -> str:
    return f"CAST({_on_postgresql(element, compiler, **kw)} AS BOOLEAN)"


@compiles(_Extract, "mysql", "mariadb")
def _on_mariadb(element: Any, compiler: Any, **kw: Any) -> str:
    values, key = (compiler.process(part, **kw) for part in element.clauses)
    return f"(JSON_VALUE({values}, CONCAT('$.\"', {key}, '\"')) COLLATE utf8mb4_nopad_bin)"


@compiles(_Truth, "mysql", "mariadb")
def _truth_on_mariadb(element: Any, compiler: Any, **kw: Any) -> str:
    return f"CAST({_on_mariadb(element, compiler, **kw)} AS SIGNED)"


def _attribute(source: Any, name: str) -> Any:
    return source.c[name] if isinstance(source, FromClause) else getattr(source, name)


def _column_name(field: PluginField) -> str:
    return str(inspect(field.model).columns[attribute_name(field)].key)


# --- as JSON keeps custom values -------------------------------------------------------------------


def _encoded(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value * MONEY_UNIT)
    return value.isoformat() if isinstance(value, dt.date) else value


def _decoded(field: CustomField, kept: Any) -> Any:
    if kept is None:
        return None
    if field.type.kind in _SCALED:
        return Decimal(kept) / MONEY_UNIT
    return dt.date.fromisoformat(kept) if field.type.kind == "date" else kept
