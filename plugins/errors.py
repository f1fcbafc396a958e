"""What can go wrong with a plugin, and the hint that goes with a misspelt name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches


class PluginError(Exception):
    """A plugin failed; the message names the plugin and what it was doing.

    `plugin` is the one to blame, None where the fault is nobody's alone: without that plugin the
    others can go on.
    """

    def __init__(self, message: str, plugin: str | None = None) -> None:
        super().__init__(message)
        self.plugin = plugin


class ManifestError(PluginError):
    """A manifest is missing, of the wrong kind or says something that cannot be."""


class ContractError(PluginError):
    """A plugin breaks a rule of the SDK: unknown hook, duplicate key, late registration."""


class DependencyError(PluginError):
    """The enabled plugins do not fit together. `problems` holds one sentence for each fault."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = list(problems)


def closest(name: str, known: Iterable[str]) -> str | None:
    """The known name that was probably meant by `name`, if one is near enough."""
    return next(iter(get_close_matches(name, list(known), n=1)), None)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`: did you mean 'sales'?` for the known name nearest to `name`, or an empty string."""
    meant = closest(name, known)
    return f": did you mean {meant!r}?" if meant is not None else ""
