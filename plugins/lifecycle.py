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


def states(found: Mapping[str, Found], enabled: Collection[str], known: Iterable[str] = ()) -> list[PluginState]:
    """The state of every plugin that is found, enabled, or known to the database, by name.

    `known` holds the names of the plugins whose tables are in the database.
    """
    kept = set(known)
    names = sorted({*found, *enabled, *kept})
    return [_state(name, found.get(name), name in enabled, name in kept) for name in names]


def _state(name: str, found: Found | None, enabled: bool, kept: bool) -> PluginState:
    if found is None:
        why = "is enabled" if enabled else "has data in the database"
        return PluginState(name, "", "orphaned", f"{why}, but no installed distribution offers it")
    if found.problem is not None:
        return PluginState(name, found.version, "quarantined", found.problem)
    if enabled:
        return PluginState(name, found.version, "enabled")
    return PluginState(name, found.version, "available", "its data is kept" if kept else "")
