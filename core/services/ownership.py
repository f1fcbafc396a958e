"""Whom a record belongs to. Owner and unit go together; records belong to the company.

An entity whose model is `RecordScoped` has the fields `OWNER`, `UNIT` and mostly `SECRECY`, and the verb `ASSIGN`
where its records change hands.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from core.errors import Invalid
from core.fields import Integer, Reference
from core.i18n import _
from core.models import User
from core.services.work import Ctx
from plugins import Field, Verb


def acting_user(ctx: Ctx) -> int:
    """The default owner."""
    return ctx.identity.user_id


def place(ctx: Ctx, values: dict[str, Any], creating: bool) -> None:
    """Complete the unit: a record goes to its new owner's unit unless one is said. For every `RecordScoped` entity.

    Raises Invalid for an owner who has left, a record without a unit, and one more secret than its maker may see.
    """
    clearance = ctx.rights.person.clearance
    if (values.get("secrecy") or 0) > clearance:
        message = _("At most your own clearance, ${n}.", mapping={"n": clearance})
        raise Invalid(errors={"secrecy": [message]})
    if values.get("unit", 0) is None:
        raise Invalid(errors={"unit": [_("This is needed.")]})
    owner_id = values.get("owner")
    if owner_id is None:
        if creating:
            values.setdefault("unit", ctx.identity.unit_id)
        return
    unit_id, active = _post(ctx, owner_id)
    if not active:
        raise Invalid(errors={"owner": [_("This user is not active any more. Choose another owner.")]})
    values.setdefault("unit", unit_id)


def _post(ctx: Ctx, user_id: int) -> tuple[int, bool]:
    """A user's unit, and whether he is still there."""
    if user_id == ctx.identity.user_id:
        return ctx.identity.unit_id, True
    key = ("kehu_post", user_id)
    if key not in ctx.facts:
        row = ctx.system.execute(select(User.unit_id, User.active).where(User.id == user_id)).one()
        ctx.facts[key] = (row.unit_id, row.active)
    found: tuple[int, bool] = ctx.facts[key]
    return found


def assign(ctx: Ctx, record: Any, arguments: Mapping[str, Any]) -> None:
    """Give a record to another owner (null: to nobody, pooled) and, if said, another unit.

    The right `assign` is judged on the record as it was and as it becomes.
    """
    if "owner" not in arguments:
        raise Invalid(errors={"owner": [_("Name the new owner; null means nobody, the record is then pooled.")]})
    values = dict(arguments)
    place(ctx, values, creating=False)
    record.owner_id = values.get("owner")
    if "unit" in values:
        record.unit_id = values["unit"]


OWNER = Field("owner", Reference("core.user"), _("Owner"), right="assign", default=acting_user)
UNIT = Field("unit", Reference("core.unit"), _("Unit"), right="assign")
SECRECY = Field("secrecy", Integer(0, 3), _("Confidentiality"), required=True, default=lambda ctx: 1)
ASSIGN = Verb("assign", _("Assign"), "assign", assign, (OWNER, UNIT), bulk=True)
