"""`kehu token`."""

from __future__ import annotations

import click

from core.cli.site import site
from core.services.login import new_token


@click.group("token")
def command() -> None:
    """Make API tokens."""


@command.command("create")
@click.argument("login")
@click.option("--read-only", is_flag=True, help="The token can change nothing.")
@click.pass_context
def create(ctx: click.Context, login: str, read_only: bool) -> None:
    """Print a new API token for LOGIN: the last word of the last line."""
    secret = site(ctx).act(lambda acting: new_token(acting.work, login, read_only=read_only))
    click.echo(f"Keep it safe, it is shown this once. Token of {login}: {secret}")
