"""Importing the parts of a plugin that is enabled. A disabled one never comes here."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from .errors import PluginError
from .manifest import Manifest


def load_hooks(manifest: Manifest) -> object:
    """The object that carries the plugin's hook implementations; PluginError if there is none."""
    module_name, _, attribute = manifest.hooks.partition(":")
    module = _import(manifest, module_name)
    try:
        plugin: object = getattr(module, attribute)
    except AttributeError as exc:
        raise PluginError(f"plugin {manifest.name!r}: {module.__name__} has no {attribute!r}", manifest.name) from exc
    return plugin


def load_models(manifest: Manifest) -> ModuleType | None:
    """The module of the plugin's models, None if it has none; PluginError if it cannot be imported."""
    return None if manifest.models is None else _import(manifest, manifest.models)


def _import(manifest: Manifest, module: str) -> ModuleType:
    try:
        return import_module(module, manifest.package)
    # The code of a stranger: even when it calls sys.exit(), the others must be able to go on.
    except (Exception, SystemExit) as exc:
        message = f"cannot import {manifest.package}{module}: {type(exc).__name__}: {exc}"
        raise PluginError(f"plugin {manifest.name!r}: {message}", manifest.name) from exc
