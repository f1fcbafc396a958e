"""What a user may know about himself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.entities.reader import Reader
from core.errors import Forbidden, Invalid
from core.i18n import _
from core.models import User
from core.security.grants import ACTIONS, READING
from core.security.judge import READ_ONLY
from core.services.intake import Intake
from core.services.work import Ctx

OWN = ("name", "email", "phone")  # fields of a user that he writes himself


PREFERENCES = {"language", "theme", "density", "amounts"}


def me(ctx: Ctx, language: str) -> dict[str, Any]:
    """The acting user as a document, with the actions open to him per entity."""
    user = ctx.system.get_one(User, ctx.identity.user_id)
    possible = READING if ctx.identity.read_only else ACTIONS
    person = ctx.rights.person
    # His own unit and roles are no secret to him, whatever he may see of others.
    labels = Reader(ctx.system, ctx.system, ctx.rights, language)
    unit = labels.labels("core.unit", [user.unit_id])[user.unit_id]
    roles = labels.labels("core.role", person.role_ids)
    return {
        "id": user.id,
        "login": user.login,
        "name": user.name,
        "email": user.email,
        "unit": unit.to_json(),
        "roles": [roles[role_id].to_json() for role_id in person.role_ids],
        "language": user.language,
        "time_zone": user.time_zone,
        "clearance": user.clearance,
        "read_only": ctx.identity.read_only,
        "actions": {
            entity.key: [action for action in possible if ctx.rights.may_ever(entity, action)] for entity in ctx.catalog
        },
    }


def change_own(ctx: Ctx, texts: Mapping[str, str]) -> None:
    """Write what everybody says of himself: `OWN`, as texts of a form. Raises Invalid, Forbidden."""
    if ctx.identity.read_only:
        raise Forbidden(READ_ONLY)
    entity = ctx.catalog["core.user"]
    taken = Intake(ctx, entity, text=True).take({name: texts.get(name, "") for name in OWN})
    if taken.errors:
        raise Invalid(errors=taken.errors)
    session = ctx.work.elevated(_("Own profile"), write=True)
    user = session.get_one(User, ctx.identity.user_id)
    for name, value in taken.values.items():
        setattr(user, name, value)
    session.flush()


def prefer(ctx: Ctx, chosen: Mapping[str, str]) -> None:
    """Keep the acting user's own `PREFERENCES`, whatever he may do with users."""
    session = ctx.work.elevated(_("Own preferences"), write=True)
    user = session.get_one(User, ctx.identity.user_id)
    for name in chosen.keys() & PREFERENCES:
        setattr(user, name, chosen[name])
    session.flush()
