"""The customer's page and list with gifts in them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import func, select

from core.api import Ask, Ctx, Customer, Period, _, fields, records
from plugins import Card, Column, ListView, Panel

from .models import Gift


def latest(ctx: Ctx, customer: Customer) -> tuple[str, Mapping[str, Any]]:
    """The three last gifts."""
    statement = select(Gift).where(Gift.customer_id == customer.id).order_by(Gift.given_on.desc(), Gift.id.desc())
    return "kehu_gifts:templates/latest.jinja2", {"gifts": ctx.db.scalars(statement.limit(3)).all()}


def count(ctx: Ctx, ids: Sequence[int]) -> Mapping[int, int]:
    """How many gifts each customer of the page has got."""
    statement = (
        select(Gift.customer_id, func.count(Gift.id)).where(Gift.customer_id.in_(ids)).group_by(Gift.customer_id)
    )
    rows: Any = ctx.db.execute(statement)
    return dict(rows.all())


def given(ctx: Ctx, period: Period) -> tuple[str, Mapping[str, Any]] | None:
    """How many gifts were given in the period; no card where there were none."""
    counted = select(func.count(Gift.id)).where(Gift.given_on >= period.first, Gift.given_on <= period.last)
    number = ctx.db.scalar(counted)
    return ("kehu_gifts:templates/given.jinja2", {"number": number}) if number else None


def board(ctx: Ctx, asked: Callable[..., Ask]) -> tuple[str, Mapping[str, Any]]:
    """Gifts with a price and without, side by side."""
    prices = ((_("With a price"), "!="), (_("Without a price"), "="))
    lanes = [(title, records.listing(ctx, asked([sign, "price", None], limit=20)).records) for title, sign in prices]
    return "kehu_gifts:templates/board.jinja2", {"lanes": lanes}


LIST_VIEWS = (
    ListView(
        key="gifts.board",
        entity="gifts.gift",
        title=_("Board"),
        icon="columns-3",
        render=board,
        by=("price",),
    ),
)
PANELS = (Panel(key="gifts.latest", entity="core.customer", title=_("Latest gifts"), render=latest),)
COLUMNS = (Column(key="gifts.count", entity="core.customer", title=_("Gifts"), type=fields.Integer(), load=count),)
CARDS = (Card(key="gifts.given", title=_("Gifts"), render=given, profiles=("manager", "executive")),)
