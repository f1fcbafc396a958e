"""`kehu demo`."""

from __future__ import annotations

import sys

import click

from core.cli.site import site, system_user
from core.demo.loading import load as add
from core.demo.people import PASSWORD, PEOPLE
from core.security.identity import Identity
from core.services import login
from core.services.work import Work


@click.group("demo")
def command() -> None:
    """Load believable data to try Kehu with."""


@command.command("load")
@click.option("--customers", default=500, show_default=True, type=click.IntRange(0, 99_999), metavar="N")
@click.option("--seed", default=1, show_default=True, type=int, metavar="S", help="The same seed gives the same data.")
@click.pass_context
def load(ctx: click.Context, customers: int, seed: int) -> None:
    """Add units, people, customers and what went on with them, Chinese and English.

    What is there already stays as it is. The days of visits and orders are counted from today.
    """
    kernel = site(ctx).ready()

    def who(work: Work) -> Identity:
        return login.by_login(work, "admin", door="cli", on_behalf=system_user())

    with click.progressbar(length=customers, label="Loading", file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:
        added = add(kernel, who, customers, seed, progress=bar.update)
    if not (added.units or added.people or added.customers):
        click.echo("The demo data is there already; nothing was added.")
        return
    click.echo(
        f"Added {added.units} units, {added.people} people, {added.customers} customers, {added.contacts} contacts, "
        f"{added.activities} activities, {added.trades} trades and {added.shares} shares."
    )
    if added.people:
        click.echo(f"All of them log in with the password {PASSWORD}:")
        for person in PEOPLE:
            click.echo(f"  {person.login:<14}{person.role:<16}{person.name}")
