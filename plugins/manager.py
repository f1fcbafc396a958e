"""Calling the hooks of the enabled plugins."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from inspect import signature
from typing import Any

from pluggy import HookImpl, PluginManager, PluginValidationError

from .errors import ContractError, PluginError, did_you_mean
from .hookspecs import Hooks
from .manifest import Manifest
from .markers import PROJECT


@dataclass(frozen=True)
class Contribution:
    """One thing that a plugin gave. `owner` is the plugin's name."""

    owner: str
    value: Any


class Manager:
    """The hooks of one application object; each application makes its own.

    Plugins are registered in the order in which they shall be called.
    """

    def __init__(self) -> None:
        self._pluggy = PluginManager(PROJECT)
        self._pluggy.add_hookspecs(Hooks)
        self._hooks = frozenset(name for name in vars(Hooks) if self._pluggy.parse_hookspec_opts(Hooks, name))
        self._owners: list[str] = []

    def register(self, manifest: Manifest, plugin: object) -> None:
        """Take in a plugin's hooks. ContractError, naming plugin and hook, if one cannot be called."""
        if problems := [*self._unknown_arguments(plugin)]:
            raise ContractError(f"plugin {manifest.name!r}: " + "; ".join(problems), manifest.name)
        try:
            self._pluggy.register(plugin, manifest.name)
        except (PluginValidationError, ValueError) as exc:
            raise ContractError(f"plugin {manifest.name!r}: {exc}", manifest.name) from exc
        problems = [*self._misfits(manifest.name, plugin), *self._unmarked(plugin)]
        if problems:
            self._pluggy.unregister(name=manifest.name)
            raise ContractError(f"plugin {manifest.name!r}: " + "; ".join(problems), manifest.name)
        self._owners.append(manifest.name)

    def collect(self, hook: str, **arguments: object) -> list[Contribution]:
        """All that the plugins return for a hook, in order of registration, then as returned.

        PluginError, naming plugin and hook, when an implementation raises or returns no iterable.
        """
        return [
            Contribution(owner, value)
            for owner in self._owners
            for implementation in self._implementations(hook, owner)
            for value in _call(implementation, hook, arguments)
        ]

    def call(self, hook: str, *, only: str | None = None, **arguments: object) -> None:
        """Call a hook that returns nothing, in order of registration; of one plugin where `only` names it.

        What an implementation raises goes to the caller: the hook is part of his transaction.
        """
        for owner in self._owners:
            if only in (None, owner):
                for implementation in self._implementations(hook, owner):
                    implementation.function(*(arguments[name] for name in implementation.argnames))

    def _implementations(self, hook: str, owner: str) -> list[HookImpl]:
        caller = getattr(self._pluggy.hook, hook)
        return [found for found in caller.get_hookimpls() if found.plugin_name == owner]

    def _unknown_arguments(self, plugin: object) -> Iterator[str]:
        for hook in sorted(self._hooks):
            if self._pluggy.parse_hookimpl_opts(plugin, hook) is not None:
                known = getattr(self._pluggy.hook, hook).spec.argnames
                for name, parameter in signature(getattr(plugin, hook)).parameters.items():
                    if parameter.default is parameter.empty and name not in known:
                        gets = ", ".join(known) or "nothing"
                        yield f"hook {hook!r} has no argument {name!r}{did_you_mean(name, known)}; it gets {gets}"

    def _misfits(self, owner: str, plugin: object) -> Iterator[str]:
        for caller in self._pluggy.get_hookcallers(plugin) or ():
            for implementation in self._implementations(caller.name, owner):
                # An optional hook belongs to a plugin that may be off, so it may be unknown here.
                if not caller.has_spec() and not implementation.optionalhook:
                    yield f"unknown hook {caller.name!r}{did_you_mean(caller.name, self._hooks)}"
                # Hooks are called plugin by plugin: there would be nothing to wrap.
                if implementation.wrapper or implementation.hookwrapper:
                    yield f"hook {caller.name!r} cannot be a wrapper"

    def _unmarked(self, plugin: object) -> Iterator[str]:
        for hook in sorted(self._hooks):
            if hasattr(plugin, hook) and self._pluggy.parse_hookimpl_opts(plugin, hook) is None:
                yield f"hook {hook!r} lacks @hookimpl"


def _call(implementation: HookImpl, hook: str, arguments: dict[str, object]) -> tuple[Any, ...]:
    try:
        result: Any = implementation.function(*(arguments[name] for name in implementation.argnames))
        if not isinstance(result, Iterable) or isinstance(result, str):
            forgotten = " (return forgotten?)" if result is None else ""
            raise TypeError(f"it must return a list, but returned {result!r:.60}{forgotten}")
        return tuple(result)
    except (Exception, SystemExit) as exc:
        raise PluginError(
            f"plugin {implementation.plugin_name!r}: hook {hook!r} failed: {type(exc).__name__}: {exc}",
            implementation.plugin_name,
        ) from exc
