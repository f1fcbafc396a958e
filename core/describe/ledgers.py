"""交易与状态: what was traded with a customer, and how it went from state to state."""

from __future__ import annotations

from core.describe.customer import STATES
from core.fields import Boolean, Choice, Date, Money, Reference, Text
from core.i18n import _
from core.models import CustomerState, Trade
from core.services.trades import TradeRules
from plugins import Entity, Field, Group, Rules, Timeline

TRADE_KINDS = {
    "order": _("Order"),
    "contract": _("Contract"),
    "invoice": _("Invoice"),
    "receipt": _("Receipt"),
}


class Closed(Rules):
    closed = _("The kernel writes this by itself.")


TRADE = Entity(
    key="core.trade",
    model=Trade,
    title=_("Trade"),
    plural=_("Trades"),
    icon="receipt",
    help=_(
        "Orders, contracts, invoices and receipts as other programs report them. The first makes a customer formal."
    ),
    sort="-on",
    label="document",
    natural_key="source_key",
    fields=(
        Field("customer", Reference("core.customer"), _("Customer"), required=True),
        Field("source_key", Text(100), _("Source key"), required=True, create_only=True),
        Field("document", Text(64), _("Document"), required=True),
        Field("kind", Choice(TRADE_KINDS), _("Kind"), required=True, create_only=True),
        Field("on", Date(), _("Date"), required=True, column="happened_on"),
        Field("amount_base", Money(in_words=True), _("Amount"), required=True),
        Field("owner", Reference("core.user"), _("Owner")),
        Field("effective", Boolean(), _("Effective"), required=True, default=lambda ctx: True),
    ),
    columns=("document", "customer", "kind", "on", "amount_base", "effective"),
    groups=(
        Group(
            _("Trade"),
            ("document", "customer", "kind", "on", "amount_base", "effective", "owner", "source_key"),
        ),
    ),
    timeline=Timeline(of=("customer",), at="on", who="owner", kind="kind", text=("amount_base",)),
    rules=TradeRules(),
)

CUSTOMER_STATE = Entity(
    key="core.customer_state",
    model=CustomerState,
    title=_("State change"),
    plural=_("State changes"),
    icon="history",
    sort="-created_at",
    label="cause",
    natural_key="cause",
    fields=(
        Field("customer", Reference("core.customer"), _("Customer"), read_only=True),
        Field("from", Choice(STATES), _("From state"), read_only=True, column="from_state"),
        Field("to", Choice(STATES), _("To state"), read_only=True, column="to_state"),
        Field("cause", Text(32), _("Cause"), read_only=True),
        Field("reason", Text(400), _("Reason"), read_only=True),
        Field("document", Text(64), _("Document"), read_only=True),
    ),
    columns=("customer", "from", "to", "cause", "reason", "document", "created_by", "created_at"),
    groups=(Group(_("State change"), ("customer", "from", "to", "cause", "reason", "document")),),
    rules=Closed(),
)
