"""The rules of people and roles: nobody gives more than he has, and nobody locks everybody out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sqlalchemy import exists, func, select

from core.errors import Conflict, Forbidden, Invalid
from core.fields import BadValue
from core.i18n import LANGUAGES, _
from core.models import Role, User, user_role
from core.security import passwords
from core.security.catalog import is_business
from core.security.grants import ANY, REACHES, check_field_rights, check_grants
from core.services.work import Ctx
from plugins import Rules

ADMIN = "admin"
TRUSTED = (ADMIN, "executive")  # roles whose new holders get the highest clearance
_LOGIN = re.compile(r"[\w.@+-]{1,64}")


class UserRules(Rules):
    """Logins that can be typed, roles and clearance within one's own, and the end of old sessions."""

    def prepare(self, ctx: Ctx, record: User | None, values: dict[str, Any], creating: bool) -> None:
        self._check_words(values)
        roles: list[Role] = values.get("roles") or []
        if creating and values.get("clearance") is None:
            trusted = any(role.code in TRUSTED for role in roles)
            values["clearance"] = min(3, ctx.rights.person.clearance) if trusted else 1
        self._check_powers(ctx, record, roles, values)
        if record is not None and values.keys() & {"unit", "roles", "active", "clearance"}:
            if values.get("active") is False or ("roles" in values and not _is_admin(roles)):
                keep_an_admin(ctx, record)
            record.epoch += 1

    def _check_words(self, values: dict[str, Any]) -> None:
        login = values.get("login")
        if login is not None and not _LOGIN.fullmatch(login):
            raise Invalid(errors={"login": [_("Use letters, digits and . @ + - _ only, without blanks.")]})
        if values.get("language") not in (None, *LANGUAGES):
            message = _("Choose one of: ${codes}.", mapping={"codes": ", ".join(LANGUAGES)})
            raise Invalid(errors={"language": [message]})

    def _check_powers(self, ctx: Ctx, record: User | None, roles: list[Role], values: dict[str, Any]) -> None:
        if (values.get("clearance") or 0) > ctx.rights.person.clearance:
            message = _("At most your own clearance, ${n}.", mapping={"n": ctx.rights.person.clearance})
            raise Invalid(errors={"clearance": [message]})
        if is_admin(ctx):
            return
        if record is not None:
            within_powers(ctx, record)
        held = {role.id for role in record.roles} if record is not None else set()
        given = [role.code for role in roles if role.id not in held | set(ctx.rights.person.role_ids)]
        if given:
            raise Forbidden(
                _(
                    "You may give only roles that you hold yourself, not: ${codes}.",
                    mapping={"codes": ", ".join(given)},
                )
            )

    def before_delete(self, ctx: Ctx, record: User) -> None:
        if record.id == ctx.identity.user_id:
            raise Conflict(_("You cannot delete yourself."), code="IN_USE")
        within_powers(ctx, record)
        keep_an_admin(ctx, record)
        record.epoch += 1


class RoleRules(Rules):
    """Grants and field rights are checked against what there is; a role in use stays."""

    def prepare(self, ctx: Ctx, record: Role | None, values: dict[str, Any], creating: bool) -> None:
        for name, check in (("grants", check_grants), ("field_rights", check_field_rights)):
            if name in values:
                try:
                    values[name] = check(values[name], ctx.catalog)
                except BadValue as bad:
                    raise Invalid(errors={name: [bad.message]}) from None
            elif creating:
                values[name] = []
        if record is not None and record.code == ADMIN and "grants" in values:
            raise Conflict(_("The administrator's grants stay as they are. Make another role."), code="IN_USE")
        if not is_admin(ctx):
            self._check_powers(ctx, record, values)

    def _check_powers(self, ctx: Ctx, record: Role | None, values: dict[str, Any]) -> None:
        """Whoever is no administrator gives no more than he holds and lifts no restriction."""
        if record is not None and record.id in ctx.rights.person.role_ids:
            raise Forbidden(_("You hold this role yourself. Ask an administrator to change it."))
        old = record.grants if record is not None else []
        grants = values.get("grants", old)
        given = [grant for grant in grants if not grant["deny"] and grant not in old]
        lifted = [grant for grant in old if grant["deny"] and grant not in grants]
        rules = record.field_rights if record is not None else []
        lifted += [rule for rule in rules if rule not in values.get("field_rights", rules)]
        if lifted or not all(_is_held(ctx, grant) for grant in given):
            raise Forbidden(_("You may give only rights that you hold yourself, and lift no restriction."))

    def before_delete(self, ctx: Ctx, record: Role) -> None:
        held = select(1).where(
            exists().where(user_role.c.role_id == record.id, user_role.c.user_id == User.id, User.deleted_at.is_(None))
        )
        if ctx.system.scalar(held):
            raise Conflict(_("People still hold this role. Take it from them first."), code="IN_USE")


def _is_held(ctx: Ctx, grant: Mapping[str, Any]) -> bool:
    """Whether one of the actor's own grants covers as much."""
    return any(
        not own["deny"]
        and own["entity"] in (grant["entity"], ANY)
        and own["action"] in (grant["action"], ANY)
        and REACHES.index(own["reach"]) >= REACHES.index(grant["reach"])
        and own["condition"] in (None, grant["condition"])
        and (own["entity"] == grant["entity"] or grant["entity"] == ANY or is_business(ctx.catalog[grant["entity"]]))
        for own in ctx.rights.person.grants
    )


def is_admin(ctx: Ctx) -> bool:
    """Whether the actor holds the administrator's role."""
    held = select(Role.id).where(Role.code == ADMIN, Role.id.in_(ctx.rights.person.role_ids))
    return ctx.system.scalar(held) is not None


def within_powers(ctx: Ctx, user: User) -> None:
    """Forbidden to touch somebody with a role or a clearance that one has not oneself."""
    held = ctx.system.scalars(select(user_role.c.role_id).where(user_role.c.user_id == user.id)).all()
    person = ctx.rights.person
    if not is_admin(ctx) and (not set(held) <= set(person.role_ids) or user.clearance > person.clearance):
        raise Forbidden(_("This user has rights that you do not have. Ask an administrator."))


def _is_admin(roles: list[Role]) -> bool:
    return any(role.code == ADMIN for role in roles)


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


def set_password(ctx: Ctx, user: User, arguments: Mapping[str, Any]) -> None:
    """A new password: strong enough, not one of the last five. Ends the user's sessions."""
    within_powers(ctx, user)
    password = arguments["password"]
    try:
        passwords.check_strength(password, user.login)
    except BadValue as bad:
        raise Invalid(errors={"password": [bad.message]}) from None
    known = [hash for hash in (user.password_hash, *user.old_passwords) if hash]
    if any(passwords.fits(hash, password) for hash in known):
        raise Invalid(errors={"password": [_("You used this password before. Choose a new one.")]})
    user.old_passwords = known[: passwords.REMEMBERED]
    user.password_hash = passwords.keep(password)
    user.epoch += 1


def deactivate(ctx: Ctx, user: User, arguments: Mapping[str, Any]) -> None:
    """Shut the user out at once; his records stay with the company."""
    if user.id == ctx.identity.user_id:
        raise Conflict(_("You cannot deactivate yourself."), code="IN_USE")
    within_powers(ctx, user)
    keep_an_admin(ctx, user)
    user.active = False
    user.epoch += 1
