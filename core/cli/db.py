"""`kehu db`."""

from __future__ import annotations

import click

from core.cli.search import complete
from core.cli.site import site
from core.errors import KehuError
from core.migrations import runner
from core.services import lifecycle, setup
from plugins import Manifest, discover, resolve, with_needs
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
        here.kernel.run(lifecycle.sync, write=True)
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
def revision(plugin: str, message: str) -> None:
    """Write a migration for PLUGIN (or core): what makes its models out of what its migrations make so far.

    It is tried on an embedded database of its own, so that PLUGIN need not be enabled, nor a site be there.
    """
    manifests = _with_migrations(plugin)
    with runner.scratch(manifests) as url:
        found = runner.differences(url, manifests, plugin)
        click.echo(runner.revision(url, manifests, plugin, message))
    for one in found:
        if one.needs_default:
            click.echo(
                f"Note: {one.needs_default} may not be empty, so the migration fails where there are rows already;"
                ' add server_default="…" to the column in it, or make it Mapped[… | None] and write it anew.',
                err=True,
            )
    if not found:
        click.echo("Note: the models say nothing new, so it is empty. Fill it in, or remove it.", err=True)


def _with_migrations(plugin: str) -> tuple[Manifest, ...]:
    """The installed plugin and those that it needs; nothing for the kernel."""
    if plugin == "core":
        return ()
    found = discover()
    if plugin not in found:
        raise KehuError(f"no plugin {plugin} is installed{did_you_mean(plugin, ['core', *found])}")
    manifests = resolve(found, with_needs(found, plugin))
    if all(one.plugin != plugin for one in runner.histories(manifests)):
        raise KehuError(
            f"{plugin} has no folder for migrations; make migrations/ in its package"
            " and take migrations=None out of its manifest"
        )
    return manifests


def _show(lines: list[runner.Standing]) -> None:
    for line in lines:
        state = "current" if line.is_current else f"behind, the program has {line.head}"
        click.echo(f"{line.plugin:<18}{line.current or 'nothing':<20}{state}")
