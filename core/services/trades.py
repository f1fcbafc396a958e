"""The trade ledger: the one place that tells what a customer has bought, whoever keeps the documents.

Sales, the bridge and the import write here; the customer's way to and from *formal* follows from it (M48).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Hashable, Iterable, Mapping
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from core.db.guard import GuardedSession
from core.errors import Forbidden
from core.i18n import _
from core.models import Customer, Trade
from core.services.steps import Why
from core.services.work import Ctx
from plugins import Rules

REASON = "trade ledger"


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
    _follow(ctx, session, trade)


def void(ctx: Ctx, source_key: str) -> None:
    """A document counts no longer. It stays in the ledger; one that was never entered is no fault."""
    session = ctx.work.elevated(REASON, write=True)
    trade = session.scalar(select(Trade).where(Trade.source_key == source_key))
    if trade is not None and trade.effective:
        trade.effective = False
        session.flush()
        _follow(ctx, session, trade)


class TradeRules(Rules):
    """People write here only by importing what another system knows."""

    def prepare(self, ctx: Ctx, record: Trade | None, values: dict[str, Any], creating: bool) -> None:
        if not ctx.rights.may_ever(ctx.catalog["core.trade"], "import"):
            raise Forbidden(_("The ledger is written by sales documents and by those who may import."))

    def keys(self, values: Mapping[str, Any]) -> Iterable[Hashable]:
        return (values.get("customer"),)

    def stored(self, ctx: Ctx, record: Trade, values: Mapping[str, Any], creating: bool) -> None:
        _follow(ctx, ctx.work.elevated(REASON, write=True), record)


def _follow(ctx: Ctx, session: GuardedSession, trade: Trade) -> None:
    """The first effective deal makes a customer formal; without any it is a prospect again."""
    kind = ctx.kernel.settings.formal_on
    if trade.kind != kind:
        return
    customer = session.get_one(Customer, trade.customer_id)
    deals = select(Trade.id).where(Trade.customer_id == customer.id, Trade.kind == kind, Trade.effective.is_(True))
    dealt = session.scalar(deals.limit(1)) is not None
    if dealt and customer.state in ("target", "prospect"):
        _move(ctx, session, customer, "formal", kind, trade)
    elif not dealt and customer.state == "formal":
        _move(ctx, session, customer, "prospect", "voided", trade)


def _move(ctx: Ctx, session: GuardedSession, customer: Customer, state: str, cause: str, trade: Trade) -> None:
    ctx.work.steps.explain(customer, Why(cause=cause, document=trade.document))
    customer.state = state
    session.flush()
    known = ctx.db.identity_map.get(ctx.db.identity_key(Customer, customer.id))
    if known is not None:
        ctx.db.expire(known)  # the person's own copy has a version that is stored no more
