"""The rules of contacts (M55)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from core.models import Contact
from core.services.numbers import next_number
from core.services.work import Ctx
from plugins import Rules


class ContactRules(Rules):
    """Code by its rule; a customer has one main contact: the newest word counts."""

    def prepare(self, ctx: Ctx, record: Contact | None, values: dict[str, Any], creating: bool) -> None:
        if creating and values.get("code") is None:
            values["code"] = next_number(ctx, "core.contact")
        customer_id = values.get("customer") or (record.customer_id if record else None)
        if values.get("is_main") and customer_id is not None:
            others = select(Contact).where(
                Contact.customer_id == customer_id,
                Contact.is_main.is_(True),
                Contact.id != (record.id if record else 0),
            )
            for other in ctx.db.scalars(others):
                other.is_main = False
