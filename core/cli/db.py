"""`kehu db`."""

from __future__ import annotations

import click

from core.cli.search import complete
from core.cli.site import site
from core.errors import KehuError
from core.migrations import runner
from core.services import setup
from plugins.errors import did_you_mean


@click.group("db")
def command() -> None:
    """Upgrade the database, see where it stands, write migrations."""


@command.command("upgrade")
@click.pass_context
def upgrade(ctx: click.Context) -> None:
    """Bring the database to the program's version: the kernel first, then each enabled plugin."""
    here = site(ctx)
    _show(runner.upgrade(here.settings.database_url, here.kernel.manifests))
    if here.kernel.run(setup.is_set_up, write=False):
        here.kernel.run(lambda work: setup.remember_plugins(work, here.kernel.manifests), write=True)
        complete(here.kernel)


@command.command("current")
@click.pass_context
def current(ctx: click.Context) -> None:
    """Say where the database stands."""
    here = site(ctx)
    _show(runner.standing(here.settings.database_url, here.kernel.manifests))


@command.command("revision")
@click.argument("plugin")
@click.option("-m", "--message", required=True, metavar="TEXT")
@click.pass_context
def revision(ctx: click.Context, plugin: str, message: str) -> None:
    """Write a migration for PLUGIN (or core) from what its models have and the database has not."""
    here = site(ctx)
    known = [line.plugin for line in runner.histories(here.kernel.manifests)]
    if plugin not in known:
        raise KehuError(f"no enabled plugin {plugin} with migrations{did_you_mean(plugin, known)}")
    click.echo(runner.revision(here.settings.database_url, here.kernel.manifests, plugin, message))


def _show(lines: list[runner.Standing]) -> None:
    for line in lines:
        state = "current" if line.is_current else f"behind, the program has {line.head}"
        click.echo(f"{line.plugin:<18}{line.current or 'nothing':<20}{state}")
