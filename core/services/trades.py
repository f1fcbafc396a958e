"""The trade ledger: the one place that tells what a customer has bought, whoever keeps the documents.

Sales, the bridge and the import write here; the customer's way to and from *formal* follows from it (M48).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Hashable, Iterable, Mapping
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from core.errors import Forbidden
from core.i18n import _
from core.models import Customer, Trade
from core.services.events import publish
from core.services.happenings import CustomerStateChanged, TradeRecorded, TradeVoided
from core.services.steps import Why
from core.services.work import Ctx
from plugins import Rules

REASON = _("Trade ledger")


def record(
    ctx: Ctx,
    *,
    customer_id: int,
    source_key: str,
    document: str,
    kind: str,
    on: dt.date,
    amount_base: Decimal,
    owner_id: int | None = None,
) -> None:
    """Enter an effective document, or what has become of it: `source_key` names it for whoever keeps it.

    `kind` is order, contract, invoice or receipt; `document` the number that people know it by;
    `amount_base` is in the base currency. The actor needs no right of his own on the ledger.
    """
    session = ctx.work.elevated(REASON, write=True)
    trade = session.scalar(select(Trade).where(Trade.source_key == source_key))
    if trade is None:
        trade = Trade(source_key=source_key)
        session.add(trade)
    trade.customer_id, trade.document, trade.kind = customer_id, document, kind
    trade.happened_on, trade.amount_base, trade.owner_id = on, amount_base, owner_id
    trade.effective = True
    session.flush()
    _follow(ctx, trade)


def void(ctx: Ctx, source_key: str) -> None:
    """A document counts no longer. It stays in the ledger; one that was never entered is no fault."""
    session = ctx.work.elevated(REASON, write=True)
    trade = session.scalar(select(Trade).where(Trade.source_key == source_key))
    if trade is not None and trade.effective:
        trade.effective = False
        session.flush()
        _follow(ctx, trade)


class TradeRules(Rules):
    """People write here only by importing what another system knows."""

    def prepare(self, ctx: Ctx, record: Trade | None, values: dict[str, Any], creating: bool) -> None:
        if not ctx.rights.may_ever(ctx.catalog["core.trade"], "import"):
            raise Forbidden(_("The ledger is written by sales documents and by those who may import."))

    def keys(self, values: Mapping[str, Any]) -> Iterable[Hashable]:
        return (values.get("customer"),)

    def stored(self, ctx: Ctx, record: Trade, values: Mapping[str, Any], creating: bool) -> None:
        _follow(ctx, record)


def _follow(ctx: Ctx, trade: Trade) -> None:
    """What the ledger says has consequences: the customer's state follows from it, and others hear of it."""
    if trade.kind == ctx.kernel.settings.formal_on:
        _settle_state(ctx, trade)
    if trade.effective:
        publish(ctx, TradeRecorded(trade.id, trade.customer_id, trade.kind, trade.happened_on, trade.amount_base))
    else:
        publish(ctx, TradeVoided(trade.id, trade.customer_id, trade.kind))


def _settle_state(ctx: Ctx, trade: Trade) -> None:
    """The first effective deal makes a customer formal; without any it is a prospect again."""
    kind = trade.kind
    ctx.work.flush()  # the system's session reads what is stored
    state = ctx.system.scalars(select(Customer.state).where(Customer.id == trade.customer_id)).one()
    deals = select(Trade.id).where(
        Trade.customer_id == trade.customer_id, Trade.kind == kind, Trade.effective.is_(True)
    )
    dealt = ctx.system.scalars(deals.limit(1)).first() is not None
    if dealt and state in ("target", "prospect"):
        _move(ctx, trade, "formal", kind)
    elif not dealt and state == "formal":
        _move(ctx, trade, "prospect", "voided")


def _move(ctx: Ctx, trade: Trade, state: str, cause: str) -> None:
    session = ctx.work.elevated(REASON, write=True)
    customer = session.get_one(Customer, trade.customer_id)
    ctx.work.steps.explain(customer, Why(cause=cause, document=trade.document))
    before, customer.state = customer.state, state
    session.flush()
    known = ctx.db.identity_map.get(ctx.db.identity_key(Customer, customer.id))
    if known is not None:
        ctx.db.expire(known)  # the person's own copy has a version that is stored no more
    publish(ctx, CustomerStateChanged(customer.id, before, state))
