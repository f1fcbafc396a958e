"""Indexes the records that were written before their field was: after an upgrade, or another plugin's coming."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from sqlalchemy import bindparam, delete, func, insert, inspect, select, update

from core.db.guard import unscoped
from core.db.tokens import tokens
from core.entities.finding import Indexed, indexed
from core.models import SearchField, SearchToken
from core.security.catalog import Catalog
from core.services.chunks import stored
from core.services.search.index import Entry, add
from core.services.stamp import derived_columns
from core.services.work import Kernel, Work

CHUNK = 1000  # records in one transaction
_fields: Any = SearchField.__table__
_tokens: Any = SearchToken.__table__


def missing(work: Work) -> list[str]:
    """The entities of which some searchable field is not, or not completely, in the index."""
    rows = unscoped(work.connection, select(_fields.c.id).where(_fields.c.reached.is_(None)))
    complete = set(rows.scalars())
    return [key for key, forms in _all(work.kernel.catalog).items() if any(one.number not in complete for one in forms)]


def settle(work: Work) -> None:
    """Take the entities that have no records yet for completely indexed."""
    run = partial(unscoped, work.connection)
    for key in missing(work):
        if run(select(inspect(work.kernel.catalog[key].model).local_table.c.id).limit(1)).first() is None:
            _begin(work, key, reached=None)


def begin(kernel: Kernel) -> None:
    """Empty the index: from here on searches find without it, until `rebuild` is through."""
    for key in _all(kernel.catalog):
        kernel.run(partial(_begin, key=key), write=True)


def rebuild(kernel: Kernel, progress: Callable[[int], None] = lambda records: None) -> None:
    """Index all that is missing, a chunk of records in each transaction; an interrupted run is gone on with.

    Folded texts and sort keys that are not what the program would write now are written anew on the
    way, without a new version. `progress` hears how many records more are through.
    """
    for key in kernel.run(missing, write=False) or []:
        if not kernel.run(partial(_is_begun, key=key), write=False):
            kernel.run(partial(_begin, key=key), write=True)
        for number in _chunks(kernel, key):
            progress(number)


def count(work: Work, keys: list[str]) -> int:
    """How many records `rebuild` has to go through at most."""
    tables: list[Any] = [inspect(work.kernel.catalog[key].model).local_table for key in keys]
    counted = (unscoped(work.connection, select(func.count()).select_from(table)) for table in tables)
    return sum(result.scalar_one() for result in counted)


def _all(catalog: Catalog) -> dict[str, tuple[Indexed, ...]]:
    return {entity.key: forms for entity in catalog if (forms := indexed(catalog, entity.key))}


def _is_begun(work: Work, key: str) -> bool:
    """Whether all fields of the entity are in the index, completely or up to the same record."""
    numbers = {one.number for one in indexed(work.kernel.catalog, key)}
    rows = unscoped(work.connection, select(_fields.c.id, _fields.c.reached))
    known = {number: reached for number, reached in rows if number in numbers}
    return known.keys() == numbers and len(set(known.values())) == 1


def _begin(work: Work, key: str, reached: int | None = 0) -> None:
    run = partial(unscoped, work.connection)
    forms = indexed(work.kernel.catalog, key)
    numbers = {*run(select(_fields.c.id).where(_fields.c.entity == key)).scalars(), *(one.number for one in forms)}
    run(delete(_tokens).where(_tokens.c.field.in_(numbers)))
    run(delete(_fields).where(_fields.c.id.in_(numbers)))
    run(
        insert(_fields),
        [{"id": one.number, "entity": key, "name": one.field.name, "reached": reached} for one in forms],
    )


def _chunks(kernel: Kernel, key: str) -> Iterator[int]:
    while True:
        done = stored(kernel, partial(_chunk, key=key))
        if done:
            yield done
        if done < CHUNK:
            return


def _chunk(work: Work, key: str) -> int:
    """Index the next records and note how far it has come. Returns how many there were."""
    run = partial(unscoped, work.connection)
    forms = indexed(work.kernel.catalog, key)
    model: Any = work.kernel.catalog[key].model
    table: Any = inspect(model).local_table
    numbers = [one.number for one in forms]
    reached = run(select(func.min(_fields.c.reached)).where(_fields.c.id.in_(numbers))).scalar()
    if reached is None:
        return 0  # somebody else has come to the end
    sources = derived_columns(model)
    columns = {name: inspect(model).columns[name] for source, target, *_rest in sources for name in (source, target)}
    statement = select(table.c.id, *(column.label(name) for name, column in columns.items()))
    rows = run(statement.where(table.c.id > reached).order_by(table.c.id).limit(CHUNK).with_for_update()).mappings()
    found = rows.all()
    changed: list[dict[str, Any]] = []
    entries: list[Entry] = []
    for row in found:
        now = {target: derive(row[source]) for source, target, derive in sources}
        if any(row[target] != text for target, text in now.items()):
            changed.append({"record": row["id"], **{f"new_{target}": text for target, text in now.items()}})
        for one in forms:
            entries += [(one.number, token, row["id"]) for token in tokens(one.form, now[one.column])]
    if changed:
        values: dict[Any, Any] = {columns[target]: bindparam(f"new_{target}") for _source, target, _derive in sources}
        run(update(table).where(table.c.id == bindparam("record")).values(values), changed)
    add(work.connection, entries)
    come_to = found[-1]["id"] if len(found) == CHUNK else None
    run(update(_fields).where(_fields.c.id.in_(numbers)).values(reached=come_to))
    return len(found)
