"""Records as a flush finds and leaves them, for the journal: field by field, what was and what is.

An object does not always know what is stored of it. A set of references holds those members that the
writer sees; an attribute that was set before it was read has forgotten what was there; a relationship
sets its key only while the flush runs. What an object does not know is read from its row, in one
statement for all records of a kind.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Table, inspect, select
from sqlalchemy.orm import Session
from sqlalchemy.orm.base import NO_VALUE

from core.db.base import stored_id
from core.db.guard import unscoped
from core.entities.past import BINNED
from core.fields import Moment
from core.security import places
from core.security.catalog import Catalog, attribute_names
from core.security.judge import changed_attributes
from plugins import Entity, Field

_MOMENT = Moment()


class Images:
    """The records of one flush, before and after it."""

    def __init__(self, session: Session, catalog: Catalog) -> None:
        self._session, self._catalog = session, catalog
        self._old: dict[tuple[Any, str], Any] = {}
        self._new: dict[tuple[Any, str], Any] = {}

    def remember(self, dirty: Iterable[Any], deleted: Iterable[Any]) -> None:
        """Read what the objects do not know of their rows, before these are overwritten or gone."""
        unknown: dict[tuple[type, str], list[Any]] = defaultdict(list)
        for obj in dirty:
            for name in changed_attributes(obj):
                if name in inspect(type(obj)).relationships or _is_unknown(obj, name):
                    unknown[type(obj), name].append(obj)
        self._read(unknown, self._old)
        sets: dict[tuple[type, str], list[Any]] = defaultdict(list)
        for obj in deleted:
            for name, relation in inspect(type(obj)).relationships.items():
                if relation.secondary is not None:
                    sets[type(obj), name].append(obj)
        self._read(sets, self._new)

    def look_again(self, changed: Iterable[Any]) -> None:
        """Read the sets of references as they have become."""
        sets: dict[tuple[type, str], list[Any]] = defaultdict(list)
        for obj in changed:
            for name in changed_attributes(obj) & set(inspect(type(obj)).relationships.keys()):
                sets[type(obj), name].append(obj)
        self._read(sets, self._new)

    def _read(self, wanted: Mapping[tuple[type, str], list[Any]], into: dict[tuple[Any, str], Any]) -> None:
        for (model, name), objects in wanted.items():
            ids = {stored_id(obj): obj for obj in objects}
            relation: Any = inspect(model).relationships.get(name)
            if relation is None:
                column: Any = inspect(model).column_attrs[name].columns[0]
                rows = self._run(select(column.table.c.id, column).where(column.table.c.id.in_(list(ids))))
                into.update({(ids[row[0]], name): row[1] for row in rows})
            elif isinstance(relation.secondary, Table):
                ((_mine, own),), ((_theirs, other),) = relation.synchronize_pairs, relation.secondary_synchronize_pairs
                into.update({(obj, name): [] for obj in objects})
                for owner, member in self._run(select(own, other).where(own.in_(list(ids))).order_by(other)):
                    into[ids[owner], name].append(member)

    def _run(self, statement: Any) -> Any:
        return unscoped(self._session.connection(), statement)

    def changes(self, entity: Entity, obj: Any, kind: str) -> Iterator[dict[str, Any]]:
        """`{field, old, new}` of each field that a `create`, `edit` or `delete` has changed."""
        if kind == "create":
            yield from self._first(entity, obj)
            return
        names, computed = attribute_names(entity), _computed(entity)
        for field in entity.fields:
            if kind == "edit" and field.name in computed:
                name = names[field.name]
                old, new = stored(field, self._computed_before(obj, name)), self._is(field, obj, name)
                if old != new:
                    yield {"field": field.name, "old": old, "new": new}
                continue
            holder, name = places.holder(obj, field, look=kind == "delete"), names[field.name]
            state = None if holder is None else inspect(holder).attrs.get(name)
            if kind == "edit" and (state is None or not state.history.has_changes()):
                continue  # not even read: it may never have been loaded
            old, new = None, self._is(field, holder, name)
            if kind == "delete":
                old, new = new, None
            elif kind == "edit":
                old = self._was(field, holder, name, state)
            if old != new:
                yield {"field": field.name, "old": old, "new": new}
        binned = inspect(obj).attrs.get(BINNED)
        if kind == "edit" and binned is not None and binned.history.has_changes():
            before = self._old.get((obj, BINNED), next(iter(binned.history.deleted or ()), None))
            yield {"field": BINNED, "old": exact(before), "new": exact(obj.deleted_at)}

    def as_they_are(self, entity: Entity, obj: Any) -> Iterator[dict[str, Any]]:
        """The fields of a record that a change leaves alone, old and new the same."""
        for field, name in ((field, attribute_names(entity)[field.name]) for field in entity.fields):
            if not inspect(obj).attrs[name].history.has_changes():
                value = self._is(field, obj, name)
                yield {"field": field.name, "old": value, "new": value}

    def _first(self, entity: Entity, obj: Any) -> Iterator[dict[str, Any]]:
        """What a new record begins with. Quick: an import makes a million of them."""
        for field, name, is_own, is_computed in _laid_out(entity):
            holder = obj if is_own else places.holder(obj, field)
            given = {} if holder is None else vars(holder)  # what was never set is not there
            if is_computed or given.get(name) is not None:
                new = self._is(field, holder, name)
                if new is not None:
                    yield {"field": field.name, "old": None, "new": new}

    def _computed_before(self, obj: Any, name: str) -> Any:
        """What a property said before: it is asked of the columns as they were."""
        attributes = inspect(obj).attrs
        columns = inspect(type(obj)).column_attrs.keys()
        row = {
            column: self._old.get((obj, column), next(iter(attributes[column].history.deleted or ()), None))
            if attributes[column].history.has_changes()
            else getattr(obj, column)
            for column in columns
        }
        return getattr(type(obj), name).fget(SimpleNamespace(**row))

    def _is(self, field: Field, obj: Any, name: str) -> Any:
        if field.type.kind != "references":
            return stored(field, None if obj is None else getattr(obj, name))
        if (obj, name) in self._new:
            return self._new[obj, name]
        return sorted(item.id for item in getattr(obj, name) or ())

    def _was(self, field: Field, obj: Any, name: str, state: Any) -> Any:
        if (obj, name) in self._old:
            old = self._old[obj, name]
            return old if field.type.kind == "references" else stored(field, old)
        history = state.history
        if field.type.kind == "references":
            return sorted(item.id for item in [*history.unchanged, *history.deleted])
        return stored(field, history.deleted[0]) if history.deleted else None


@cache
def _computed(entity: Entity) -> frozenset[str]:
    """Names of the fields that are properties over several columns, such as whom a share is for."""
    mapped: set[str] = set(inspect(entity.model).attrs.keys())
    names = attribute_names(entity)
    own = [field.name for field in entity.fields if places.is_own(field)]
    return frozenset(name for name in own if names[name] not in mapped)


@cache
def _laid_out(entity: Entity) -> tuple[tuple[Field, str, bool, bool], ...]:
    """Each field with its attribute, whether the record itself holds it, and whether it is such a property."""
    names, computed = attribute_names(entity), _computed(entity)
    return tuple((one, names[one.name], places.is_own(one), one.name in computed) for one in entity.fields)


def stored(field: Field, kept: Any) -> Any:
    """A value as the audit keeps it: in JSON, without loss. `kept` is what its attribute holds."""
    value = places.value_in(kept, field)
    return exact(value) if field.type.kind == "moment" else field.type.to_json(value)  # type: ignore[attr-defined]


def exact(moment: dt.datetime | None) -> str | None:
    """A moment to the microsecond, where it has any."""
    if moment is None or not moment.microsecond:
        return _MOMENT.to_json(moment)
    return moment.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")


def _is_unknown(obj: Any, name: str) -> bool:
    """Whether a changed column's old value was never loaded."""
    state: Any = inspect(obj)
    if name not in state.mapper.column_attrs:
        return False
    return name not in state.dict or state.committed_state.get(name) is NO_VALUE
