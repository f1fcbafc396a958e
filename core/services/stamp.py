"""Columns that a record gets by being written: version, who and when, folded names, how they are spoken, sort key."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from functools import cache, partial
from typing import Any

from sqlalchemy import inspect
from sqlalchemy.orm import Session

from core.db.base import Record
from core.db.extension import Extension, record_of
from core.db.folding import sort_key, spoken
from core.security.catalog import Catalog, attribute_name, columns_behind
from core.security.conditions.syntax import FOLDS
from core.security.judge import changed_attributes
from core.security.places import is_in
from plugins import Field


class Stamp:
    """The first write hook of every session. A record's version rises once per transaction.

    What changes only by a plugin's row beside it is added to `dirty`, for the hooks that follow.
    """

    def __init__(self, catalog: Callable[[], Catalog], actor_id: int | None, now: dt.datetime) -> None:
        self.catalog, self.actor_id, self.now = catalog, actor_id, now
        self._risen: dict[Any, None] = {}  # in order, so that the end of it can be forgotten

    def before(self, session: Session, new: list[Any], dirty: list[Any], deleted: list[Any]) -> None:
        for obj in new:
            if isinstance(obj, Record):
                obj.version = 1
                obj.created_at = obj.created_at or self.now
                obj.created_by_id = obj.created_by_id or self.actor_id
                obj.updated_at, obj.updated_by_id = obj.created_at, obj.created_by_id
                self._risen[obj] = None
                _derive(obj, vars(obj).get)  # what it was not given is empty
        touched = self._touched(session, new, dirty)
        dirty.extend(obj for obj in touched if obj not in dirty)
        for obj in dirty:
            if getattr(obj, "merged_into_id", None) is not None and obj.deleted_at is None:
                obj.merged_into_id = None  # what is back is itself again
            if isinstance(obj, Record):
                shown = obj in touched or changed_attributes(obj) & self._shown(type(obj))
                if obj not in self._risen and shown:
                    obj.version += 1
                    obj.updated_at, obj.updated_by_id = self.now, self.actor_id
                    self._risen[obj] = None
                _derive(obj, partial(getattr, obj))

    def after(self, session: Session) -> None:
        """Nothing is left to do."""

    def mark(self) -> int:
        """How many records have risen, for `rewind`."""
        return len(self._risen)

    def rewind(self, mark: int) -> None:
        """These did not rise: a savepoint was rolled back."""
        for obj in list(self._risen)[mark:]:
            del self._risen[obj]

    def _touched(self, session: Session, new: list[Any], dirty: list[Any]) -> list[Any]:
        """Stored records that change because a plugin's row beside them does."""
        touched = []
        for row in (*new, *dirty):
            if isinstance(row, Extension):
                record = record_of(session, row)
                names = {attribute_name(field) for field in self._fields(row) if is_in(type(row), field)}
                if record is not None and inspect(record).persistent and changed_attributes(row) & names:
                    touched.append(record)
        return touched

    def _fields(self, row: Extension) -> Iterable[Field]:
        entity = self.catalog().extended_by(type(row))
        return entity.fields if entity else ()

    def _shown(self, model: type) -> set[str]:
        entity = self.catalog().of_model(model)
        fields = [field for field in entity.fields if is_in(model, field)] if entity else []
        names = {name for field in fields for name in columns_behind(field)}  # verbs write read-only ones
        return names | {"deleted_at", "state"}


def _derive(obj: Any, read: Callable[[str], Any]) -> None:
    model: Any = type(obj)
    for source, target, derive in derived_columns(model):
        derived = derive(read(source))
        if read(target) != derived:
            setattr(obj, target, derived)


@cache
def derived_columns(model: Any) -> list[tuple[str, str, Callable[[str | None], str | None]]]:
    """Source, target and function of each derived column."""
    mapper: Any = inspect(model)
    found: list[tuple[str, str, Callable[[str | None], str | None]]] = []
    for attribute in mapper.column_attrs:
        name, column = attribute.key, attribute.columns[0]
        if "derived" in column.info:
            source, derive = column.info["derived"]
            found.append((source, name, partial(_cut, derive, column.type.length)))
        elif name == "sort_key":
            found.append(("name", name, partial(_cut, sort_key, column.type.length)))
        elif name.endswith("_folded"):
            fold = FOLDS[column.info.get("fold", "text")]
            found.append((name.removesuffix("_folded"), name, partial(_cut, fold, column.type.length)))
        elif name.endswith("_spoken"):
            found.append((name.removesuffix("_spoken"), name, partial(_cut, spoken, column.type.length)))
    return found


def _cut(derive: Callable[[str], str | None], length: int, value: str | None) -> str | None:
    """Folding makes a few characters longer, one of them 18 times: what does not fit goes."""
    derived = None if value is None else derive(value)
    return derived and derived[:length]
