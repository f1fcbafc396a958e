"""`kehu plugins`."""

from __future__ import annotations

import click

from core.boot import boot
from core.cli.site import Site, site
from core.migrations import runner
from core.services.setup import known_plugins
from plugins import DependencyError, discover, resolve, states


@click.command("plugins")
@click.option("-v", "--verbose", is_flag=True, help="Also say what each enabled plugin adds.")
@click.pass_context
def command(ctx: click.Context, verbose: bool) -> None:
    """List every plugin found: name, version, state, why."""
    here = site(ctx)
    found = discover()
    lines = states(found, here.settings.plugins, _known(here))
    if not lines:
        click.echo("No plugins are installed.")
    for line in lines:
        click.echo(f"{line.name:<18}{line.version or '-':<10}{line.state:<13}{line.why}".rstrip())
    try:
        resolve(found, here.settings.plugins)
    except DependencyError as error:
        for problem in error.problems:
            click.echo(f"problem: {problem}", err=True)
        ctx.exit(1)
    if verbose:
        kernel = here.kernel
        for kind, registry in (("panel", kernel.panels), ("column", kernel.columns)):
            for item in registry.values():
                waits = "" if item.entity in kernel.catalog else f" (inactive: {item.entity} is off)"
                click.echo(f"  {registry.owner(item.key)}: {kind} {item.key} on {item.entity}{waits}")


def _known(here: Site) -> tuple[str, ...]:
    """What the database remembers; a kernel without plugins can ask even when one of them is broken."""
    kernel = boot(here.settings, ())
    standing = runner.standing(here.settings.database_url, ())
    return kernel.run(known_plugins, write=False) or () if standing[0].is_current else ()
