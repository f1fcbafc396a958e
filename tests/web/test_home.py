"""The day: a queue that empties, by clicks and by keys; what one has been told beside it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from core.app import make_app
from core.i18n import _
from core.models import Activity, Customer
from core.services.notices import notify
from tests.support.shots import log_in
from tests.support.site import Site
from tests.web.conftest import Browser, person, sql
from tests.web.test_safety import PAYLOAD, strictly

ACTIVITY = "core.activity"


def in_days(site: Site, days: int) -> str:
    clock = site.kernel.clock
    return (clock.day(clock.now()) + dt.timedelta(days=days)).isoformat()


@pytest.fixture
def planned(site: Site) -> Site:
    """Li has something overdue, something today, something tomorrow; the last is not for him."""
    li = person(site, "li")
    customer = site.customer("Acme", "li")
    for subject, days in (("Call back", -3), ("Send the offer", 0), ("Later", 1)):
        values = {"kind": "task", "subject": subject, "due": in_days(site, days), "customer": customer}
        site.create(ACTIVITY, values, "li")
    site.create(ACTIVITY, {"kind": "task", "subject": "Of the boss", "due": in_days(site, 0)})
    site.run(lambda ctx: notify(ctx, li, "core.test", _("${about} is due."), about=ctx.system.get(Customer, customer)))
    return site


def queue(page: Any) -> list[tuple[str, str]]:
    """Group and title of each item."""
    found, group = [], ""
    for line in page.html.select(".hm-queue > li"):
        if "hm-h" in line["class"]:
            group = line.find(string=True).strip()
        else:
            found.append((group, line.select_one(".hm-title").text))
    return found


def test_the_day_is_what_is_due_to_oneself(planned, browser_of):
    page = browser_of("li").get("/")
    assert queue(page) == [("Overdue", "Call back"), ("Today", "Send the offer")]
    assert page.html.select_one(".hm-sub").text == "Acme"
    assert "Acme is due." in page.html.select_one(".hm-rem").text
    assert page.html.select_one("nav [aria-current=page]")["href"] == "/"


def test_what_is_done_leaves_and_comes_back_by_undo(planned, browser_of):
    li = browser_of("li")
    form = li.get("/").html.select_one("form[action$='/done']")
    version = form.select_one("[name=version]")["value"]
    page = li.follow(li.post(form["action"], {"version": version}))
    assert queue(page) == [("Today", "Send the offer")]
    assert "Done: Call back" in page.html.select_one(".k-toast").text
    li.post(form["action"], {"version": version}, 409)  # the other tab
    back = li.follow(li.post(page.html.select_one(".k-toast form")["action"], {}))
    assert [title for _group, title in queue(back)] == ["Call back", "Send the offer"]


def test_what_is_put_off_comes_on_its_day_at_the_same_time(planned, browser_of):
    li, clock = browser_of("li"), planned.kernel.clock
    at = dt.datetime.combine(clock.day(clock.now()), dt.time(23, 45), clock.zone)
    visit = planned.create(ACTIVITY, {"kind": "visit", "subject": "Visit", "at": at.isoformat()}, "li")
    assert ("Today", "Visit") in queue(li.get("/"))
    to = in_days(planned, 40)
    page = li.follow(li.post(f"/day/{visit}/later", {"version": "1", "to": to}))
    assert "Visit" not in [title for _group, title in queue(page)]
    with planned.acting() as ctx:
        moved = ctx.system.get_one(Activity, visit)
        assert moved.happens_at.astimezone(clock.zone).isoformat()[:16] == f"{to}T23:45"
        assert moved.due is None
    for wrong in ("", "soon", in_days(planned, 0), in_days(planned, -1)):
        li.post(f"/day/{visit}/later", {"version": "2", "to": wrong}, 422)
    li.post(f"/day/{visit}/later", {"to": to}, 409)


def test_a_reminder_is_read_once(planned, browser_of):
    li = browser_of("li")
    form = li.get("/").html.select_one(".hm-rem form")
    page = li.follow(li.post(form["action"]))
    assert "Nothing new." in page.html.select_one(".hm-side").text
    person(planned, "wu")
    browser_of("wu").post(form["action"], {}, 404)


def test_others_days_are_their_own(planned, browser_of):
    person(planned, "wu")
    wu = browser_of("wu")
    assert "Nothing waits for you today" in wu.get("/").text
    wu.post("/day/1/done", {"version": "1"}, 404)
    wu.post("/day/1/later", {"version": "1", "to": in_days(planned, 2)}, 404)
    wu.post("/day/987654/done", {"version": "1"}, 404)


def test_who_has_no_activities_begins_with_his_first_list(site, browser_of):
    site.role("viewer", [{"entity": "core.customer", "action": "view", "reach": "all"}])
    person(site, "wu", roles=["viewer"])
    wu = browser_of("wu")
    assert wu.get("/", 303).location == "http://localhost/core/customers"
    assert not wu.get("/core/customers").html.select("nav a[href='/']:not(.k-brand)")


def test_what_people_write_is_text(site, browser_of):
    values = {"kind": "task", "subject": PAYLOAD, "body": PAYLOAD, "due": in_days(site, 0)}
    site.create(ACTIVITY, values)
    page = browser_of().get("/")
    assert strictly(page.text) == []
    assert page.html.select_one(".hm-title").text == PAYLOAD


@pytest.mark.databases
def test_the_statements_do_not_grow_with_the_queue(database_url):
    site = Site(database_url, testing="true")
    admin = Browser(make_app(site.kernel))
    admin.log_in()
    admin.get("/")
    counts = []
    for number in (1, 30):
        for at in range(number):
            customer = site.customer(f"C{number}-{at}")
            site.create(ACTIVITY, {"subject": f"{at}", "due": in_days(site, -at), "customer": customer})
        counts.append(sql(admin.get("/")))
    assert counts[0] == counts[1] <= 1 + 5 + 2 * 3  # two cards, each with a savepoint around it
    site.close()


def test_the_queue_empties_by_keyboard_alone(planned, address, page: Page, faults):
    log_in(page, address, "li")
    page.goto(address)
    items = page.locator("[data-item]")
    expect(items).to_have_count(2)
    page.keyboard.press("j")
    expect(items.nth(1)).to_be_focused()
    expect(items.nth(1).locator(".hm-acts")).to_be_visible()
    expect(items.nth(0).locator(".hm-acts")).to_be_hidden()
    page.keyboard.press("k")
    with page.expect_navigation():
        page.keyboard.press("e")
    expect(page.get_by_role("status")).to_contain_text("Done: Call back")
    expect(items).to_have_count(1)
    with page.expect_navigation():
        page.keyboard.press("z")
    expect(items).to_have_count(2)
    page.keyboard.press("s")
    expect(page.get_by_role("button", name="Tomorrow")).to_be_visible()
    with page.expect_navigation():
        page.keyboard.press("1")
    expect(items).to_have_count(1)
    with page.expect_navigation(url="**/core/activities/*"):
        page.keyboard.press("o")
    with page.expect_navigation():
        page.keyboard.press("g")
        page.keyboard.press("h")
    expect(page.get_by_role("heading", level=1)).to_have_text("Today")
