"""The rules of contacts (M55)."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from typing import Any

from sqlalchemy import select

from core.models import Contact
from core.services.numbers import next_number
from core.services.work import Ctx
from plugins import Rules


class ContactRules(Rules):
    """Code by its rule; a customer has one main contact: the newest word counts."""

    def keys(self, values: Mapping[str, Any]) -> Iterable[Hashable]:
        return (("main", values.get("customer")),) if values.get("is_main") else ()

    def prepare(self, ctx: Ctx, record: Contact | None, values: dict[str, Any], creating: bool) -> None:
        if creating and values.get("code") is None:
            values["code"] = next_number(ctx, "core.contact")

    def stored(self, ctx: Ctx, record: Contact, values: Mapping[str, Any], creating: bool) -> None:
        if not record.is_main or not values.keys() & {"is_main", "customer"}:
            return
        others = select(Contact).where(
            Contact.customer_id == record.customer_id, Contact.is_main.is_(True), Contact.id != record.id
        )
        for other in ctx.db.scalars(others):
            other.is_main = False
