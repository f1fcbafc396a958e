"""Boot: settings → plugins → declarations → one kernel.

A fault is raised, or quarantines its plugin: then everything is collected again without it, so that
nothing of it is left (`core.quarantine`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from core import quarantine
from core.clock import Clock
from core.db.database import Database
from core.db.engine import sqlite_path
from core.db.tenants import load_models
from core.describe import CorePlugin
from core.entities.soundness import faults_of, misshapen
from core.errors import KehuError
from core.faults import arm
from core.migrations import runner
from core.security.catalog import Catalog
from core.security.fitting import unknown_target, wrong_type
from core.security.others import extended
from core.security.store import RightsStore
from core.services import events, lifecycle, setup
from core.services.binning import restorable
from core.services.jobs import schedule
from core.services.saved_views import name_of
from core.services.work import Kernel
from core.settings import Settings
from plugins import (
    PROFILES,
    Card,
    Column,
    ContractError,
    Entity,
    Event,
    Extension,
    Fault,
    Field,
    Found,
    Job,
    ListView,
    Manager,
    Manifest,
    Panel,
    PluginError,
    Registry,
    Subscriber,
    discover,
    load_hooks,
)
from plugins.errors import did_you_mean

NOT_SET_UP = "this site is not set up yet; run: kehu init"


@dataclass(frozen=True)
class Declarations:
    """What all enabled plugins have declared, and their hooks."""

    hooks: Manager
    entities: Registry[Entity]
    extensions: Registry[Extension]
    panels: Registry[Panel]
    cards: Registry[Card]
    columns: Registry[Column]
    list_views: Registry[ListView]
    jobs: Registry[Job]
    events: Registry[type[Event]]
    subscribers: Registry[Subscriber]

    def all(self) -> Iterator[Entity]:
        """The entities with the fields that plugins add to them, and the verb that brings back from the bin."""
        for entity in self.entities.values():
            for key in self.extensions:
                extension = self.extensions.get(key)
                if extension.of == entity.key:
                    owner = self.extensions.owner(key)
                    with _blamed(owner, key):
                        entity = extended(entity, owner, extension)
            yield restorable(entity)


def manifests(settings: Settings, found: dict[str, Found] | None = None) -> tuple[Manifest, ...]:
    """The enabled plugins' manifests in their order. Raises DependencyError with all problems."""
    return quarantine.choose(settings, discover() if found is None else found)[0]


def boot(settings: Settings, enabled: Sequence[Manifest] | None = None, faults: tuple[Fault, ...] = ()) -> Kernel:
    """The kernel of one application, its registries closed: with the plugins that the settings name, or these.

    `faults` is what is known already of others. Raises PluginError as `core.quarantine` decides.
    """
    arm(settings)
    if enabled is None:
        enabled, faults = quarantine.choose(settings, discover())
    ordered = tuple(enabled)
    while True:
        try:
            declared = declarations(ordered)
            catalog = Catalog(declared.all())
            break
        except PluginError as error:
            ordered, more = quarantine.leave_out(settings, ordered, error)
            faults += more
    return Kernel(
        settings=settings,
        manifests=ordered,
        database=Database(settings.database_url),
        catalog=catalog,
        extensions=declared.extensions,
        panels=declared.panels,
        cards=declared.cards,
        columns=declared.columns,
        list_views=declared.list_views,
        jobs=declared.jobs,
        events=declared.events,
        subscribers=declared.subscribers,
        store=RightsStore(catalog, settings.time_zone),
        clock=Clock(settings),
        hooks=declared.hooks,
        faults=faults,
    )


def without(kernel: Kernel, error: PluginError, mend: str = "") -> Kernel:
    """The kernel anew, without the plugin that has failed. Raises as `core.quarantine` decides."""
    ordered, faults = quarantine.leave_out(kernel.settings, kernel.manifests, error, mend)
    kernel.database.dispose()
    return boot(kernel.settings, ordered, kernel.faults + faults)


def ready(kernel: Kernel) -> Kernel:
    """The kernel of a site whose database is there, current and set up; a plugin's tables may be behind
    where the site quarantines: then it is off. KehuError otherwise.
    """
    file = sqlite_path(kernel.database.engine)
    if file is not None and not file.exists():  # to look into it would make it
        raise KehuError(NOT_SET_UP)
    behind = [one for one in runner.standing(kernel.settings.database_url, kernel.manifests) if not one.is_current]
    if any(one.plugin == "core" and one.current is None for one in behind):
        raise KehuError(NOT_SET_UP)
    if behind and (behind[0].plugin == "core" or not kernel.settings.quarantines):
        names = ", ".join(one.plugin for one in behind)
        raise KehuError(f"the database is behind the program ({names}); run: kehu db upgrade")
    for one in behind:
        if any(manifest.name == one.plugin for manifest in kernel.manifests):  # it may be off with another already
            stands = f"its tables are at {one.current or 'nothing'}, its code is at {one.head}"
            kernel = without(
                kernel, PluginError(stands, one.plugin), f"run: kehu db upgrade, or: kehu plugin disable {one.plugin}"
            )
    if not kernel.run(setup.is_set_up, write=False):
        raise KehuError(NOT_SET_UP)
    return _synced(kernel)


def _synced(kernel: Kernel) -> Kernel:
    """The kernel once the database knows which plugins run, and they have got what is theirs."""
    restricting = kernel.run(lifecycle.restricting, write=False) or set()
    quarantine.refuse_without(sorted(restricting & {fault.plugin for fault in kernel.faults}))
    while True:
        try:
            if not kernel.run(lifecycle.is_synced, write=False):
                kernel.run(lifecycle.sync, write=True)
            return kernel
        except PluginError as error:
            kernel = without(kernel, error)


def declarations(ordered: Sequence[Manifest]) -> Declarations:
    """Collect and check what the plugins declare: keys are unique, foreign entities are there."""
    manager = Manager()
    manager.register(lifecycle.CORE, CorePlugin())
    for manifest in ordered:
        load_models(manifest)
        manager.register(manifest, load_hooks(manifest))
    declared = Declarations(
        manager,
        Registry("entity"),
        Registry("extension"),
        Registry("panel"),
        Registry("card"),
        Registry("column"),
        Registry("list view"),
        Registry("job"),
        Registry("event"),
        Registry("subscriber"),
    )
    registries: tuple[tuple[str, type, Registry[Any]], ...] = (
        ("register_entities", Entity, declared.entities),
        ("register_extensions", Extension, declared.extensions),
        ("register_panels", Panel, declared.panels),
        ("register_cards", Card, declared.cards),
        ("register_columns", Column, declared.columns),
        ("register_list_views", ListView, declared.list_views),
        ("register_jobs", Job, declared.jobs),
        ("register_events", type, declared.events),
        ("register_subscribers", Subscriber, declared.subscribers),
    )
    for hook, kind, registry in registries:
        for item in manager.collect(hook):
            with _blamed(item.owner, f"what hook {hook!r} gives"):
                _check_kind(hook, kind, item.owner, item.value)
                registry.add(item.owner, _key(item.owner, item.value), item.value)
    _add_deliveries(declared)
    for _hook, _kind, registry in registries:
        registry.close()
    for subscriber in declared.subscribers.values():
        events.check_lane(subscriber, declared.subscribers.owner(subscriber.key))
    for column in declared.columns.values():
        if words := wrong_type(Field(column.key, column.type, column.title)):
            owner = declared.columns.owner(column.key)
            raise ContractError(f"plugin {owner!r}: column {words.removeprefix('field ')}", owner)
    for card in declared.cards.values():
        if unknown := set(card.profiles) - set(PROFILES):
            owner, words = declared.cards.owner(card.key), f"there is no profile {', '.join(sorted(unknown))}"
            raise ContractError(f"plugin {owner!r}: card {card.key}: {words}; there are {', '.join(PROFILES)}", owner)
    _check_entities(declared)
    _check_targets(declared, ordered)
    _check_list_views(declared)
    for job in declared.jobs.values():
        with _blamed(declared.jobs.owner(job.key), f"job {job.key}"):
            schedule.check(job, declared.jobs.owner(job.key))
    return declared


@contextmanager
def _blamed(owner: str, what: str) -> Iterator[None]:
    """What fails while a declaration is looked at is its plugin's fault, and not the end of the site."""
    try:
        yield
    except PluginError:
        raise
    except Exception as error:
        message = f"plugin {owner!r}: {what} cannot be used: {type(error).__name__}: {error}"
        raise ContractError(message, owner) from error


def _add_deliveries(declared: Declarations) -> None:
    """The jobs of the subscribers that act later, of those whose event is there."""
    for subscriber in declared.subscribers.values():
        if subscriber.lane == "later" and subscriber.event in declared.events:
            owner = declared.subscribers.owner(subscriber.key)
            job = events.delivery(subscriber, declared.events.get(subscriber.event))
            declared.jobs.add(owner, job.key, job)


def _check_kind(hook: str, kind: type[Any], owner: str, value: Any) -> None:
    if kind is type:
        events.check(value, owner)
    elif not isinstance(value, kind):
        message = f"hook {hook!r} gave {value!r:.80}, which is no {kind.__name__}"
        raise ContractError(f"plugin {owner!r}: {message}", owner)
    if not _key(owner, value).startswith(f"{owner}."):
        raise ContractError(f"plugin {owner!r}: the key {value.key!r} must begin with {owner}.", owner)


def _key(owner: str, value: Any) -> str:
    """What it is called; an extension, of which there is one for each entity, by its owner and entity."""
    return f"{owner}.extension of {value.of}" if isinstance(value, Extension) else str(value.key)


def _check_entities(declared: Declarations) -> None:
    known = list(declared.entities)
    for entity in declared.entities.values():
        owner = declared.entities.owner(entity.key)
        with _blamed(owner, f"entity {entity.key}"):
            wrong = faults_of(entity) or [*_lost(_all_fields(entity), known)]
        if wrong:
            raise ContractError(f"plugin {owner!r}: entity {entity.key}: {'; '.join(wrong)}", owner)
    for key, extension in ((key, declared.extensions.get(key)) for key in declared.extensions):
        owner = declared.extensions.owner(key)
        with _blamed(owner, key):
            wrong = [*misshapen(extension)] or [*_lost(extension.fields, known)]
        if wrong:
            raise ContractError(f"plugin {owner!r}: {key}: {'; '.join(wrong)}", owner)


def _all_fields(entity: Entity) -> Iterator[Field]:
    """Its fields, and the arguments of its verbs."""
    yield from entity.fields
    for verb in entity.verbs:
        yield from verb.arguments


def _lost(fields: Iterable[Field], known: list[str]) -> Iterator[str]:
    return (words for field in fields if not wrong_type(field) and (words := unknown_target(field, known)))


def _check_list_views(declared: Declarations) -> None:
    """What a list view goes by is there, and no two of a list are called the same."""
    entities = {entity.key: entity for entity in declared.all()}
    taken: dict[tuple[str, str], str] = {}
    for view in declared.list_views.values():
        entity, name = entities.get(view.entity), name_of(view)
        known = [field.name for field in entity.fields] if entity is not None else list(view.by)
        wrong = [f"{view.entity} has no field {one}{did_you_mean(one, known)}" for one in view.by if one not in known]
        first = taken.setdefault((view.entity, name), view.key)
        if first != view.key:
            wrong.append(f"{first} is the view {name} of {view.entity} already")
        if wrong:
            owner = declared.list_views.owner(view.key)
            raise ContractError(f"plugin {owner!r}: list view {view.key}: {'; '.join(wrong)}", owner)


def _check_targets(declared: Declarations, ordered: Sequence[Manifest]) -> None:
    """What is for an entity that is not there, or a subscriber to such an event, is an error,
    unless its plugin is only named in `after` and is off: then it waits until that plugin is on.
    """
    on = {manifest.name for manifest in ordered} | {lifecycle.CORE.name}
    soft = {manifest.name: set(manifest.after) - on for manifest in ordered}
    wrong: dict[str, list[str]] = {}
    extensions = ((key, declared.extensions.get(key).of) for key in declared.extensions)
    hanging: list[tuple[Registry[Any], str, str, Registry[Any]]] = [
        *((declared.extensions, key, entity, declared.entities) for key, entity in extensions),
        *((declared.panels, item.key, item.entity, declared.entities) for item in declared.panels.values()),
        *((declared.columns, item.key, item.entity, declared.entities) for item in declared.columns.values()),
        *((declared.list_views, item.key, item.entity, declared.entities) for item in declared.list_views.values()),
        *((declared.subscribers, item.key, item.event, declared.events) for item in declared.subscribers.values()),
    ]
    for registry, key, target, known in hanging:
        owner, home = registry.owner(key), target.partition(".")[0]
        if target not in known and home not in soft.get(owner, ()):
            what = f"{key} is for the {known.kind} {target}, which no enabled plugin has"
            hint = did_you_mean(target, known)
            if not hint and home == owner:
                hint = f"; return it from the hook register_{'events' if known.kind == 'event' else 'entities'}"
            elif not hint and home not in on:
                hint = f"; if it belongs to a plugin that may be off, name that in the manifest: after=({home!r},)"
            wrong.setdefault(owner, []).append(f"plugin {owner!r}: {what}{hint}")
    if wrong:
        # All at once, though only the first is to blame: the next boot without it names the others.
        raise ContractError("\n".join(line for lines in wrong.values() for line in lines), next(iter(wrong)))
