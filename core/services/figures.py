"""Figures of a period over what the actor may see: customers, contacts with them, trade. Each is one statement.

A contact is an activity that took place: done, and of the moment `at`. Every figure comes with the filter of
the list behind it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import and_, case, func, or_, select

from core.models import Activity, Customer, Trade, User
from core.services.periods import Period, begins
from core.services.work import Ctx

MOST_PEOPLE = 100


@dataclass(frozen=True)
class Person:
    """What one of a team has: customers, contacts in the period, activities overdue, the last contact."""

    login: str
    name: str
    customers: int
    contacts: int
    overdue: int
    last: dt.datetime | None


@dataclass(frozen=True)
class Numbers:
    """What a unit has: customers, formal ones, new ones and contacts of the period."""

    customers: int = 0
    formal: int = 0
    new: int = 0
    contacts: int = 0

    def __add__(self, other: Numbers) -> Numbers:
        return Numbers(
            self.customers + other.customers,
            self.formal + other.formal,
            self.new + other.new,
            self.contacts + other.contacts,
        )


# --- filters: the same questions for a list ---------------------------------------------------------


def made_in(ctx: Ctx, period: Period) -> list[Any]:
    """Records that were entered in the period."""
    first, end = _bounds(ctx, period)
    return ["and", [">=", "created_at", first.isoformat()], ["<", "created_at", end.isoformat()]]


def contacts_in(ctx: Ctx, period: Period) -> list[Any]:
    """Contacts of the period."""
    first, end = _bounds(ctx, period)
    return ["and", ["=", "done", True], [">=", "at", first.isoformat()], ["<", "at", end.isoformat()]]


def overdue(ctx: Ctx) -> list[Any]:
    """Activities that should have been done by now."""
    late = ["or", ["<", "due", ctx.today.isoformat()], ["<", "at", ctx.now.isoformat()]]
    return ["and", ["=", "done", False], late]


# --- figures ----------------------------------------------------------------------------------------


def customers_by_state(ctx: Ctx, *, own: bool = False) -> Mapping[str, int]:
    """How many customers are in each state; `own`: of the actor's."""
    statement = select(Customer.state, func.count(Customer.id)).group_by(Customer.state)
    if own:
        statement = statement.where(Customer.owner_id == ctx.identity.user_id)
    rows: Any = ctx.db.execute(statement)
    return dict(rows.all())


def customers(ctx: Ctx, period: Period) -> Any:
    """A row: all, formal, without an owner, entered in the period, in as many days of the one before."""
    counted = [
        func.count(Customer.id).label("all"),
        _how_many(Customer.state == "formal").label("formal"),
        _how_many(Customer.owner_id.is_(None)).label("pooled"),
        _how_many(_made_in(ctx, period)).label("new"),
        _how_many(_made_in(ctx, period.so_far_before(ctx.today))).label("before"),
    ]
    return ctx.db.execute(select(*counted)).one()


def contacts(ctx: Ctx, period: Period) -> Any:
    """A row: contacts of the period, of as many days of the one before, customers reached in the period, activities
    overdue.
    """
    reached = case((_contact_in(ctx, period), Activity.customer_id))
    counted = [
        _how_many(_contact_in(ctx, period)).label("now"),
        _how_many(_contact_in(ctx, period.so_far_before(ctx.today))).label("before"),
        func.count(reached.distinct()).label("reached"),
        _how_many(_is_overdue(ctx)).label("overdue"),
    ]
    return ctx.db.execute(select(*counted).select_from(Activity)).one()


def trade(ctx: Ctx, period: Period) -> Mapping[str, Decimal]:
    """Sums of what is effective in the period, by kind, in the site's currency."""
    statement = (
        select(Trade.kind, func.sum(Trade.amount_base))
        .where(Trade.effective, Trade.happened_on >= period.first, Trade.happened_on <= period.last)
        .group_by(Trade.kind)
    )
    rows: Any = ctx.db.execute(statement)
    return dict(rows.all())


def team(ctx: Ctx, period: Period) -> list[Person]:
    """The people of the actor's unit and of those below it, by name; at most `MOST_PEOPLE`. Three statements."""
    people = ctx.db.execute(
        select(User.id, User.login, User.name)
        .where(User.unit_id.in_(ctx.rights.units), User.active)
        .order_by(User.name, User.id)
        .limit(MOST_PEOPLE)
    ).all()
    ids = [person.id for person in people]
    owned = select(Customer.owner_id, func.count(Customer.id)).where(Customer.owner_id.in_(ids))
    holds: Any = ctx.db.execute(owned.group_by(Customer.owner_id))
    held = dict(holds.all())
    done = {row.assignee_id: row for row in ctx.db.execute(_work_of(ctx, period, ids))}
    return [
        Person(
            person.login,
            person.name,
            held.get(person.id, 0),
            done[person.id].contacts if person.id in done else 0,
            done[person.id].overdue if person.id in done else 0,
            done[person.id].last if person.id in done else None,
        )
        for person in people
    ]


def _work_of(ctx: Ctx, period: Period, ids: Sequence[int]) -> Any:
    took_place = and_(Activity.done, Activity.happens_at <= ctx.now)
    return (
        select(
            Activity.assignee_id,
            _how_many(_contact_in(ctx, period)).label("contacts"),
            _how_many(_is_overdue(ctx)).label("overdue"),
            func.max(case((took_place, Activity.happens_at))).label("last"),
        )
        .where(Activity.assignee_id.in_(ids))
        .group_by(Activity.assignee_id)
    )


def by_unit(ctx: Ctx, period: Period) -> Mapping[int, Numbers]:
    """The numbers of each unit by itself, those of its customers. Two statements."""
    counted = select(
        Customer.unit_id,
        func.count(Customer.id),
        _how_many(Customer.state == "formal"),
        _how_many(_made_in(ctx, period)),
    )
    found = {unit: Numbers(*numbers) for unit, *numbers in ctx.db.execute(counted.group_by(Customer.unit_id))}
    spoken = (
        select(Customer.unit_id, func.count(Activity.id))
        .join(Customer, Customer.id == Activity.customer_id)
        .where(_contact_in(ctx, period))
        .group_by(Customer.unit_id)
    )
    for unit, number in ctx.db.execute(spoken):
        found[unit] = found.get(unit, Numbers()) + Numbers(contacts=number)
    return found


def _how_many(condition: Any) -> Any:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


def _bounds(ctx: Ctx, period: Period) -> tuple[dt.datetime, dt.datetime]:
    zone = ctx.kernel.clock.zone
    return begins(period.first, zone), begins(period.last + dt.timedelta(days=1), zone)


def _made_in(ctx: Ctx, period: Period) -> Any:
    first, end = _bounds(ctx, period)
    return and_(Customer.created_at >= first, Customer.created_at < end)


def _contact_in(ctx: Ctx, period: Period) -> Any:
    first, end = _bounds(ctx, period)
    return and_(Activity.done, Activity.happens_at >= first, Activity.happens_at < end)


def _is_overdue(ctx: Ctx) -> Any:
    return and_(~Activity.done, or_(Activity.due < ctx.today, Activity.happens_at < ctx.now))
