"""In what state each plugin is, for people who look after a site."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from .discovery import Found

State: TypeAlias = Literal["enabled", "available", "quarantined", "orphaned"]


@dataclass(frozen=True)
class PluginState:
    """`why` explains the state where it needs explaining, else it is empty."""

    name: str
    version: str
    state: State
    why: str = ""


@dataclass(frozen=True)
class Fault:
    """Why an enabled plugin is off: `why` and `mend` are sentences for whoever looks after the site.

    `where` is the file and line in the plugin that was to blame, `trace` the whole traceback; both may be empty.
    """

    plugin: str
    why: str
    mend: str
    where: str = ""
    trace: str = ""


def states(
    found: Mapping[str, Found], enabled: Collection[str], known: Iterable[str] = (), faults: Iterable[Fault] = ()
) -> list[PluginState]:
    """The state of every plugin that is found, enabled, or known to the database, by name.

    `known` holds the names of the plugins whose tables are in the database, `faults` what the boot has met.
    """
    kept, wrong = set(known), {fault.plugin: fault.why for fault in faults}
    names = sorted({*found, *enabled, *kept})
    return [_state(name, found.get(name), name in enabled, name in kept, wrong.get(name)) for name in names]


def _state(name: str, found: Found | None, enabled: bool, kept: bool, fault: str | None) -> PluginState:
    if found is None:
        why = "is enabled" if enabled else "has data in the database"
        return PluginState(name, "", "orphaned", f"{why}, but no installed distribution offers it")
    if found.problem is not None:
        return PluginState(name, found.version, "quarantined", found.problem)
    if enabled and fault is not None:
        return PluginState(name, found.version, "quarantined", fault)
    if enabled:
        return PluginState(name, found.version, "enabled")
    return PluginState(name, found.version, "available", "its data is kept" if kept else "")
