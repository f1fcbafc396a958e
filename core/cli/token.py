"""`kehu token`."""

from __future__ import annotations

from typing import Any

import click
from sqlalchemy import select

from core.cli.site import site
from core.models import Token, User
from core.services import records
from core.services.login import new_token
from core.services.work import Ctx


@click.group("token")
def command() -> None:
    """Make, list and end API tokens."""


@command.command("create")
@click.argument("login")
@click.option("--read-only", is_flag=True, help="The token can change nothing.")
@click.pass_context
def create(ctx: click.Context, login: str, read_only: bool) -> None:
    """Print a new API token for LOGIN: the last word of the last line."""
    secret = site(ctx).act(lambda acting: new_token(acting.work, login, read_only=read_only))
    click.echo(f"Keep it safe, it is shown this once. Token of {login}: {secret}")


@command.command("list")
@click.argument("login", required=False)
@click.pass_context
def show(ctx: click.Context, login: str | None) -> None:
    """The tokens in use, of LOGIN or of everybody: number, login, what it may, since when, until when, name."""

    def task(acting: Ctx) -> list[Any]:
        statement = select(Token, User.login).join(User, User.id == Token.user_id).order_by(Token.id)
        if login is not None:
            statement = statement.where(User.login == login)
        return list(acting.db.execute(statement).all())

    for token, owner in site(ctx).act(task, write=False):
        may = "read" if token.read_only else "write"
        until = f"until {token.expires_at:%Y-%m-%d}" if token.expires_at else "without end"
        click.echo(
            f"{token.id}\t{owner}\t{may}\tsince {token.created_at:%Y-%m-%d}\t{until}\t{token.name or ''}".rstrip()
        )


@command.command("end")
@click.argument("number", type=click.IntRange(1))
@click.pass_context
def end(ctx: click.Context, number: int) -> None:
    """End the token of that number: it counts for nothing from the next request on."""

    def task(acting: Ctx) -> None:
        entity = acting.catalog["core.token"]
        records.delete(acting, entity, number, records.find(acting, entity, number).version)

    site(ctx).act(task)
    click.echo(f"Token {number} is ended.")
