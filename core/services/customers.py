"""The rules of the customer master (M46, M48)."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from typing import Any

from core.errors import Invalid
from core.i18n import _
from core.models import Customer
from core.services.numbers import next_number
from core.services.ownership import place
from core.services.trees import is_below
from core.services.work import Ctx
from plugins import Rules

NEW_STATES = ("target", "prospect")


class CustomerRules(Rules):
    """Code by its rule, secrecy within one's clearance, only orders make a customer formal."""

    def keys(self, values: Mapping[str, Any]) -> Iterable[Hashable]:
        return ()

    def prepare(self, ctx: Ctx, record: Customer | None, values: dict[str, Any], creating: bool) -> None:
        place(ctx, values, creating)
        clearance = ctx.rights.person.clearance
        if (values.get("secrecy") or 0) > clearance:
            message = _("At most your own clearance, ${n}.", mapping={"n": clearance})
            raise Invalid(errors={"secrecy": [message]})
        if creating and values.get("state") not in (None, *NEW_STATES):
            raise Invalid(errors={"state": [_("A new customer is target or prospect; orders make it formal.")]})
        if creating and values.get("code") is None:
            values["code"] = next_number(ctx, "core.customer")
        parent_id = values.get("parent")
        if record is not None and parent_id is not None and is_below(ctx.system, Customer, parent_id, record.id):
            raise Invalid(errors={"parent": [_("A customer cannot stand above itself.")]})
