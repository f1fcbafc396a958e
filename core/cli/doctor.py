"""`kehu doctor`."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Callable
from importlib.metadata import distribution
from pathlib import Path

import click
from sqlalchemy import select, text

import core
import plugins
from core.boot import NOT_SET_UP
from core.cli.failures import sentence
from core.cli.site import Site, site
from core.db.engine import create, sqlite_path
from core.migrations import runner
from core.models import ChainHead
from core.quarantine import explain
from core.services import attachments
from core.services.files import store_of
from core.services.jobs.standing import standing
from core.services.search import rebuild
from core.services.work import Work
from plugins import discover, states

LOW_DISK = 0.1


@click.command("doctor")
@click.pass_context
def command(ctx: click.Context) -> None:
    """Look at settings, database, migrations, plugins, audit, jobs, clock and disk: one line each."""
    here = site(ctx)
    failed = 0
    checks: tuple[tuple[str, Callable[[Site], str]], ...] = (
        ("program", program),
        ("settings", settings),
        ("plugins", enabled_plugins),
        ("database", database),
        ("migrations", migrations),
        ("audit", audit),
        ("jobs", jobs),
        ("files", files),
        ("search", search),
        ("clock", clock),
        ("disk", disk),
    )
    for name, check in checks:
        try:
            line, mark = check(here), "ok"
        except click.ClickException as found:
            line, mark, failed = found.message, "BAD", failed + 1
        except Exception as error:  # any check may meet a broken installation; the others still run
            line, mark, failed = sentence(error), "BAD", failed + 1
        click.echo(f"{mark:<4}{name:<12}{line}")
    if failed:
        ctx.exit(1)


def program(here: Site) -> str:
    """`core` and `plugins` are common names: another package must not stand in for ours."""
    roots = {Path(str(module.__file__)).parent.parent for module in (core, plugins)}
    if len(roots) > 1:
        raise click.ClickException(f"core and plugins come from different places: {sorted(map(str, roots))}")
    return f"kehu {distribution('kehu').version} in {roots.pop()}"


def settings(here: Site) -> str:
    found = here.settings
    where = str(here.ini) if here.ini.exists() else "no ini file, defaults and environment"
    return f"{where}; time zone {found.time_zone}{'; TESTING' if found.testing else ''}"


def enabled_plugins(here: Site) -> str:
    bad = [explain(fault) for fault in here.kernel.faults]
    known = {fault.plugin for fault in here.kernel.faults}
    bad += [
        f"{one.name}: {one.why}"
        for one in states(discover(), here.settings.plugins)
        if one.state in ("quarantined", "orphaned") and one.name not in known
    ]
    if bad:
        raise click.ClickException("; ".join(bad))
    return ", ".join(manifest.name for manifest in here.kernel.manifests) or "none enabled"


def database(here: Site) -> str:
    file = sqlite_path(here.kernel.database.engine)
    if file is not None and not file.exists():
        raise click.ClickException(NOT_SET_UP)
    engine = create(here.settings.database_url, pooled=False)
    with engine.connect() as connection:
        connection.execute(text("SELECT 1"))
    return engine.url.render_as_string(hide_password=True)


def migrations(here: Site) -> str:
    database(here)
    lines = runner.standing(here.settings.database_url, here.kernel.manifests)
    if lines[0].current is None:
        raise click.ClickException(NOT_SET_UP)
    behind = [line.plugin for line in lines if not line.is_current]
    if behind:
        raise click.ClickException(f"behind: {', '.join(behind)}; run: kehu db upgrade")
    return ", ".join(f"{line.plugin} {line.current}" for line in lines)


def audit(here: Site) -> str:
    def head(work: Work) -> str:
        row = work.system.execute(select(ChainHead.number, ChainHead.hash)).one()
        return f"{row.number} changes; keep this head elsewhere: {row.hash}"

    return str(here.ready().run(head, write=False))


def jobs(here: Site) -> str:
    kernel = here.ready()
    stand = kernel.run(standing, write=False)
    assert stand is not None  # only a lost COMMIT has no answer, and reading has none
    wrong = []
    if stand.failed:
        wrong.append(f"{stand.failed} failed for good; look at them under /core/jobs, then retry or cancel them")
    if stand.overdue:
        wrong.append(f"{stand.overdue} overdue; is a runner at work (kehu serve, kehu worker)?")
    if wrong:
        raise click.ClickException("; ".join(wrong))
    waits = f"; {stand.parked} wait for a plugin that is off: {', '.join(stand.missing)}" if stand.parked else ""
    return f"{len(kernel.jobs)} known, {stand.open} waiting or running{waits}"


def files(here: Site) -> str:
    """Every attachment has its file, byte for byte; files without one are left over and harmless."""
    found: attachments.Standing | None = here.ready().run(attachments.standing, write=False)
    assert found is not None
    folder = store_of(here.settings).root
    if found.damaged:
        some = ", ".join(found.damaged[:5]) + (" …" if len(found.damaged) > 5 else "")
        raise click.ClickException(f"damaged or missing in {folder}: {some}; take them from a backup")
    left = f"; {found.orphans} left over from broken uploads" if found.orphans else ""
    return f"{found.files} attachments, {found.size / 2**20:.1f} MiB in {folder}{left}"


def search(here: Site) -> str:
    behind = here.ready().run(rebuild.missing, write=False)
    if behind:
        raise click.ClickException(
            f"not all of {', '.join(behind)} is indexed, lists are slow; run: kehu search rebuild"
        )
    return "all that is searchable is indexed"


def clock(here: Site) -> str:
    now = here.kernel.clock.now()
    if now.year < 2026:
        raise click.ClickException(f"the clock says {now:%Y-%m-%d}; set it")
    return f"{now.astimezone(here.kernel.clock.zone):%Y-%m-%d %H:%M %Z}, UTC {now.astimezone(dt.UTC):%H:%M}"


def disk(here: Site) -> str:
    path = sqlite_path(create(here.settings.database_url)) or Path.cwd() / "x"
    usage = shutil.disk_usage(path.parent)
    if usage.free < usage.total * LOW_DISK:
        raise click.ClickException(f"only {usage.free // 2**20} MiB free in {path.parent}; make room")
    return f"{usage.free // 2**30} GiB free in {path.parent}"
