"""What an administrator of people and roles may hand on: never more than he has himself.

Who holds the role `admin` is bound by none of this.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import exists, func, select

from core.errors import Conflict, Forbidden
from core.i18n import _
from core.models import Role, User, user_role
from core.security.catalog import is_business
from core.security.grants import ANY
from core.services.work import Ctx

ADMIN = "admin"


def is_admin(ctx: Ctx) -> bool:
    """Whether the actor holds the administrator's role."""
    held = select(Role.id).where(Role.code == ADMIN, Role.id.in_(ctx.rights.person.role_ids))
    return ctx.system.scalar(held) is not None


def require_admin(ctx: Ctx) -> None:
    """Forbidden for everybody else: what hangs on it is other people's rights."""
    if not is_admin(ctx):
        raise Forbidden(_("Rights of others hang on this. Ask an administrator to change it."))


def within_powers(ctx: Ctx, user: User) -> None:
    """Forbidden to touch somebody with a role or a clearance that one has not, or outside one's units."""
    if is_admin(ctx):
        return
    person = ctx.rights.person
    roles = ctx.system.scalars(select(user_role.c.role_id).where(user_role.c.user_id == user.id)).all()
    if (
        not set(roles) <= set(person.role_ids)
        or user.clearance > person.clearance
        or user.unit_id not in ctx.rights.units
    ):
        raise Forbidden(_("This user has rights that you do not have. Ask an administrator."))


def check_user(ctx: Ctx, user: User | None, values: Mapping[str, Any]) -> None:
    """Forbidden where the new values give a user more than the actor has, or him himself anything."""
    if is_admin(ctx):
        return
    if user is not None:
        within_powers(ctx, user)
        if user.id == ctx.identity.user_id and values.keys() & {"unit", "roles", "clearance", "active"}:
            raise Forbidden(_("You cannot change your own rights. Ask an administrator."))
    if values.get("unit") is not None and values["unit"] not in ctx.rights.units:
        raise Forbidden(_("This unit is not one of yours."))
    roles: Sequence[Role] = values.get("roles") or ()
    held = {role.id for role in user.roles} if user is not None else set()
    given = [role.code for role in roles if role.id not in held | set(ctx.rights.person.role_ids)]
    if given:
        message = _(
            "You may give only roles that you hold yourself, not: ${codes}.", mapping={"codes": ", ".join(given)}
        )
        raise Forbidden(message)
    if user is not None and "roles" in values:
        taken = [role for role in user.roles if role not in roles]
        if any(role.field_rights or any(grant["deny"] for grant in role.grants) for role in taken):
            raise Forbidden(_("Taking this role away would lift a restriction. Ask an administrator."))


def check_role(ctx: Ctx, role: Role | None, values: Mapping[str, Any]) -> None:
    """Forbidden where a role would come to give more than the actor holds, or restrict less."""
    if is_admin(ctx):
        return
    if role is not None and role.id in ctx.rights.person.role_ids:
        raise Forbidden(_("You hold this role yourself. Ask an administrator to change it."))
    old = role.grants if role is not None else []
    grants = values.get("grants", old)
    given = [grant for grant in grants if not grant["deny"] and grant not in old]
    lifted = [grant for grant in old if grant["deny"] and grant not in grants]
    old_rules = role.field_rights if role is not None else []
    rules = values.get("field_rights", old_rules)
    lifted += [rule for rule in old_rules if rule not in rules]
    # Of several rules the most open one counts, so that only `none` can never lift another.
    lifted += [rule for rule in rules if rule not in old_rules and rule["right"] != "none"]
    if lifted or not all(_is_held(ctx, grant) for grant in given):
        raise Forbidden(_("You may give only rights that you hold yourself, and lift no restriction."))


def _is_held(ctx: Ctx, grant: Mapping[str, Any]) -> bool:
    """Whether one of the actor's own grants covers as much, whoever will hold the role.

    `unit` and `subtree` mean the holder's, so that only reach `all` covers them; restrictions of the
    actor's own would not travel with the grant, so that a restricted right is not handed on.
    """
    person = ctx.rights.person
    covers = any(
        not own["deny"]
        and own["entity"] in (grant["entity"], ANY)
        and own["action"] in (grant["action"], ANY)
        and (own["reach"] == "all" or own["reach"] == grant["reach"] == "own")
        and own["condition"] in (None, grant["condition"])
        and (own["entity"] == grant["entity"] or is_business(ctx.catalog[grant["entity"]]))
        for own in person.grants
    )
    restrictions = [own for own in person.grants if own["deny"]] + list(person.field_rights)
    restricted = any(grant["entity"] == ANY or own["entity"] in (grant["entity"], ANY) for own in restrictions)
    return covers and not restricted


def keep_an_admin(ctx: Ctx, leaving: User) -> None:
    """Conflict if nobody else would be left who can administer the site."""
    others = (
        select(func.count())
        .select_from(User)
        .join(user_role, user_role.c.user_id == User.id)
        .join(Role, Role.id == user_role.c.role_id)
        .where(Role.code == ADMIN, User.active, User.deleted_at.is_(None), User.id != leaving.id)
    )
    is_one = select(1).where(
        exists().where(user_role.c.user_id == leaving.id, user_role.c.role_id == Role.id, Role.code == ADMIN)
    )
    if ctx.system.scalar(is_one) and not ctx.system.scalar(others):
        raise Conflict(_("This is the last administrator. Make another one first."), code="IN_USE")
