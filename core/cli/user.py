"""`kehu user`."""

from __future__ import annotations

import click
from sqlalchemy import select

from core.cli.site import site
from core.errors import NotFound
from core.models import User
from core.services import records, writes
from core.services.users import set_password
from core.services.work import Ctx


@click.group("user")
def command() -> None:
    """Add people, set passwords."""


@command.command("add")
@click.argument("login")
@click.option("--name", required=True)
@click.option("--unit", required=True, metavar="CODE")
@click.option("--role", "roles", multiple=True, required=True, metavar="CODE", help="May be given several times.")
@click.option("--password", metavar="PW", help="Without one nobody can log in as this user yet.")
@click.pass_context
def add(ctx: click.Context, login: str, name: str, unit: str, roles: tuple[str, ...], password: str | None) -> None:
    """Add the user LOGIN."""

    def task(acting: Ctx) -> None:
        values = {"login": login, "name": name, "unit": unit, "roles": list(roles)}
        user = records.create(acting, acting.catalog["core.user"], values)
        if password is not None:
            set_password(acting, user, {"password": password})
            writes.flush(acting)

    site(ctx).act(task)
    click.echo(f"Added {login}.")


@command.command("passwd")
@click.argument("login")
@click.option("--password", prompt=True, hide_input=True, confirmation_prompt=True)
@click.pass_context
def passwd(ctx: click.Context, login: str, password: str) -> None:
    """Set a new password for LOGIN and end his sessions."""

    def task(acting: Ctx) -> None:
        entity = acting.catalog["core.user"]
        user_id = acting.system.scalar(select(User.id).where(User.login == login))
        if user_id is None:
            raise NotFound(f"there is no user {login}")
        user = records.find(acting, entity, user_id, lock=True)
        acting.journal.call(user, "set-password")
        set_password(acting, user, {"password": password})
        writes.flush(acting)

    site(ctx).act(task)
    click.echo(f"The password of {login} is set.")
