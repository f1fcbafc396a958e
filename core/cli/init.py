"""`kehu init`."""

from __future__ import annotations

from pathlib import Path

import click

from core.cli.site import Site, site
from core.errors import KehuError
from core.fields import BadValue
from core.migrations import runner
from core.security.passwords import check_strength, random_password
from core.services import lifecycle, setup
from core.services.work import Work
from plugins import discover, parse_names

TEMPLATE = """\
[app:main]
use = egg:kehu
kehu.database_url = sqlite:///%(here)s/kehu.db
kehu.plugins = {plugins}
# strict: a plugin that fails stops the start; quarantine: the site serves without it and says so.
kehu.plugin_failure = quarantine
kehu.time_zone = Asia/Shanghai

[server:main]
use = egg:waitress#main
listen = 127.0.0.1:6543
"""


@click.command("init")
@click.option("--admin-password", metavar="PW", help="The administrator's password (default: a random one, printed).")
@click.option("--plugins", metavar="A,B", help="Plugins to enable (default: all that come with Kehu).")
@click.option("--demo", is_flag=True, help="Also load believable data.")
@click.pass_context
def command(ctx: click.Context, admin_password: str | None, plugins: str | None, demo: bool) -> None:
    """Set up a site: write the ini file if missing, create or upgrade the database, create `admin`."""
    if admin_password is not None:
        try:
            check_strength(admin_password, "admin")
        except BadValue as weak:
            raise KehuError(weak.message) from None
    here = site(ctx)
    if not here.ini.exists():
        _write_ini(here.ini, plugins)
    elif plugins is not None:
        raise click.UsageError(f"{here.ini} is there already; to change its plugins: kehu plugin enable|disable NAME")
    here = Site(str(here.ini), plugin_failure="strict")  # a new site begins whole
    kernel = here.kernel
    runner.upgrade(here.settings.database_url, kernel.manifests)
    password = admin_password or random_password()
    is_new = kernel.run(lambda work: _set_up(work, password), write=True)
    if not is_new:
        click.echo("This site exists already; the database is up to date. To change a password: kehu user passwd LOGIN")
    elif admin_password is None:
        click.echo(f"Log in as admin with the password {password}")
    else:
        click.echo("Log in as admin with the password you gave.")
    if demo and is_new:
        from core.cli.demo import load

        ctx.invoke(load)


def _set_up(work: Work, password: str) -> bool:
    is_new = not setup.is_set_up(work)
    if is_new:
        setup.set_up(work, password)
    lifecycle.sync(work)
    return is_new


def _write_ini(path: Path, plugins: str | None) -> None:
    names = parse_names(plugins) if plugins is not None else _shipped()
    path.write_text(TEMPLATE.format(plugins=" ".join(names)), encoding="utf-8")


def _shipped() -> tuple[str, ...]:
    return tuple(name for name, found in discover().items() if found.dist == "kehu" and found.manifest)
