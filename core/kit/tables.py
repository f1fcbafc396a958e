"""The plugin's tables: that they are its own, and what its migrations make of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import NullPool, create_engine, inspect
from sqlalchemy.orm import Relationship

from core.db.base import MAX_IDENTIFIER, AttachedTo, CustomerScoped, Involving, RecordScoped, metadata, registries
from core.db.extension import Extension
from core.kit.bench import Bench
from core.kit.finding import Finding
from core.migrations import leaving, runner
from plugins.manifest import parse_dependency

SCOPED = (CustomerScoped, RecordScoped, AttachedTo, Involving, Extension)


def models(bench: Bench) -> Iterator[Finding]:
    depends = {parse_dependency(text)[0] for text in bench.manifest.depends}
    for registry in registries.get(bench.name, ()):
        for mapper in sorted(registry.mappers, key=lambda mapper: mapper.class_.__name__):
            where = f"{mapper.class_.__module__}.{mapper.class_.__name__}"
            yield from _references(bench.name, depends, mapper, where)
            yield from _relationships(mapper, where)
            yield from _names(mapper.local_table, where)


def _references(name: str, depends: set[str], mapper: Any, where: str) -> Iterator[Finding]:
    for key in sorted(mapper.local_table.foreign_keys, key=lambda key: key.parent.name):
        target = key.column.table.name
        column = f"{where}.{key.parent.name}"
        owner = next((one for one in ("core", *sorted(depends)) if target.startswith(f"{one}_")), None)
        if target.startswith(f"{name}_"):
            continue
        if owner is None:
            yield Finding(
                f"{key.parent.name} refers to {target}, a table of a plugin that this one does not need",
                column,
                "while that plugin is not installed, the table is not there.",
                "name the plugin in depends, or keep the record's entity key and id without a foreign key.",
            )
        elif key.ondelete is None and not _of_people(mapper.class_, key.parent.name):
            yield Finding(
                f"{key.parent.name} refers to {target} and does not say what happens when that row is deleted",
                column,
                "while the plugin is off, the deletion would fail and nobody could mend it.",
                'say ForeignKey(…, ondelete="CASCADE") or ondelete="SET NULL".',
            )
        if target == "core_customer" and not issubclass(mapper.class_, SCOPED):
            yield Finding(
                f"{mapper.class_.__name__} belongs to a customer and everybody would see it",
                column,
                "rows about a customer are as confidential as the customer.",
                "inherit from CustomerScoped (seen with the customer) or RecordScoped (an owner of its own).",
            )


def _of_people(model: type, column: str) -> bool:
    """Whether the kernel's base class has made it: whom records name there stay, binned at most."""
    return issubclass(model, RecordScoped | Involving) and column in ("owner_id", "unit_id", "assignee_id")


def _relationships(mapper: Any, where: str) -> Iterator[Finding]:
    for relationship in mapper.relationships:
        if isinstance(relationship, Relationship) and relationship.lazy not in ("raise_on_sql", "raise", "noload"):
            yield Finding(
                f"{relationship.key} is loaded silently, a statement for each row (lazy={relationship.lazy!r})",
                f"{where}.{relationship.key}",
                "a list of fifty rows then takes fifty statements.",
                'say relationship(lazy="raise_on_sql") and load it with selectinload where it is needed.',
            )


def _names(table: Any, where: str) -> Iterator[Finding]:
    named = [table.name, *(column.name for column in table.columns)]
    named += [str(one.name) for one in (*table.indexes, *table.constraints) if one.name]
    for name in named:
        if len(name) > MAX_IDENTIFIER:
            yield Finding(
                f"the name {name!r} has {len(name)} characters",
                where,
                f"some databases take at most {MAX_IDENTIFIER}.",
                "choose a shorter one; leave indexes and constraints without a name, they get one.",
            )


def migrations(bench: Bench) -> Iterator[Finding]:
    own = [table for table in metadata.tables if table.startswith(f"{bench.name}_")]
    folder = bench.root / (bench.manifest.migrations or ":migrations").lstrip(":") / "versions"
    if bench.manifest.migrations is None:
        if own:
            yield _no_migration(bench.name, own, folder)
        return
    try:
        changes = bench.differences
    except Exception as error:  # whatever a migration does, the author must be told in a sentence
        yield Finding(
            f"the migrations fail on an empty database: {error}",
            str(folder),
            "nobody can switch the plugin on.",
            "mend the migration; each must build on the one before it, and there must be one last one.",
        )
        return
    if own and not any(folder.glob("[!_]*.py")):
        yield _no_migration(bench.name, own, folder)
    elif changes:
        yield Finding(
            f"the migrations do not make what the models say: {'; '.join(map(str, changes))}",
            str(folder),
            "the first statement that touches the difference fails.",
            f'run: kehu db revision {bench.name} -m "what changed".',
        )


def _no_migration(name: str, own: list[str], folder: Path) -> Finding:
    return Finding(
        f"there is no migration for {', '.join(sorted(own))}",
        str(folder),
        "the tables would never be made.",
        f'run: kehu db revision {name} -m "the first tables".',
    )


def purge(bench: Bench) -> Iterator[Finding]:
    url = f"sqlite:///{bench.folder / 'purged.db'}"
    needed = [manifest for manifest in bench.kernel.manifests if manifest.name != bench.name]
    runner.upgrade(url, needed)
    before = _tables(url)
    runner.upgrade(url, bench.kernel.manifests)
    leaving.purge(url, bench.name, bench.folder / "purged.zip")
    after = _tables(url)
    changed = sorted(name for name in before | after if before.get(name) != after.get(name))
    if changed:
        yield Finding(
            f"its migrations leave behind or change {', '.join(changed)}",
            f"plugin {bench.name}, migrations",
            "what is not named after the plugin belongs to somebody else and outlives it.",
            f"make tables named {bench.name}_… only, and alter no other.",
        )


def _tables(url: str) -> dict[str, Any]:
    """Every table with its columns, indexes and keys."""
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        look = inspect(connection)
        return {
            name: [repr(look.get_columns(name)), repr(look.get_indexes(name)), repr(look.get_foreign_keys(name))]
            for name in look.get_table_names()
        }
