"""`kehu plugin`: begin a plugin, switch one on and off, purge what it has left."""

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
from core.db.engine import sqlite_path
from core.errors import KehuError
from core.migrations import leaving, runner
from core.services import lifecycle, missed
from core.services.work import Kernel
from core.settings import Settings
from plugins import Manifest, discover, usable
from plugins.errors import did_you_mean
from plugins.manifest import parse_dependency

LINE = re.compile(r"^\s*kehu\.plugins\s*[=:].*(?:\n[ \t]+\S.*)*$", re.MULTILINE)


@click.group("plugin")
def command() -> None:
    """Begin a plugin, switch one on or off, purge what one has left."""


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
    _refuse_without_tables(kernel.manifests, name)
    runner.upgrade(here.settings.database_url, kernel.manifests)
    kernel.run(lifecycle.sync, write=True)
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


@command.command("new")
@click.argument("name")
@click.option("--into", default=".", type=click.Path(path_type=Path, file_okay=False), help="In which folder.")
@click.option("--entity", default="", metavar="NAME", help="What one of its records is called, such as care_task.")
def new(name: str, into: Path, entity: str) -> None:
    """Write a new plugin NAME: a distribution with an entity, its migration and a test."""
    from core import scaffold

    made = scaffold.write(name, into, entity)
    click.echo(
        f"{made} is a plugin. Next: pip install --no-build-isolation -e {made}; kehu plugin check {name};"
        f" kehu plugin enable {name}"
    )


@command.command("check")
@click.argument("name")
@click.pass_context
def check(ctx: click.Context, name: str) -> None:
    """Try NAME, installed but not needed to be enabled, on a site of its own: one line a check."""
    from core.kit import CHECKS, Bench

    failed = 0
    with Bench(name) as bench:
        for one in CHECKS:
            if waits := one.waits(bench):
                click.echo(f"{'--':<5}{one.name:<15}{waits}")
                continue
            found = one.findings(bench)
            is_bad = any(not finding.note for finding in found)
            failed += is_bad
            click.echo(f"{'BAD' if is_bad else 'note' if found else 'ok':<5}{one.name:<15}it {one.title}")
            for finding in found:
                click.echo(f"    {finding}")
    if failed:
        ctx.exit(1)


@command.command("messages")
@click.argument("name")
def messages(name: str) -> None:
    """Collect what NAME says into its Chinese catalogue, and compile that. Run it before and after translating."""
    from core.kit import messages

    words = messages.collect(usable(discover(), name))
    click.echo(f"{words.file}: {len(words.said)} messages, {len(words.missing)} without Chinese")
    for message in words.missing:
        click.echo(f"    {message}")


@command.command("purge")
@click.argument("name")
@click.option("--yes-delete-data", is_flag=True, help="Needed: what is deleted is gone but for the backup.")
@click.option("--backup", type=click.Path(path_type=Path, dir_okay=False), help="Where its rows are put first.")
@click.pass_context
def purge(ctx: click.Context, name: str, yes_delete_data: bool, backup: Path | None) -> None:
    """Delete all data of NAME, which is disabled, after writing it to a file."""
    here = site(ctx)
    if not yes_delete_data:
        raise click.UsageError(f"this deletes all data of {name}; say --yes-delete-data")
    if name in here.settings.plugins:
        raise KehuError(f"{name} is enabled; run: kehu plugin disable {name}")
    kernel = here.ready()
    known = kernel.run(missed.known_plugins, write=False) or ()
    if name not in known:
        raise KehuError(f"there is no data of {name}{did_you_mean(name, known)}")
    file = backup or _beside(here, f"kehu-{name}-{kernel.clock.now():%Y%m%d-%H%M%S}.zip")
    counts = leaving.purge(here.settings.database_url, name, file)
    here.act(lambda ctx: lifecycle.forget(ctx, name, counts))
    rows = sum(counts.values())
    click.echo(f"{name} is purged: {rows} rows of {len(counts)} tables deleted. They are kept in {file}")


def _beside(here: Site, name: str) -> Path:
    """Next to the embedded database, else in the working folder."""
    database = sqlite_path(here.kernel.database.engine)
    return (database.parent if database else Path.cwd()) / name


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


def _refuse_without_tables(manifests: Sequence[Manifest], name: str) -> None:
    """KehuError where the models have tables or columns that no migration makes: each page would fail on them."""
    with runner.scratch(manifests) as url:
        lacks = [str(one) for one in runner.differences(url, manifests, name) if one.lacks]
    if lacks:
        raise KehuError(
            f"{name} cannot be enabled, nothing was changed: its migrations do not make what its models say:"
            f' {"; ".join(lacks)}. Run: kehu db revision {name} -m "what changed", then enable it again'
        )


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
