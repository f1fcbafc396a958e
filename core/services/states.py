"""The verbs that move a customer from state to state (M48). Orders make it formal: see `trades`."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select

from core.errors import Conflict
from core.fields import Money
from core.i18n import _
from core.models import Customer, CustomerState, Trade
from core.services.events import publish
from core.services.happenings import CustomerStateChanged
from core.services.steps import Why
from core.services.work import Ctx


def qualify(ctx: Ctx, customer: Customer, arguments: Mapping[str, Any]) -> None:
    """Target → prospect: somebody intends to buy."""
    _step(ctx, customer, ("target",), "prospect", arguments)


def unqualify(ctx: Ctx, customer: Customer, arguments: Mapping[str, Any]) -> None:
    """Prospect → target: the intention is withdrawn. Plugins may stand in the way."""
    _step(ctx, customer, ("prospect",), "target", arguments)


def seal(ctx: Ctx, customer: Customer, arguments: Mapping[str, Any]) -> None:
    """Any state → sealed: nobody trades with this customer any more.

    Raises Conflict `AR_NOT_ZERO` while anything is due, or with the code of the plugin that is in the way.
    """
    due = receivable(ctx, customer.id)
    if due:
        message = _("${amount} is not settled with this customer yet.", mapping={"amount": Money().to_json(due)})
        raise Conflict(message, code="AR_NOT_ZERO")
    _step(ctx, customer, ("target", "prospect", "formal"), "sealed", arguments)


def unseal(ctx: Ctx, customer: Customer, arguments: Mapping[str, Any]) -> None:
    """Sealed → the state before. The owner is not restored: the customer is pooled in its unit."""
    before = ctx.system.scalar(
        select(CustomerState.from_state)
        .where(CustomerState.customer_id == customer.id, CustomerState.to_state == "sealed")
        .order_by(CustomerState.id.desc())
        .limit(1)
    )
    customer.owner_id = None
    _step(ctx, customer, ("sealed",), before or "target", arguments)


def _step(ctx: Ctx, customer: Customer, sources: tuple[str, ...], state: str, arguments: Mapping[str, Any]) -> None:
    if customer.state not in sources:
        message = _("This is for customers in the state: ${states}.", mapping={"states": ", ".join(sources)})
        raise Conflict(message, code="STATE")
    ctx.kernel.hooks.call("before_customer_state", ctx=ctx, customer=customer, state=state)
    ctx.work.steps.explain(customer, Why(reason=arguments.get("reason")))
    before, customer.state = customer.state, state
    publish(ctx, CustomerStateChanged(customer.id, before, state))


def receivable(ctx: Ctx, customer_id: int) -> Decimal:
    """What is invoiced and not received, in the base currency, whoever may see the documents."""
    rows: Any = ctx.system.execute(
        select(Trade.kind, func.sum(Trade.amount_base))
        .where(Trade.customer_id == customer_id, Trade.effective.is_(True))
        .group_by(Trade.kind)
    )
    sums = dict(rows.all())
    return sums.get("invoice", Decimal(0)) - sums.get("receipt", Decimal(0))
