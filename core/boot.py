"""Boot: settings → plugins → entities → one kernel. Everything wrong is said at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core.clock import Clock
from core.db.database import Database
from core.describe import CorePlugin
from core.security.catalog import Catalog
from core.security.store import RightsStore
from core.services.work import Kernel
from core.settings import Settings, check_plugin_settings
from plugins import (
    Column,
    ContractError,
    Entity,
    Found,
    Manager,
    Manifest,
    Panel,
    Registry,
    discover,
    load_hooks,
    load_models,
    resolve,
)

CORE = Manifest(name="core", title="Kehu", version="0", models=None, migrations=None, templates=None, locale=None)


@dataclass(frozen=True)
class Declarations:
    """What all enabled plugins have declared."""

    entities: Registry[Entity]
    panels: Registry[Panel]
    columns: Registry[Column]
    hooks: Manager


def manifests(settings: Settings, found: dict[str, Found] | None = None) -> tuple[Manifest, ...]:
    """The enabled plugins' manifests in their order. Raises DependencyError with all problems."""
    enabled = resolve(discover() if found is None else found, settings.plugins)
    check_plugin_settings(settings, enabled)
    return enabled


def boot(settings: Settings, enabled: Sequence[Manifest] | None = None) -> Kernel:
    """The kernel of one application, its registries closed."""
    ordered = manifests(settings) if enabled is None else tuple(enabled)
    declared = declarations(ordered)
    catalog = Catalog(declared.entities.values())
    return Kernel(
        settings=settings,
        manifests=ordered,
        database=Database(settings.database_url),
        catalog=catalog,
        panels=declared.panels,
        columns=declared.columns,
        hooks=declared.hooks,
        store=RightsStore(catalog, settings.time_zone),
        clock=Clock(settings),
    )


def declarations(ordered: Sequence[Manifest]) -> Declarations:
    """Collect and check what the plugins declare: keys are unique, foreign entities are there."""
    manager = Manager()
    manager.register(CORE, CorePlugin())
    for manifest in ordered:
        load_models(manifest)
        manager.register(manifest, load_hooks(manifest))
    entities: Registry[Entity] = Registry("entity")
    panels: Registry[Panel] = Registry("panel")
    columns: Registry[Column] = Registry("column")
    registries: tuple[tuple[str, Registry[Any]], ...] = (
        ("register_entities", entities),
        ("register_panels", panels),
        ("register_columns", columns),
    )
    for hook, registry in registries:
        for item in manager.collect(hook):
            registry.add(item.owner, item.value.key, item.value)
        registry.close()
    _check_targets(entities, panels, columns, ordered)
    return Declarations(entities, panels, columns, manager)


def _check_targets(
    entities: Registry[Entity],
    panels: Registry[Panel],
    columns: Registry[Column],
    ordered: Sequence[Manifest],
) -> None:
    """A panel or column on an entity that is not there is an error, unless its plugin is only
    named in `after`: then it waits until that plugin is on.
    """
    soft = {manifest.name: set(manifest.after) for manifest in ordered}
    wrong = []
    for registry in (panels, columns):
        for item in registry.values():
            owner = registry.owner(item.key)
            if item.entity not in entities and item.entity.partition(".")[0] not in soft.get(owner, ()):
                wrong.append(f"plugin {owner!r}: {item.key} is for {item.entity}, which no enabled plugin has")
    if wrong:
        raise ContractError("\n".join(wrong))
