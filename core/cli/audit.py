"""`kehu audit`."""

from __future__ import annotations

import click

from core.cli.site import site
from core.services.chain import verify as verify_chain


@click.group("audit")
def command() -> None:
    """Check the audit chain."""


@command.command("verify")
@click.pass_context
def verify(ctx: click.Context) -> None:
    """Walk the audit chain and name the first row that does not fit."""
    broken = site(ctx).ready().run(verify_chain, write=False)
    if broken is not None:
        raise click.ClickException(str(broken))
    click.echo("The audit chain is whole.")
