"""The rules of the customer master (M46, M48)."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any

from core.errors import Invalid
from core.i18n import _
from core.models import Customer
from core.services import duplicates
from core.services.numbers import next_number
from core.services.trees import depth_below, upwards
from core.services.work import Ctx
from plugins import Rules

NEW_STATES = ("target", "prospect")


MOST_LEVELS = 10  # of a group of companies, one below the other (M59)


class CustomerRules(Rules):
    """Code by its rule, secrecy within one's clearance, no customer twice, only orders make one formal."""

    switches = ("allow_duplicate", "ask_if_alike")
    alike_by = duplicates.FIELDS

    def keys(self, values: Mapping[str, Any]) -> Iterable[Hashable]:
        return duplicates.marks(values)

    def prefetch(self, ctx: Ctx, rows: Sequence[Mapping[str, Any]]) -> None:
        duplicates.prefetch(ctx, rows)

    def alike(self, ctx: Ctx, values: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
        return duplicates.check(ctx, values)

    def prepare(self, ctx: Ctx, record: Customer | None, values: dict[str, Any], creating: bool) -> None:
        anyway = bool(values.get("allow_duplicate"))
        past = ("formal",) if ctx.work.historical else ()
        if creating and values.get("state") not in (None, *NEW_STATES, *past):
            raise Invalid(errors={"state": [_("A new customer is target or prospect; orders make it formal.")]})
        if values.get("parent") is not None:
            _check_parent(ctx, record, values["parent"])
        if creating:
            duplicates.refuse_certain(ctx, values, anyway=anyway, ask=bool(values.get("ask_if_alike")))
            if values.get("code") is None:
                values["code"] = next_number(ctx, "core.customer", values.get("unit"))


def _check_parent(ctx: Ctx, record: Customer | None, parent_id: int) -> None:
    """A head company stands above, and not endlessly far."""
    above = list(upwards(ctx.system, Customer, parent_id))
    if record is not None and record.id in above:
        raise Invalid(code="CYCLE", errors={"parent": [_("A customer cannot stand above itself.")]})
    below = 0 if record is None else depth_below(ctx.system, Customer, record.id)
    if len(above) + 1 + below > MOST_LEVELS:
        message = _("At most ${n} companies may stand one below the other.", mapping={"n": MOST_LEVELS})
        raise Invalid(errors={"parent": [message]})
