"""The models of plugins, loaded so that a fault in them stays their own.

Mapped classes and tables belong to the process. A plugin whose models cannot be mapped is therefore
taken out again, as if it had never been imported; what it did to classes or tables of others cannot
be undone, so that nobody may go on.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from sqlalchemy.orm import Mapper, Relationship

from core.db import guard
from core.db.base import Base, metadata, registries
from plugins import ContractError, Manifest, PluginError
from plugins import load_models as import_models


def load_models(manifest: Manifest) -> None:
    """Import and configure a plugin's models. ContractError or PluginError, after all of it is undone."""
    Base.registry.configure()
    tables, foreign = set(metadata.tables), _shapes(manifest.name)
    try:
        import_models(manifest)
        _changes_nobody(manifest, foreign)
        wrong = [*_misnamed(manifest, metadata.tables.keys() - tables), *_looking_back(manifest)]
        if wrong:
            raise ContractError(f"plugin {manifest.name!r}: {'; '.join(wrong)}", manifest.name)
        _configure(manifest)
    except PluginError:
        unload(manifest, metadata.tables.keys() - tables)
        raise
    if len(metadata.tables) > len(tables):
        guard.forget_tables()


def unload(manifest: Manifest, tables: set[str]) -> None:
    """Forget a plugin's modules, classes and these tables."""
    for registry in registries.pop(manifest.name, ()):
        registry.dispose()
    for name in tables:
        metadata.remove(metadata.tables[name])
    for module in [name for name in sys.modules if name.startswith(f"{manifest.package}.")]:
        del sys.modules[module]
    guard.forget_tables()


def _configure(manifest: Manifest) -> None:
    for registry in registries.get(manifest.name, ()):
        try:
            registry.configure(cascade=True)
        except Exception as error:
            message = f"its models cannot be mapped: {type(error).__name__}: {error}"
            raise PluginError(f"plugin {manifest.name!r}: {message}", manifest.name) from error


def _misnamed(manifest: Manifest, tables: set[str]) -> Iterator[str]:
    for name in sorted(tables):
        if not name.startswith(f"{manifest.name}_"):
            yield f"its table {name!r} must be named {manifest.name}_…"


def _looking_back(manifest: Manifest) -> Iterator[str]:
    """A backref would plant an attribute on a class of somebody else, which outlives the plugin."""
    for mapper in _mappers(manifest.name):
        for key, attribute in mapper.class_manager.items():
            relationship = getattr(attribute.comparator, "prop", None)
            if isinstance(relationship, Relationship) and relationship.backref is not None:
                yield f"{mapper.class_.__name__}.{key} has a backref; relationships point one way, away from the plugin"


def _changes_nobody(manifest: Manifest, before: dict[str, set[str]]) -> None:
    now = _shapes(manifest.name)
    changed = sorted(f"{owner}.{name}" for owner in before for name in now[owner] - before[owner])
    if changed:
        # Without a plugin to blame: leaving it out would not take this back.
        raise ContractError(
            f"plugin {manifest.name!r} adds {', '.join(changed)}: nobody changes another's classes or tables;"
            " use a table of your own"
        )


def _shapes(name: str) -> dict[str, set[str]]:
    """The columns of each table and the attributes of each class that are not this plugin's."""
    shapes = {
        table.name: {column.name for column in table.columns}
        for table in metadata.tables.values()
        if not table.name.startswith(f"{name}_")
    }
    for owner in {None, *registries} - {name}:
        for mapper in _mappers(owner):
            shapes[f"{mapper.class_.__module__}.{mapper.class_.__name__}"] = set(mapper.class_manager)
    return shapes


def _mappers(owner: str | None) -> list[Mapper]:
    """The mapped classes of a plugin, or the kernel's."""
    own = [Base.registry] if owner is None else registries.get(owner, [])
    return [mapper for registry in own for mapper in registry.mappers]
