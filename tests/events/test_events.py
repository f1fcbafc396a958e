"""What one plugin tells, others hear: in the same transaction or later, once, and never in a circle."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from core.db.guard import Refused
from core.errors import Conflict
from core.models import Customer
from core.services import events, records
from core.services.work import Ctx
from plugins import ContractError, Event, Registry, Subscriber
from tests.jobs.conftest import Desk, with_jobs
from tests.support.site import Site


@dataclass(frozen=True)
class Won(Event):
    key = "test.Won"
    number: int
    amount: Decimal | None = None
    on: dt.date | None = None
    at: dt.datetime | None = None
    note: str = ""
    first: bool = False


@dataclass(frozen=True)
class Sunk(Event):
    key = "test.Sunk"


NAIVE = dt.datetime(2026, 6, 8)
FULL = Won(7, Decimal("1.50"), dt.date(2026, 6, 8), dt.datetime(2026, 6, 8, tzinfo=dt.UTC), "客户", True)


class Stage:
    """A desk on which events and subscribers can be declared."""

    def __init__(self, site: Site) -> None:
        self.desk, self.site = Desk(site), site
        self.heard: list[Any] = []
        self._events: Registry[type[Event]] = Registry("event")
        for kind in (Won, Sunk):
            self._events.add("test", kind.key, kind)
        self._subscribers: Registry[Subscriber] = Registry("subscriber")
        site.kernel = replace(site.kernel, events=self._events, subscribers=self._subscribers)

    def on(self, event: str, lane: Any, run: Callable[[Ctx, Any], None] | None = None) -> str:
        key = f"test.s{len(self._subscribers)}"
        subscriber = Subscriber(key=key, event=event, lane=lane, run=run or (lambda ctx, told: self.hear(key, told)))
        self._subscribers.add("test", key, subscriber)
        if lane == "later":
            self.site.kernel = with_jobs(self.site.kernel, events.delivery(subscriber, self._events.get(event)))
        return key

    def hear(self, key: str, told: Any) -> None:
        self.heard.append((key, told))

    def publish(self, event: Event, user: str = "admin") -> None:
        self.site.run(lambda ctx: events.publish(ctx, event), user)


@pytest.fixture
def stage(site: Site) -> Stage:
    return Stage(site)


def customer(ctx: Ctx, name: str) -> Any:
    return records.create(ctx, ctx.catalog["core.customer"], {"name": name})


def names(stage: Stage) -> list[str]:
    with stage.site.kernel.work(write=False) as work:
        return list(work.system.scalars(select(Customer.name).order_by(Customer.id)))


# --- now ------------------------------------------------------------------------------------------------


def test_subscribers_of_now_hear_in_their_order_what_is_stored(stage: Stage) -> None:
    def look(ctx: Ctx, told: Won) -> None:
        found = ctx.system.execute(select(Customer.name)).scalars().all()
        stage.hear("look", (told.number, list(found)))

    first = stage.on("test.Won", "now")
    stage.on("test.Won", "now", look)
    stage.on("test.Sunk", "now")

    def sell(ctx: Ctx) -> None:
        made = Customer(name="Acme", kind="company", state="target", code="C9", owner_id=1, unit_id=1, secrecy=1)
        ctx.db.add(made)  # pending
        events.publish(ctx, Won(7))

    stage.site.run(sell)
    assert stage.heard == [(first, Won(7)), ("look", (7, ["Acme"]))]


def test_what_a_subscriber_of_now_raises_undoes_all(stage: Stage) -> None:
    def refuse(ctx: Ctx, told: Won) -> None:
        raise Conflict("Not on a Monday.")

    stage.on("test.Won", "later")
    stage.on("test.Won", "now", refuse)

    def sell(ctx: Ctx) -> None:
        customer(ctx, "Acme")
        events.publish(ctx, Won(7))

    with pytest.raises(Conflict):
        stage.site.run(sell)
    assert names(stage) == []
    assert stage.desk.rows() == []


def test_what_a_subscriber_of_now_makes_is_part_of_the_transaction(stage: Stage) -> None:
    stage.on("test.Won", "now", lambda ctx, told: customer(ctx, "sibling"))
    stage.publish(Won(7))
    assert names(stage) == ["sibling"]


def test_a_circle_is_cut_and_named(stage: Stage) -> None:
    stage.on("test.Won", "now", lambda ctx, told: events.publish(ctx, Sunk()))
    stage.on("test.Sunk", "now", lambda ctx, told: events.publish(ctx, Won(1)))
    circle = "test.Won → test.Sunk → test.Won → test.Sunk → test.Won → test.Sunk"
    with pytest.raises(Refused, match=circle):
        stage.publish(Won(1))


def test_a_chain_that_ends_is_no_circle_and_many_in_a_row_are_none_either(stage: Stage) -> None:
    def down(ctx: Ctx, told: Won) -> None:
        if told.number > 1:
            events.publish(ctx, Won(told.number - 1))

    stage.on("test.Won", "now", down)
    stage.publish(Won(5))
    with stage.site.acting() as ctx:
        for _time in range(9):
            events.publish(ctx, Won(1))
        with pytest.raises(Refused):
            events.publish(ctx, Won(6))
        events.publish(ctx, Won(5))  # a path that was left behind is forgotten


# --- later ----------------------------------------------------------------------------------------------


@pytest.mark.databases
def test_subscribers_of_later_hear_once_after_the_commit_as_whoever_caused_it(stage: Stage) -> None:
    stage.site.user("li")
    told_to: list[Any] = []

    def hear(ctx: Ctx, told: Won) -> None:
        told_to.append((ctx.identity.login, ctx.identity.door, told))
        customer(ctx, "made later")

    stage.on("test.Won", "later", hear)
    stage.on("test.Won", "later")
    stage.publish(FULL, "li")
    assert stage.heard == []
    assert stage.desk.work_off() == 2
    assert told_to == [("li", "job", FULL)]
    assert [told for _key, told in stage.heard] == [FULL]
    assert names(stage) == ["made later"]
    assert stage.desk.work_off() == 0


def test_a_subscriber_of_later_that_fails_is_tried_again_and_no_other_hears_twice(stage: Stage) -> None:
    tries = []

    def fail(ctx: Ctx, told: Won) -> None:
        tries.append(told)
        if len(tries) == 1:
            raise OSError("mail server away")

    stage.on("test.Won", "later", fail)
    stage.on("test.Won", "later")
    stage.publish(Won(1))
    stage.desk.work_off()
    stage.desk.wait(hours=1)
    stage.desk.work_off()
    assert len(tries) == 2
    assert len(stage.heard) == 1
    assert [row.state for row in stage.desk.rows()] == ["done", "done"]


def test_two_events_alike_are_two(stage: Stage) -> None:
    stage.on("test.Won", "later")
    with stage.site.acting() as ctx:
        events.publish(ctx, Won(1))
        events.publish(ctx, Won(1))
    stage.desk.work_off()
    assert len(stage.heard) == 2


def test_nobody_who_listens_is_no_fault(stage: Stage) -> None:
    stage.publish(Won(1))
    assert stage.desk.rows() == []


# --- what an event can be ---------------------------------------------------------------------------------


@given(
    st.builds(
        Won,
        number=st.integers(-(2**60), 2**60),
        amount=st.none() | st.decimals(allow_nan=False, allow_infinity=False),
        on=st.none() | st.dates(),
        at=st.none() | st.datetimes(timezones=st.just(dt.UTC)),
        note=st.text(),
        first=st.booleans(),
    )
)
def test_an_event_comes_back_from_json_as_it_was(event: Won) -> None:
    back = events.from_json(Won, json.loads(json.dumps(events.to_json(event))))
    assert back == event
    assert [type(value) for value in vars(back).values()] == [type(value) for value in vars(event).values()]


@pytest.mark.parametrize(
    "wrong", [{"number": "7"}, {"number": True}, {"amount": 1.5}, {"note": None}, {"on": FULL.at}, {"at": NAIVE}]
)
def test_a_value_of_another_type_is_refused_where_it_is_published(stage: Stage, wrong: dict[str, Any]) -> None:
    values: dict[str, Any] = {"number": 7, **wrong}
    with pytest.raises(TypeError, match=r"test\.Won"):
        stage.publish(Won(**values))


def test_an_event_that_was_not_registered_is_refused(stage: Stage) -> None:
    @dataclass(frozen=True)
    class Impostor(Event):
        key = "test.Won"

    with pytest.raises(TypeError, match="Impostor"):
        stage.publish(Impostor())


@dataclass(frozen=True)
class Floating(Event):
    key = "test.Floating"
    amount: float


@dataclass(frozen=True)
class Either(Event):
    key = "test.Either"
    value: int | str


@dataclass
class Thawed(Event):
    key = "test.Thawed"


@dataclass(frozen=True)
class Keyless(Event):
    number: int


@pytest.mark.parametrize("kind", [Floating, Either, Thawed, Keyless, FULL, dict, 7])
def test_an_event_that_json_would_change_stops_the_boot(kind: Any) -> None:
    with pytest.raises(ContractError, match="plugin 'test'"):
        events.check(kind, "test")


def test_sound_events_pass() -> None:
    for kind in (Won, Sunk):
        events.check(kind, "test")
