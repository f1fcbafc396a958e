"""`kehu plugins`."""

from __future__ import annotations

import click

from core.boot import boot, ready
from core.cli.failures import sentence
from core.cli.site import Site
from core.errors import KehuError
from core.migrations import runner
from core.quarantine import CriticalPlugin, explain
from core.services.missed import known_plugins
from core.services.work import Kernel
from plugins import Fault, PluginError, discover, states
from plugins.errors import did_you_mean


@click.command("plugins")
@click.option("-v", "--verbose", is_flag=True, help="Also say what each plugin adds, and show tracebacks.")
@click.pass_context
def command(ctx: click.Context, verbose: bool) -> None:
    """List every plugin found: name, version, state, why."""
    # Whatever the site does about a plugin that fails, here it is told.
    here = Site(ctx.find_root().obj, plugin_failure="quarantine")
    kernel, wrong = _booted(here)
    faults: tuple[Fault, ...] = kernel.faults if kernel else ()
    lines = states(discover(), here.settings.plugins, _known(here), faults)
    if not lines:
        click.echo("No plugins are installed.")
    for line in lines:
        click.echo(f"{line.name:<18}{line.version or '-':<10}{line.state:<13}{line.why}".rstrip())
    if verbose and kernel:
        _adds(kernel)
    for fault in faults:
        click.echo(f"problem: {explain(fault)}", err=True)
        if verbose and fault.trace:
            click.echo(fault.trace)
    if wrong:
        click.echo(f"problem: {wrong}", err=True)
    if faults or wrong:
        ctx.exit(1)


def _booted(here: Site) -> tuple[Kernel | None, str]:
    """The kernel, with the plugins of which the tables are behind left out where there is a database."""
    try:
        kernel = here.kernel
    except (CriticalPlugin, PluginError) as error:
        return None, sentence(error)
    try:
        return ready(kernel), ""
    except CriticalPlugin as error:
        return kernel, sentence(error)
    except KehuError:  # not set up yet, or the kernel's own tables are behind: `kehu doctor` says so
        return kernel, ""


def _adds(kernel: Kernel) -> None:
    for entity in kernel.catalog:
        if (owner := entity.key.partition(".")[0]) != "core":
            click.echo(f"  {owner}: entity {entity.key}")
    for key in kernel.extensions:
        of = kernel.extensions.get(key).of
        click.echo(f"  {kernel.extensions.owner(key)}: fields on {of}{_waits(of, of in kernel.catalog)}")
    for registry in kernel.parts:
        for item in registry.values():
            waits = _waits(item.entity, item.entity in kernel.catalog)
            click.echo(f"  {registry.owner(item.key)}: {registry.kind} {item.key} on {item.entity}{waits}")
    for card in kernel.cards.values():
        click.echo(f"  {kernel.cards.owner(card.key)}: card {card.key}")
    for job in kernel.jobs.values():
        if kernel.jobs.owner(job.key) != "core":
            click.echo(f"  {kernel.jobs.owner(job.key)}: job {job.key}, {job.schedule or 'when asked for'}")
    for one in kernel.subscribers.values():
        waits = _waits(one.event, one.event in kernel.events)
        click.echo(f"  {kernel.subscribers.owner(one.key)}: subscriber {one.key} to {one.event}, {one.lane}{waits}")


def _waits(target: str, is_there: bool) -> str:
    """Why something for an entity or event of another plugin does nothing yet."""
    if is_there:
        return ""
    name, installed = target.partition(".")[0], discover()
    return f" (inactive: {name} is {'off' if name in installed else f'not installed{did_you_mean(name, installed)}'})"


def _known(here: Site) -> tuple[str, ...]:
    """What the database remembers; a kernel without plugins can ask even when one of them is broken."""
    kernel = boot(here.settings, ())
    standing = runner.standing(here.settings.database_url, ())
    return kernel.run(known_plugins, write=False) or () if standing[0].is_current else ()
