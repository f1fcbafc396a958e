"""What the kernel tells of activities, states and trades, and who hears that a task is done (M8, M38)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import func, select

from core.models import Activity, Notification, Trade, User
from core.services import events, records, trades
from core.services.happenings import (
    EVENTS,
    ActivityCompleted,
    CustomerStateChanged,
    TradeRecorded,
    TradeVoided,
)
from core.services.work import Ctx
from plugins import Registry, Subscriber
from tests.rest.conftest import Api, api, app  # noqa: F401 - fixtures
from tests.support.site import Site

ACTIVITIES = "/core/activities"
DAY = dt.date(2026, 3, 2)


@pytest.fixture
def heard(site: Site) -> list[Any]:
    """All that the kernel tells from now on, to somebody who listens in the transaction."""
    told: list[Any] = []
    subscribers: Registry[Subscriber] = Registry("subscriber")
    for kind in EVENTS:
        key = f"test.{kind.__name__}"
        subscribers.add(
            "test", key, Subscriber(key=key, event=kind.key, lane="now", run=lambda _ctx, one: told.append(one))
        )
    site.kernel = replace(site.kernel, subscribers=subscribers)
    return told


def act(site: Site, customer: int, name: str, **arguments: Any) -> None:
    with site.acting() as ctx:
        entity = ctx.catalog["core.customer"]
        verb = next(one for one in entity.verbs if one.name == name)
        records.act(ctx, entity, customer, verb, arguments)


def change(site: Site, activity: int, user: str, **values: Any) -> None:
    with site.acting(user) as ctx:
        version = ctx.system.get_one(Activity, activity).version
        records.change(ctx, ctx.catalog["core.activity"], activity, values, version)


@pytest.mark.databases
def test_states_by_verbs(site: Site, heard: list[Any]) -> None:
    customer = site.customer("A")
    act(site, customer, "qualify")
    act(site, customer, "seal", reason="gone")
    act(site, customer, "unseal", reason="back")
    assert heard == [
        CustomerStateChanged(customer, "target", "prospect"),
        CustomerStateChanged(customer, "prospect", "sealed"),
        CustomerStateChanged(customer, "sealed", "prospect"),
    ]


@pytest.mark.databases
def test_trades_and_the_states_that_follow(site: Site, heard: list[Any]) -> None:
    customer = site.customer("A")
    order: dict[str, Any] = {
        "customer_id": customer,
        "source_key": "x/1",
        "document": "SO-1",
        "kind": "order",
        "on": DAY,
    }

    def record(amount: str) -> Callable[[Ctx], None]:
        return lambda ctx: trades.record(ctx, amount_base=Decimal(amount), **order)

    site.run(record("10"))
    site.run(record("20"))
    site.run(lambda ctx: trades.void(ctx, "x/1"))
    site.run(lambda ctx: trades.void(ctx, "x/1"))  # it counts no longer already
    with site.acting(write=False) as ctx:
        trade = ctx.system.scalars(select(Trade.id)).one()
    assert heard == [
        CustomerStateChanged(customer, "target", "formal"),
        TradeRecorded(trade, customer, "order", DAY, Decimal("10")),
        TradeRecorded(trade, customer, "order", DAY, Decimal("20")),
        CustomerStateChanged(customer, "formal", "prospect"),
        TradeVoided(trade, customer, "order"),
    ]


def test_the_ledger_tells_the_same_through_rest(site: Site, heard: list[Any]) -> None:
    customer = site.customer("A")
    values = {"source_key": "x/1", "document": "I-1", "kind": "invoice", "on": str(DAY), "amount_base": "5"}
    trade = site.create("core.trade", {"customer": customer, **values})
    assert heard == [TradeRecorded(trade, customer, "invoice", DAY, Decimal("5"))]


def test_activities(site: Site, heard: list[Any]) -> None:
    customer = site.customer("A")
    planned = site.create("core.activity", {"subject": "x", "kind": "visit", "customer": customer})
    assert heard == []
    change(site, planned, "admin", subject="y")
    change(site, planned, "admin", done=True)
    change(site, planned, "admin", result="well")  # it was done before
    noted = site.create("core.activity", {"subject": "z", "kind": "note", "done": True})
    assert heard == [
        ActivityCompleted(planned, "visit", customer, planned=True),
        ActivityCompleted(noted, "note", None, planned=False),
    ]


def test_what_a_listener_refuses_does_not_happen(site: Site) -> None:
    def refuse(_ctx: Ctx, _event: Any) -> None:
        raise ZeroDivisionError

    subscribers: Registry[Subscriber] = Registry("subscriber")
    subscribers.add(
        "test", "test.no", Subscriber(key="test.no", event=CustomerStateChanged.key, lane="now", run=refuse)
    )
    site.kernel = replace(site.kernel, subscribers=subscribers)
    customer = site.customer("A")
    with pytest.raises(ZeroDivisionError):
        act(site, customer, "qualify")
    with site.acting(write=False) as ctx:
        assert records.find(ctx, ctx.catalog["core.customer"], customer).state == "target"


def test_they_survive_the_lane_later() -> None:
    for one in (
        ActivityCompleted(1, "task", None, planned=True),
        CustomerStateChanged(1, "target", "formal"),
        TradeRecorded(1, 2, "order", DAY, Decimal("1.5")),
        TradeVoided(1, 2, "order"),
    ):
        assert events.from_json(type(one), events.to_json(one)) == one


# --- a task for somebody else ------------------------------------------------------------------------


@pytest.fixture
def desks(site: Site) -> Site:
    """The service representative sun and the sales representative li, of two departments."""
    for unit, login in (("service", "sun"), ("sales", "li")):
        site.unit(unit)
        site.user(login, unit)
    return site


def notices(site: Site) -> list[tuple[str, str]]:
    with site.acting(write=False) as ctx:
        rows: Any = ctx.system.execute(
            select(User.login, Notification.kind).join(User, User.id == Notification.user_id).order_by(Notification.id)
        )
        return [tuple(row) for row in rows]


@pytest.mark.databases
def test_a_task_for_another_department_comes_back_as_a_message(desks: Site, api: Callable[..., Api]) -> None:  # noqa: F811
    """M8: it is in the representative's list, and its completion is told to who raised it."""
    sun, li = api("sun"), api("li")
    task = sun.post(ACTIVITIES, {"subject": "Quote for A", "assignee": "li", "due": "2026-07-01"}).json
    todo = '["and", ["=", "assignee", {"$": "me"}], ["=", "done", false]]'
    assert [one["subject"] for one in li.get(ACTIVITIES, filter=todo).json["items"]] == ["Quote for A"]
    li.patch(f"{ACTIVITIES}/{task['id']}", {"done": True, "result": "sent", "version": 1})
    assert li.get(ACTIVITIES, filter=todo).json["items"] == []
    sun.headers["Accept-Language"] = "en"
    (told,) = sun.get("/core/notifications").json["items"]
    assert (told["text"], told["due"], told["about"]["id"]) == ("Quote for A is done.", "2026-07-01", task["id"])
    assert notices(desks) == [("sun", "core.activity_done")]


def test_owner_and_writer_are_told_once_and_nobody_of_his_own_work(desks: Site) -> None:
    own = desks.create("core.activity", {"subject": "own"}, "li")
    change(desks, own, "li", done=True)
    assert notices(desks) == []
    task = desks.create("core.activity", {"subject": "x", "assignee": "li", "participants": ["sun"]})
    change(desks, task, "li", done=True)
    change(desks, task, "li", done=False)
    change(desks, task, "li", done=True)
    assert notices(desks) == [("admin", "core.activity_done")]
    noted = {"subject": "noted", "owner": "sun", "customer": desks.customer("A"), "done": True}
    desks.create("core.activity", noted)
    assert len(notices(desks)) == 1


def test_undo_and_redo_plan_and_tell_nothing_anew(desks: Site, api: Callable[..., Api]) -> None:  # noqa: F811
    admin, li = api(), api("li")
    task = admin.post(ACTIVITIES, {"subject": "x", "assignee": "li", "customer": desks.customer("A", "li")}).json
    next_step = {"done": True, "next_step": "offer", "next_at": "2026-12-01T02:00:00Z", "version": 1}
    done = li.patch(f"{ACTIVITIES}/{task['id']}", next_step)
    undone = admin.post(f"/changes/{done.headers['Change-Id']}/undo", {}, status=200)
    admin.post(f"/changes/{undone.headers['Change-Id']}/undo", {}, status=200)
    assert [one["subject"] for one in li.get(ACTIVITIES, sort="id").json["items"]] == ["x", "offer"]
    with desks.acting(write=False) as ctx:
        assert ctx.system.scalar(select(func.count()).select_from(Activity)) == 2
    assert notices(desks) == [("admin", "core.activity_done")]
