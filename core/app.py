"""The WSGI application: one kernel, and Pyramid around it."""

from __future__ import annotations

import logging
from importlib import import_module
from pathlib import Path
from typing import Any

from pyramid.config import Configurator
from pyramid.exceptions import ConfigurationConflictError, ConfigurationError

from core.boot import boot, ready, without
from core.quarantine import explain
from core.services.work import Kernel
from core.settings import read
from plugins import Manifest, PluginError

log = logging.getLogger(__name__)


def main(global_config: dict[str, str] | None = None, **lines: Any) -> Any:
    """Paste's application factory; `lines` are the ini file's settings."""
    here = (global_config or {}).get("here")
    settings = read({name: str(value) for name, value in lines.items()}, folder=Path(here) if here else None)
    return make_app(ready(boot(settings)))


def make_app(kernel: Kernel) -> Any:
    """The application on a booted kernel; what is wrong with plugins is logged."""
    app = assemble(kernel)
    for fault in app.registry["kehu"].faults:
        log.error("%s\n%s", explain(fault), fault.trace)
    return app


def assemble(kernel: Kernel) -> Any:
    """The application; a plugin whose pages cannot be set up is quarantined, and all is set up anew without it."""
    while True:
        try:
            return _configured(kernel)
        except PluginError as error:
            kernel = without(kernel, error)


def _configured(kernel: Kernel) -> Any:
    config = Configurator(settings={"jinja2.newstyle": True, "jinja2.i18n.domain": "kehu"})
    config.registry["kehu"] = kernel
    for part in ("work", "entities", "limits", "security", "locale", "headers", "timing"):
        config.include(f"core.http.{part}")
    config.include("core.rest")
    config.include("core.web")
    for manifest in kernel.manifests:
        _include(config, manifest, kernel)
    config.include("core.http.compression")  # last, since it reads what the others say of a reply
    try:
        config.commit()
    except ConfigurationError as error:
        raise _blamed(error, kernel) from error
    return config.make_wsgi_app()


def _include(config: Configurator, manifest: Manifest, kernel: Kernel) -> None:
    def includeme(nested: Configurator) -> None:
        kernel.hooks.call("configure_pyramid", only=manifest.name, config=nested)

    includeme.__module__ = manifest.package  # so that relative asset specs are the plugin's
    try:
        config.include(includeme, route_prefix=manifest.name)
    except (Exception, SystemExit) as error:
        message = f"hook 'configure_pyramid' failed: {type(error).__name__}: {error}"
        raise PluginError(f"plugin {manifest.name!r}: {message}", manifest.name) from error


def _blamed(error: ConfigurationError, kernel: Kernel) -> Exception:
    """The error as that of the last plugin which takes part in it; the kernel's own stays what it is."""
    if isinstance(error, ConfigurationConflictError):
        infos = [info for found in error._conflicts.values() for info in found]
    else:
        infos = [getattr(error, "info", None)]
    files = [str(getattr(info, "file", "")) for info in infos]
    for manifest in reversed(kernel.manifests):
        root = Path(str(import_module(manifest.package).__file__)).parent
        if any(Path(file).is_relative_to(root) for file in files):
            message = " ".join(str(error).split())
            return PluginError(f"plugin {manifest.name!r}: its pages cannot be set up: {message}", manifest.name)
    return error


def from_ini() -> Any:
    """The application of `$KEHU_INI`, for servers that start several processes."""
    import os

    import plaster

    return plaster.get_loader(os.environ["KEHU_INI"], protocols=["wsgi"]).get_wsgi_app("main")
