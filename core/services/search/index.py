"""Keeps the index in step: a write hook that notes what changed, written before it is read or committed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, inspect
from sqlalchemy.orm import Session

from core.db.base import stored_id
from core.db.guard import ALL, TABLES, unscoped
from core.db.tokens import tokens
from core.entities.finding import Indexed, indexed
from core.models import SearchToken
from core.security.catalog import Catalog

Entry = tuple[int, str, int]  # a field's number, a token, a record's id


class SearchIndex:
    """What one transaction changed. Stands behind Stamp, which derives the folded texts."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self._forms_of: dict[type, tuple[Indexed, ...]] = {}
        self._changes: list[tuple[Indexed, Any, str | None, str | None]] = []  # form, record, old and new text
        self._written = 0  # so many of them are in the database

    # --- as a write hook ------------------------------------------------------------------------

    def before(self, session: Session, new: list[Any], dirty: list[Any], deleted: list[Any]) -> None:
        for obj in new:
            for one in self._forms(obj):
                self._note(one, obj, None, getattr(obj, one.column))
        for obj in dirty:
            forms = self._forms(obj)
            states = inspect(obj).attrs if forms else {}
            for one in forms:
                history = states[one.column].history
                if history.has_changes():
                    self._note(one, obj, next(iter(history.deleted or ()), None), getattr(obj, one.column))
        for obj in deleted:
            for one in self._forms(obj):
                self._note(one, stored_id(obj), getattr(obj, one.column), None)

    def after(self, session: Session) -> None:
        """Ids are known now; the tokens are written together, once."""

    def _forms(self, obj: Any) -> tuple[Indexed, ...]:
        model = type(obj)
        found = self._forms_of.get(model)
        if found is None:
            entity = self.catalog.of_model(model)
            found = self._forms_of[model] = indexed(self.catalog, entity.key) if entity is not None else ()
        return found

    def _note(self, one: Indexed, record: Any, old: str | None, new: str | None) -> None:
        if old != new:
            self._changes.append((one, record, old, new))

    # --- as a collector -------------------------------------------------------------------------

    def mark(self) -> tuple[int, int]:
        """How far the noting and the writing have come, for `rewind`."""
        return len(self._changes), self._written

    def rewind(self, mark: tuple[int, int]) -> None:
        """A savepoint was rolled back, and with it the tokens that were written inside."""
        noted, self._written = mark
        del self._changes[noted:]

    def write(self, connection: Connection) -> None:
        """Bring the index to what has been flushed."""
        if self._written == len(self._changes):
            return
        wanted: dict[Entry, bool] = {}
        for one, record, old, new in self._changes[self._written :]:
            number = one.number
            record_id = record if isinstance(record, int) else stored_id(record)
            has = tokens(one.form, new)
            for token in has:
                wanted[number, token, record_id] = True
            if old:
                for token in tokens(one.form, old) - has:
                    wanted[number, token, record_id] = False
        remove(connection, [entry for entry, is_there in wanted.items() if not is_there])
        add(connection, [entry for entry, is_there in wanted.items() if is_there])
        self._written = len(self._changes)


# --- the table -----------------------------------------------------------------------------------

_COLUMNS = "core_search_token (field, token, record_id)"


def add(connection: Connection, entries: list[Entry]) -> None:
    """Put tokens into the index; those that are there already stay."""
    if entries:
        entries.sort()  # neighbours go into the same page
        _ADD.get(connection.dialect.name, _add_anywhere)(connection, entries)


def _add_on_postgresql(connection: Connection, entries: list[Entry]) -> None:
    statement = f"INSERT INTO {_COLUMNS} SELECT * FROM unnest(%s::int[], %s::text[], %s::int[]) ON CONFLICT DO NOTHING"
    columns = tuple(map(list, zip(*entries, strict=True)))
    connection.exec_driver_sql(statement, columns, execution_options={TABLES: ALL})


def _add_by_driver(statement: str, connection: Connection, entries: list[Entry]) -> None:
    connection.exec_driver_sql(statement, entries, execution_options={TABLES: ALL})


def _add_anywhere(connection: Connection, entries: list[Entry]) -> None:
    rows = [dict(zip(("field", "token", "record_id"), entry, strict=True)) for entry in entries]
    unscoped(connection, insert(SearchToken), rows)


_IGNORE = partial(_add_by_driver, f"INSERT IGNORE INTO {_COLUMNS} VALUES (%s, %s, %s)")
_ADD: Mapping[str, Callable[[Connection, list[Entry]], None]] = {
    "sqlite": partial(_add_by_driver, f"INSERT OR IGNORE INTO {_COLUMNS} VALUES (?, ?, ?)"),
    "postgresql": _add_on_postgresql,
    "mariadb": _IGNORE,
    "mysql": _IGNORE,
}


def remove(connection: Connection, entries: Iterable[Entry]) -> None:
    """Take tokens out of the index."""
    rows = [{"f": number, "t": token, "r": record_id} for number, token, record_id in entries]
    if rows:
        table: Any = SearchToken.__table__
        gone = delete(table).where(
            table.c.field == bindparam("f"), table.c.token == bindparam("t"), table.c.record_id == bindparam("r")
        )
        unscoped(connection, gone, rows)
