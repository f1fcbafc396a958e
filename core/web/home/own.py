"""The kernel's own cards: one's customers and coming days, one's team, the figures of the company."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from core.describe.customer import STATES
from core.describe.ledgers import TRADE_KINDS
from core.i18n import _
from core.security.org import Node
from core.services import agenda, figures, records
from core.services.figures import Numbers, contacts_in, made_in, overdue
from core.services.periods import Period
from core.services.work import Ctx
from core.web.frame import may_visit
from core.web.query import behind
from plugins import Card

Shown = tuple[str, Mapping[str, Any]]
CUSTOMER, ACTIVITY, TRADE = "core.customer", "core.activity", "core.trade"
QUIET_DAYS = 10  # after so many days without a contact a person is pointed out
_DEPTH = 3  # levels of units that are shown
_TEMPLATES = "core.web:templates/home"


# How a figure is: the sign for it, and the word.
TONES: Mapping[str, tuple[str, str]] = {
    "more": ("good", _("more than before")),
    "less": ("warn", _("less than before")),
    "look": ("warn", _("to be looked at")),
    "urgent": ("bad", _("urgent")),
}


@dataclass(frozen=True)
class Figure:
    """A number that leads to the records behind it. `note` stands beside it; `tone` says how it is, if that can be
    said: one of `TONES`.
    """

    title: str
    value: int | Decimal
    path: str
    note: str = ""
    tone: str = ""
    amount: bool = False


@dataclass(frozen=True)
class Line:
    """A unit in the table of units; `level` is how deep it is."""

    name: str
    level: int
    own: Numbers
    paths: Mapping[str, str]


# --- one's own ----------------------------------------------------------------------------------


def own_customers(ctx: Ctx, period: Period) -> Shown | None:
    """How many of one's customers are in each state."""
    found = figures.customers_by_state(ctx, own=True)
    if not found or not may_visit(ctx, ctx.catalog[CUSTOMER]):
        return None
    most = max(found.values())
    mine = ["=", "owner", ctx.identity.login]
    lines = [
        (title, found[state], round(100 * found[state] / most), behind(CUSTOMER, mine, ["in", "state", [state]]))
        for state, title in STATES.items()
        if state in found
    ]
    return f"{_TEMPLATES}/own.jinja2", {"lines": lines, "all": sum(found.values()), "path": behind(CUSTOMER, mine)}


def coming(ctx: Ctx, period: Period) -> Shown | None:
    """What is planned for the days after today."""
    found = agenda.coming(ctx)
    if not found:
        return None
    documents = records.reader(ctx).documents(ctx.catalog[ACTIVITY], found, ("customer",))
    days: dict[dt.date, list[Any]] = {}
    for activity, document in zip(found, documents, strict=True):
        customer = (document.get("customer") or {}).get("label", "")
        days.setdefault(agenda.day_of(ctx, activity), []).append((activity, customer))
    return f"{_TEMPLATES}/coming.jinja2", {"days": days, "zone": ctx.kernel.clock.zone, "today": ctx.today}


# --- a department -------------------------------------------------------------------------------


def team(ctx: Ctx, period: Period) -> Shown | None:
    """Who of one's people has how many customers, has spoken with how many, and is late with what."""
    people = figures.team(ctx, period)
    if len(people) < 2:
        return None
    long_ago = ctx.now - dt.timedelta(days=QUIET_DAYS)
    most = max((person.contacts for person in people), default=0) or 1
    lines = []
    for person in people:
        his = ["=", "assignee", person.login]
        paths = {
            "customers": behind(CUSTOMER, ["=", "owner", person.login]),
            "contacts": behind(ACTIVITY, his, contacts_in(ctx, period)),
            "overdue": behind(ACTIVITY, his, overdue(ctx)),
        }
        is_quiet = person.customers > 0 and (person.last is None or person.last < long_ago)
        lines.append((person, paths, round(100 * person.contacts / most), is_quiet))
    values = {"lines": lines, "zone": ctx.kernel.clock.zone, "now": ctx.now, "quiet": QUIET_DAYS}
    return f"{_TEMPLATES}/team.jinja2", values


# --- the company --------------------------------------------------------------------------------


def customers(ctx: Ctx, period: Period) -> Shown | None:
    """All customers; of these the new, formal and pooled ones."""
    if not may_visit(ctx, ctx.catalog[CUSTOMER]):
        return None
    row = figures.customers(ctx, period)
    share = round(100 * row.formal / row.all) if row.all else 0
    pooled = Figure(
        _("Without an owner"),
        row.pooled,
        behind(CUSTOMER, ["empty", "owner"]),
        _("for anybody to take on"),
        "look" if row.pooled else "",
    )
    return _figures(
        Figure(_("All customers"), row.all, behind(CUSTOMER)),
        _compared(_("New customers"), row.new, row.before, behind(CUSTOMER, made_in(ctx, period))),
        Figure(
            _("Formal customers"),
            row.formal,
            behind(CUSTOMER, ["in", "state", ["formal"]]),
            _("of all: ${n} %", mapping={"n": share}),
        ),
        pooled,
    )


def contacts(ctx: Ctx, period: Period) -> Shown | None:
    """How often customers were spoken with, how many of them, and what is late."""
    if not may_visit(ctx, ctx.catalog[ACTIVITY]):
        return None
    row = figures.contacts(ctx, period)
    there = behind(ACTIVITY, contacts_in(ctx, period))
    return _figures(
        _compared(_("Follow-ups"), row.now, row.before, there),
        Figure(_("Customers reached"), row.reached, there),
        Figure(_("Overdue activities"), row.overdue, behind(ACTIVITY, overdue(ctx)), tone=_urgent(row.overdue)),
    )


def trade(ctx: Ctx, period: Period) -> Shown | None:
    """What was contracted, ordered and received."""
    if not may_visit(ctx, ctx.catalog[TRADE]):
        return None
    now, before = figures.trade(ctx, period), figures.trade(ctx, period.so_far_before(ctx.today))
    if not now and not before:
        return None
    during = ["and", [">=", "on", period.first.isoformat()], ["<=", "on", period.last.isoformat()]]
    found = []
    for kind in ("contract", "order", "receipt"):
        path = behind(TRADE, ["=", "kind", kind], ["=", "effective", True], during)
        amount = now.get(kind, Decimal(0))
        earlier = before.get(kind, Decimal(0))
        found.append(
            Figure(TRADE_KINDS[kind], amount, path, _percent(amount, earlier), _tone(amount, earlier), amount=True)
        )
    return _figures(*found, currency=ctx.base_currency)


def _figures(*found: Figure, currency: str = "") -> Shown:
    return f"{_TEMPLATES}/figures.jinja2", {"figures": found, "currency": currency, "tones": TONES}


def _compared(title: str, now: int, before: int, path: str) -> Figure:
    """A figure beside that of as many days of the period before; more of it is better."""
    return Figure(title, now, path, _("${n} in the same days before", mapping={"n": before}), _tone(now, before))


def _tone(now: int | Decimal, before: int | Decimal) -> str:
    return "more" if now > before else "less" if now < before else ""


def _percent(now: Decimal, before: Decimal) -> str:
    """How much more or less it is than in as many days of the period before."""
    if not before:
        return ""
    percent = round(100 * (now - before) / before)
    return _("${n} % against the same days before", mapping={"n": f"{percent:+d}".replace("-", "−")})


def _urgent(number: int) -> str:
    return "urgent" if number else ""


def units(ctx: Ctx, period: Period) -> Shown | None:
    """The units as a tree, each with the figures of all below it."""
    own = figures.by_unit(ctx, period)
    if not own:
        return None
    return f"{_TEMPLATES}/units.jinja2", {"lines": list(_lines(ctx, period, own))}


def _lines(ctx: Ctx, period: Period, own: Mapping[int, Numbers]) -> Iterator[Line]:
    org = ctx.work.org

    def walk(node: Node, level: int) -> Iterator[Line]:
        below = sum((own.get(unit, Numbers()) for unit in org.subtree(node.id)), Numbers())
        if not any(vars(below).values()):
            return
        here = ["under", "unit", node.code]
        paths = {
            "customers": behind(CUSTOMER, here),
            "formal": behind(CUSTOMER, here, ["in", "state", ["formal"]]),
            "new": behind(CUSTOMER, here, made_in(ctx, period)),
            "contacts": behind(ACTIVITY, ["under", "customer.unit", node.code], contacts_in(ctx, period)),
        }
        yield Line(node.name, level, below, paths)
        if level + 1 < _DEPTH:
            for child in org.children(node.id):
                yield from walk(child, level + 1)

    for top in org.children(None):
        yield from walk(top, 0)


CARDS = (
    Card(key="core.coming", title=_("Coming days"), render=coming, profiles=("representative",)),
    Card(key="core.own", title=_("My customers"), render=own_customers, profiles=("representative",)),
    Card(key="core.team", title=_("Team"), render=team, profiles=("manager",), wide=True),
    Card(key="core.customers", title=_("Customers"), render=customers, profiles=("manager", "executive")),
    Card(key="core.contacts", title=_("Follow-ups"), render=contacts, profiles=("executive",)),
    Card(key="core.trade", title=_("Trade"), render=trade, profiles=("manager", "executive")),
    Card(key="core.units", title=_("Units"), render=units, profiles=("executive",), wide=True),
)
