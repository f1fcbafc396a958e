"""The rules of people and roles: nobody gives more than he has, and nobody locks everybody out."""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Mapping
from typing import Any

from sqlalchemy import exists, select

from core.db.folding import fold
from core.errors import Conflict, Forbidden, Invalid
from core.fields import BadValue
from core.i18n import _, suggestion
from core.models import Role, User, user_role
from core.security import passwords
from core.security.grants import check_field_rights, check_grants
from core.security.judge import READ_ONLY
from core.services import login
from core.services.powers import ADMIN, check_role, check_user, keep_an_admin, within_powers
from core.services.work import Ctx
from plugins import Rules

TRUSTED = (ADMIN, "executive")  # roles whose new holders get the highest clearance
_LOGIN = re.compile(r"[\w.@+-]{1,64}")


class UserRules(Rules):
    """Logins that can be typed, roles and clearance within one's own, and the end of old sessions."""

    def prepare(self, ctx: Ctx, record: User | None, values: dict[str, Any], creating: bool) -> None:
        roles: list[Role] = values.get("roles") or []
        if creating and values.get("clearance") is None:
            trusted = any(role.code in TRUSTED for role in roles)
            values["clearance"] = min(3, ctx.rights.person.clearance) if trusted else 1
        check_user(ctx, record, values)
        self._check_words(values)
        if creating and values.get("login") is not None:
            self._only_one(ctx, values["login"])
        if (values.get("clearance") or 0) > ctx.rights.person.clearance:
            message = _("At most your own clearance, ${n}.", mapping={"n": ctx.rights.person.clearance})
            raise Invalid(errors={"clearance": [message]})
        if not creating and values.get("clearance", 0) is None:
            raise Invalid(errors={"clearance": [_("This is needed.")]})
        if record is not None and values.keys() & {"unit", "roles", "active", "clearance"}:
            if values.get("active") is False or ("roles" in values and not _is_admin(roles)):
                keep_an_admin(ctx, record)
            record.epoch += 1

    def _check_words(self, values: dict[str, Any]) -> None:
        name = values.get("login")
        if name is not None and not _LOGIN.fullmatch(name):
            raise Invalid(errors={"login": [_("Use letters, digits and . @ + - _ only, without blanks.")]})
        if (zone := values.get("time_zone")) is not None:
            known = zoneinfo.available_timezones() - {"localtime"}  # the machine's own, whichever that is
            if zone not in known:
                hint = suggestion(zone, known)
                message = _("There is no such time zone. Write it like Asia/Shanghai.${hint}", mapping={"hint": hint})
                raise Invalid(errors={"time_zone": [message]})

    def _only_one(self, ctx: Ctx, name: str) -> None:
        """No two logins may differ by case or width alone: people would not know which is theirs."""
        if ctx.system.scalar(select(User.id).where(User.login_folded == fold(name)).limit(1)) is not None:
            message = _("A login is compared without its case, and ${value} is taken already.", mapping={"value": name})
            raise Conflict(message, code="DUPLICATE", errors={"login": [_("This is taken already.")]})

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
        if record is not None and record.code == ADMIN and values.keys() & {"grants", "field_rights"}:
            raise Conflict(_("The administrator's rights stay as they are. Make another role."), code="IN_USE")
        check_role(ctx, record, values)

    def before_delete(self, ctx: Ctx, record: Role) -> None:
        held = select(1).where(
            exists().where(user_role.c.role_id == record.id, user_role.c.user_id == User.id, User.deleted_at.is_(None))
        )
        if ctx.system.scalar(held):
            raise Conflict(_("People still hold this role. Take it from them first."), code="IN_USE")


def _is_admin(roles: list[Role]) -> bool:
    return any(role.code == ADMIN for role in roles)


def set_password(ctx: Ctx, user: User, arguments: Mapping[str, Any]) -> None:
    """A new password: strong enough, not one of the last five. Ends the user's sessions."""
    within_powers(ctx, user)
    _renew_password(user, arguments["password"], "password")


def change_own_password(ctx: Ctx, old: str, new: str) -> None:
    """A new password for the acting user, who proves that he knows the old one. Ends his sessions.

    Invalid on `old` or `new`. Whoever calls limits how often it may be tried.
    """
    if ctx.identity.read_only:
        raise Forbidden(READ_ONLY)
    session = ctx.work.elevated(_("Own password"), write=True)
    user = session.get_one(User, ctx.identity.user_id, with_for_update=True)
    if not passwords.fits(user.password_hash, old):
        raise Invalid(errors={"old": [_("This is not your password.")]})
    ctx.journal.call(user, "set-password")
    _renew_password(user, new, "new")
    session.flush()


def _renew_password(user: User, password: str, name: str) -> None:
    """Invalid on the field `name` for a weak password and for one of the last five."""
    try:
        passwords.check_strength(password, user.login)
    except BadValue as bad:
        raise Invalid(errors={name: [bad.message]}) from None
    known = [hash for hash in (user.password_hash, *user.old_passwords) if hash]
    if any(passwords.fits(hash, password) for hash in known):
        raise Invalid(errors={name: [_("You used this password before. Choose a new one.")]})
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


def unlock(ctx: Ctx, user: User, arguments: Mapping[str, Any]) -> None:
    """Let somebody try again who gave wrong passwords too often."""
    within_powers(ctx, user)
    login.unlock(ctx.work, user.login)
    ctx.journal.note("unlock", "core.user", user.id)


def restore_user(ctx: Ctx, user: User, arguments: Mapping[str, Any]) -> None:
    """Bring a user back, with all that he may do."""
    within_powers(ctx, user)
    user.deleted_at = None
