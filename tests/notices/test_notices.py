"""People are told things once, in their own words, and never more than they may see (M38)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select
from translationstring import TranslationString
from webtest import TestApp

from core.i18n import _
from core.models import Customer, Notification, User
from core.services import events, records
from core.services.login import new_token
from core.services.notices import notify
from core.services.work import Ctx
from plugins import Event
from tests.db.threads import at_once
from tests.events.test_events import Stage
from tests.rest.conftest import Api, app  # noqa: F401 - app is a fixture
from tests.support.site import Site

NOTICES = "/core/notifications"
DAY = dt.date(2026, 6, 10)
IS_DUE = _("${about} is due.")


@pytest.fixture
def site(site: Site) -> Site:
    """With the representatives li and wang; a customer of each."""
    for name in ("li", "wang"):
        site.user(name)
        site.customer(f"{name}'s", name)
    return site


@pytest.fixture
def api(site: Site, app: TestApp) -> Callable[..., Api]:  # noqa: F811
    """Clients that read English."""

    def client(login: str = "admin", *, read_only: bool = False) -> Api:
        secret = site.kernel.run(lambda work: new_token(work, login, read_only=read_only), write=True)
        assert secret is not None
        made = Api(app, secret)
        made.headers["Accept-Language"] = "en"
        return made

    return client


def tell(site: Site, login: str, customer: int, **more: Any) -> bool:
    def task(ctx: Ctx) -> bool:
        user = ctx.system.scalars(select(User.id).where(User.login == login)).one()
        about = ctx.system.get(Customer, customer)
        return notify(ctx, user, more.pop("kind", "core.test"), more.pop("text", IS_DUE), about=about, **more)

    return site.run(task)


def texts(client: Any, **query: str) -> list[str]:
    return [one["text"] for one in client.get(NOTICES, sort="id", **query).json["items"]]


@pytest.mark.databases
def test_each_kind_once_per_record_day_and_user(site: Site, api: Callable[..., Any]) -> None:
    assert tell(site, "li", 1, due=DAY)
    assert not tell(site, "li", 1, due=DAY)
    assert tell(site, "li", 1, due=DAY + dt.timedelta(days=1))
    assert tell(site, "li", 1, due=DAY, kind="core.other")
    assert tell(site, "li", 2, due=DAY)
    assert tell(site, "wang", 1, due=DAY)
    assert tell(site, "li", 1)
    assert not tell(site, "li", 1)
    assert len(texts(api("li"))) == 5
    assert len(texts(api("wang"))) == 1


@pytest.mark.databases
def test_many_who_say_it_at_once_say_it_once(site: Site) -> None:
    told = at_once([lambda: tell(site, "li", 1, due=DAY)] * 6)
    assert sorted(told) == [False] * 5 + [True]


def test_everybody_has_only_his_own_the_administrator_too(site: Site, api: Callable[..., Any]) -> None:
    tell(site, "li", 1)
    assert texts(api()) == texts(api("wang")) == []
    [mine] = api("li").get(NOTICES).json["items"]
    for client in (api(), api("wang")):
        client.get(f"{NOTICES}/{mine['id']}", status=404)
        client.act(f"{NOTICES}/{mine['id']}", "read", status=404)


@pytest.mark.databases
def test_it_is_marked_as_read_and_found_by_that(site: Site, api: Callable[..., Any]) -> None:
    tell(site, "li", 1, due=DAY)
    li = api("li")
    [mine] = li.get(NOTICES).json["items"]
    assert (mine["kind"], mine["read"], mine["due"], mine["text"]) == (
        "core.test",
        False,
        "2026-06-10",
        "li's is due.",
    )
    assert mine["about"]["entity"] == "core.customer"
    assert (mine["about"]["id"], mine["about"]["label"]) == (1, "li's")
    unread = '["=","read",false]'
    assert len(texts(li, filter=unread)) == 1
    assert li.act(f"{NOTICES}/{mine['id']}", "read").json["read"] is True
    assert texts(li, filter=unread) == []
    again = li.act(f"{NOTICES}/{mine['id']}", "read").json
    assert (again["read"], again["version"]) == (True, 2)
    assert li.act(f"{NOTICES}/{mine['id']}", "unread").json["read"] is False
    api("li", read_only=True).act(f"{NOTICES}/{mine['id']}", "read", status=403)


def test_what_a_verb_writes_raises_the_version(site: Site, api: Callable[..., Any]) -> None:
    """Also of a field that no form writes: else somebody could save over it what he read before."""
    tell(site, "li", 1)
    li = api("li")
    [mine] = li.get(NOTICES).json["items"]
    read = li.act(f"{NOTICES}/{mine['id']}", "read").json
    assert (read["read"], read["version"]) == (True, mine["version"] + 1)


def test_nobody_writes_one(site: Site, api: Callable[..., Any]) -> None:
    tell(site, "li", 1)
    api("li").post(NOTICES, {"kind": "x"}, status=405)
    api("li").patch(f"{NOTICES}/1", {"read": True, "version": 1}, status=405)
    api("li").delete(f"{NOTICES}/1", version=1, status=405)


def test_it_names_only_what_its_reader_may_see_when_he_reads(site: Site, api: Callable[..., Any]) -> None:
    tell(site, "li", 1)
    tell(site, "li", 2)
    own, others = api("li").get(NOTICES, sort="id").json["items"]
    assert own["text"] == "li's is due."
    assert others["text"] == "a record that you may not see is due."
    assert others["about"] == {"restricted": True}
    assert "wang" not in str(others)
    api().act("/core/customers/1", "assign", {"owner": "wang"})
    assert texts(api("li")) == ["a record that you may not see is due."] * 2
    api().act("/core/customers/1", "assign", {"owner": "li"})
    api().patch("/core/customers/1", {"name": "new name", "version": 3})
    assert texts(api("li"))[0] == "new name is due."


def test_a_masked_name_is_masked_in_it(site: Site, api: Callable[..., Any]) -> None:
    right = {"entity": "core.customer", "field": "name", "right": "mask"}
    site.role("masked", [{"entity": "core.customer", "action": "view", "reach": "all"}], [right])
    site.user("sun", roles=["masked"])
    tell(site, "sun", 1)
    assert texts(api("sun")) == ["**** is due."]


def test_it_speaks_the_readers_language(site: Site, api: Callable[..., Any]) -> None:
    tell(site, "li", 2, text=_("This is needed."))
    tell(site, "li", 2, kind="core.other")
    client = api("li")
    client.headers["Accept-Language"] = "zh-CN"
    assert texts(client) == ["这一项必填。", "一条您无权查看的记录 is due."]


def test_gaps_hold_numbers_days_and_records(site: Site, api: Callable[..., Any]) -> None:
    def task(ctx: Ctx) -> None:
        first, second = (ctx.system.get(Customer, number) for number in (1, 2))
        gaps = {"n": 3, "amount": Decimal("1.50"), "on": DAY, "other": second}
        text = TranslationString("${about}: ${n} ${amount} ${on} ${other} ${missing}", domain="none", mapping=gaps)
        notify(ctx, 2, "core.test", text, about=first)
        notify(ctx, 2, "core.bare", TranslationString("Good morning", domain="none"))

    site.run(task)
    said, bare = texts(api("li"))
    assert said == "li's: 3 1.50 2026-06-10 a record that you may not see ${missing}"
    assert bare == "Good morning"
    assert api("li").get(NOTICES, sort="-id").json["items"][0]["about"] is None


@pytest.mark.parametrize("gap", ["Acme", True, None, 1.5, dt.datetime(2026, 6, 8), object()])
def test_a_name_is_never_stored(site: Site, gap: Any) -> None:
    with pytest.raises(TypeError, match="name"):
        site.run(lambda ctx: notify(ctx, 2, "core.test", _("${name} is due.", mapping={"name": gap})))


def test_a_text_that_cannot_be_translated_is_refused(site: Site) -> None:
    with pytest.raises(TypeError, match=r"_\(…\)"):
        site.run(lambda ctx: notify(ctx, 2, "core.test", "Acme is due."))


def test_what_is_rolled_back_was_not_said(site: Site) -> None:
    with site.acting() as ctx, pytest.raises(ZeroDivisionError), ctx.savepoint():
        _tell_in_vain(ctx)
    with site.kernel.work(write=False) as work:
        assert work.system.scalars(select(Notification)).all() == []


def _tell_in_vain(ctx: Ctx) -> None:
    notify(ctx, 2, "core.test", IS_DUE)
    raise ZeroDivisionError


def test_it_survives_the_plugin_and_the_record(site: Site, api: Callable[..., Any]) -> None:
    tell(site, "li", 1)
    site.run(lambda ctx: records.delete(ctx, ctx.catalog["core.customer"], 1, 1))
    [found] = api("li").get(NOTICES).json["items"]
    assert found["about"]["deleted"] is True
    with site.kernel.work(write=True) as work:
        from sqlalchemy import update

        work.elevated("test", write=True).execute(update(Notification).values(about_entity="gone.thing"))
    [found] = api("li").get(NOTICES).json["items"]
    assert found["about"] == {"restricted": True}


# --- an event that leads to one (M8) ------------------------------------------------------------------------


@dataclass(frozen=True)
class TaskDone(Event):
    """A task that somebody raised for somebody else."""

    key = "test.TaskDone"
    activity_id: int
    raised_by: int


@pytest.mark.parametrize("lane", ["now", "later"])
def test_whoever_raised_a_task_is_told_when_it_is_done(site: Site, api: Callable[..., Any], lane: str) -> None:
    stage = Stage(site)
    stage._events.add("test", TaskDone.key, TaskDone)

    def tell_raiser(ctx: Ctx, told: TaskDone) -> None:
        activity = records.find(ctx, ctx.catalog["core.activity"], told.activity_id)
        notify(ctx, told.raised_by, "test.done", _("${about} is due."), about=activity, due=ctx.today)

    stage.on("test.TaskDone", lane, tell_raiser)
    task = site.create("core.activity", {"subject": "call back", "assignee": "wang"}, "li")
    with site.acting("wang") as ctx:
        events.publish(ctx, TaskDone(task, 2))
        events.publish(ctx, TaskDone(task, 2))
    stage.desk.work_off()
    [found] = api("li").get(NOTICES).json["items"]
    assert (found["about"]["entity"], found["about"]["label"]) == ("core.activity", "call back")
