"""`kehu plugin enable|disable`."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from core.boot import boot
from core.cli.search import complete
from core.cli.site import Site, site
from core.errors import KehuError
from core.migrations import runner
from core.services import setup
from core.services.work import Kernel
from core.settings import Settings
from plugins import discover
from plugins.manifest import parse_dependency

LINE = re.compile(r"^\s*kehu\.plugins\s*[=:].*(?:\n[ \t]+\S.*)*$", re.MULTILINE)


@click.group("plugin")
def command() -> None:
    """Switch a plugin on or off."""


@command.command("enable")
@click.argument("name")
@click.pass_context
def enable(ctx: click.Context, name: str) -> None:
    """Enable NAME: check that everything fits, run its migrations, write it into the ini file."""
    here = _editable(ctx)
    here.ready()
    if name in here.settings.plugins:
        click.echo(f"{name} is enabled already.")
        return
    names = (*here.settings.plugins, name)
    kernel = _sound(replace(here.settings, plugins=names, plugin_failure="quarantine"), name)
    runner.upgrade(here.settings.database_url, kernel.manifests)
    kernel.run(lambda work: setup.remember_plugins(work, kernel.manifests), write=True)
    complete(kernel)
    _write(here.ini, names)
    click.echo(f"{name} is enabled. Restart the server.")


@command.command("disable")
@click.argument("name")
@click.pass_context
def disable(ctx: click.Context, name: str) -> None:
    """Disable NAME: its code is not loaded any more, its data stays."""
    here = _editable(ctx)
    if name not in here.settings.plugins:
        raise KehuError(f"{name} is not enabled; enabled are: {', '.join(here.settings.plugins) or 'none'}")
    needy = _needing(name, here.settings.plugins)
    if needy:
        raise KehuError(f"{' and '.join(needy)} needs {name}; disable that first")
    names = tuple(other for other in here.settings.plugins if other != name)
    _write(here.ini, names)
    click.echo(f"{name} is disabled, its data stays. Restart the server.")


def _editable(ctx: click.Context) -> Site:
    if "KEHU_PLUGINS" in os.environ:
        raise KehuError("KEHU_PLUGINS decides which plugins are on; change it there, or unset it first")
    here = site(ctx)
    if not here.ini.exists():
        raise KehuError("there is no ini file to write to; run: kehu init")
    return here


def _sound(settings: Settings, name: str) -> Kernel:
    """A kernel with the plugin in it, pages included; KehuError if that cannot be."""
    from core.app import assemble

    kernel: Kernel = assemble(boot(settings)).registry["kehu"]
    for fault in kernel.faults:
        if fault.plugin == name:
            where = f" (at {fault.where})" if fault.where else ""
            raise KehuError(f"{name} cannot be enabled, nothing was changed: {fault.why}{where}")
    return kernel


def _needing(name: str, enabled: Sequence[str]) -> list[str]:
    """The enabled plugins that say they need it; nothing is loaded, so that a broken one can be switched off."""
    found = discover()
    chosen = [found[other].manifest for other in enabled if other in found]
    return [one.name for one in chosen if one and name in {parse_dependency(text)[0] for text in one.depends}]


def _write(ini: Path, names: Sequence[str]) -> None:
    text = ini.read_text(encoding="utf-8")
    line = f"kehu.plugins = {' '.join(names)}".rstrip()
    if LINE.search(text):
        text = LINE.sub(lambda _match: line, text, count=1)
    else:
        text = text.replace("[app:main]", f"[app:main]\n{line}", 1)
    scratch = ini.with_suffix(".ini.new")
    scratch.write_text(text, encoding="utf-8")
    scratch.replace(ini)
