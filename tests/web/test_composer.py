"""The composer: by form and by keyboard, with what was wrong in it."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from core.models import Activity
from core.services import agenda
from tests.support.shots import log_in
from tests.support.site import Site
from tests.web.conftest import Browser, person
from tests.web.test_timeline import groups, lines
from tests.web.test_undo import press_undo, toast_of

LIST = "/core/customers"
EVIL = '"><script>alert(1)</script>{{7*7}}\u202e'


@pytest.fixture
def admin(site: Site, browser_of: Any) -> Browser:
    return browser_of()


def test_without_scripts_it_is_a_form(site: Site, admin: Browser) -> None:
    number = site.customer("Acme")
    site.create("core.contact", {"customer": number, "name": "Zhao", "code": "Z1"})
    site.create("core.contact", {"customer": site.customer("Other"), "name": "Foreign"})
    at = f"{LIST}/{number}"
    page = admin.get(at)
    form = next(one for one in page.forms.values() if one.action.endswith("/log"))
    assert [one.text for one in page.html.select("[name=contact] option")] == ["", "Zhao"]
    assert [one["value"] for one in page.html.select("[data-composer] [name=kind]")] == [
        "note", "visit", "call", "mail", "meeting", "task",
    ]  # fmt: skip
    form["kind"], form["text"], form["contact"] = "call", "Agreed on the price", "Z1"
    form["next_step"], form["next_kind"] = "Send it", "call"
    form["next_due"], form["next_time"] = "2999-01-02", "10:00"
    page = admin.follow(admin.send(form))
    assert groups(page) == ["Next", "Today"]
    assert lines(page) == ["Call Send it · Zhao", "Call Agreed on the price · Zhao", "created this"]
    assert "Agreed on the price" in toast_of(page).text
    assert lines(press_undo(admin, page, at)) == ["created this"]


@pytest.mark.parametrize(
    ("said", "kind", "due", "has_time"),
    [
        ({"next_step": "Send it", "next_due": "2999-01-02"}, "task", "2999-01-02", False),
        ({"next_step": "Send it", "next_pick": "2999-01-03"}, "task", "2999-01-03", False),
        ({"next_pick": "2999-01-03", "next_due": "2999-01-02", "next_kind": "visit"}, "visit", "2999-01-02", False),
        ({"next_step": "Send it", "next_time": "23:59"}, "task", None, True),
    ],
)
def test_a_next_step_needs_a_day_and_is_something_to_do(
    site: Site, admin: Browser, said: dict[str, str], kind: str, due: str | None, has_time: bool
) -> None:
    at = f"{LIST}/{site.customer('Acme')}"
    page = admin.follow(admin.post(f"{at}/log", {"kind": "call", "text": "Agreed", "next_kind": "task", **said}))
    assert groups(page)[0] in ("Next", "Today")
    with site.acting(write=False) as ctx:
        call, following = ctx.system.scalars(select(Activity).order_by(Activity.id)).all()
        assert call.next_kind == following.kind == kind
        assert (following.due and following.due.isoformat(), following.happens_at is not None) == (due, has_time)
    assert lines(press_undo(admin, page, at)) == ["created this"]


def test_what_has_no_next_step_says_nothing_of_its_kind(site: Site, admin: Browser) -> None:
    admin.post(f"{LIST}/{site.customer('Acme')}/log", {"kind": "call", "text": "Agreed", "next_kind": "task"})
    with site.acting(write=False) as ctx:
        assert [one.next_kind for one in ctx.system.scalars(select(Activity))] == [None]


def test_the_only_contact_is_chosen(site: Site, admin: Browser) -> None:
    alone, both = site.customer("Acme"), site.customer("Bolt")
    for customer, name in ((alone, "Zhao"), (both, "Qian"), (both, "Sun")):
        site.create("core.contact", {"customer": customer, "name": name, "code": name})
    chosen = [admin.get(f"{LIST}/{one}").html.select("[data-composer] option[selected]") for one in (alone, both)]
    assert [[option.text for option in found if option.parent["name"] == "contact"] for found in chosen] == [
        ["Zhao"],
        [],
    ]


@pytest.mark.parametrize("weekday", range(7))
def test_days_are_offered_once_and_ahead(weekday: int) -> None:
    today = dt.date(2026, 11, 23) + dt.timedelta(days=weekday)
    offered = {str(title): day for day, title in agenda.days_ahead(today)}
    assert len(set(offered.values())) == len(offered) >= 2
    assert list(offered.values()) == sorted(offered.values())
    assert offered["Tomorrow"] == today + dt.timedelta(days=1)
    if "Next Monday" in offered:
        assert offered["Next Monday"] == dt.date(2026, 11, 30)


def test_what_is_wrong_comes_back_with_what_was_written(site: Site, admin: Browser) -> None:
    number = site.customer("Acme")
    page = admin.post(f"{LIST}/{number}/log", {"kind": "visit", "text": EVIL, "next_step": EVIL}, status=422)
    form = page.html.select_one("[data-composer]")
    assert "is-open" in form["class"]
    assert form.select_one("[name=kind][checked]")["value"] == "visit"
    assert form.textarea.text.strip() == EVIL
    assert form.select_one("[name=next_step]")["value"] == EVIL
    assert "Say when the next step is due." in form.select_one("#c-next_at-e").text
    assert form.select_one("[name=next_time]")["aria-describedby"] == "c-next_at-e"
    assert "<script>alert" not in page.text
    assert lines(admin.get(f"{LIST}/{number}")) == ["created this"]
    admin.app.post(f"{LIST}/{number}/log", {"text": "x", "csrf_token": "no"}, headers=admin.headers, status=400)


def test_who_may_not_is_not_asked(site: Site, browser_of: Any) -> None:
    person(site, "li")
    person(site, "boss", roles=("executive",))
    number = site.customer("Acme", owner="li")
    hidden = site.customer("Hidden")
    assert browser_of("li").get(f"{LIST}/{number}").html.select("[data-composer]")
    boss = browser_of("boss")
    page = boss.get(f"{LIST}/{number}")
    assert not page.html.select("[data-composer]")
    boss.post(f"{LIST}/{number}/log", {"kind": "note", "text": "x"}, status=403)
    browser_of("li").post(f"{LIST}/{hidden}/log", {"kind": "note", "text": "x"}, status=404)
    assert not browser_of().get("/core/users/1").html.select("[data-composer]")


def test_l_type_and_ctrl_enter_log_a_call(site: Site, li: int, address: str, page: Page, faults: Any) -> None:
    number = site.customer("Acme", owner="li")
    log_in(page, address, "li")
    page.goto(f"{address}{LIST}/{number}")
    expect(page.get_by_role("button", name="Write down")).to_be_hidden()
    page.keyboard.press("l")
    expect(page.locator("textarea[name=text]")).to_be_focused()
    expect(page.locator("[name=kind][value=call]")).to_be_checked()
    expect(page.get_by_role("button", name="Write down")).to_be_visible()
    page.keyboard.type("budget approved, see you in l")
    with page.expect_navigation():
        page.keyboard.press("Control+Enter")
    expect(page.locator(".k-tl > li").first).to_contain_text(re.compile("Call.*budget approved, see you in l"))
    page.keyboard.press("t")
    expect(page.get_by_label("Due", exact=True)).to_be_visible()
    expect(page.get_by_label("Next step", exact=True)).to_be_hidden()
    page.keyboard.press("Escape")
    expect(page.get_by_label("Due", exact=True)).to_be_hidden()
    page.keyboard.press("?")
    expect(page.locator("#keys-here")).to_contain_text("CallL")


def test_a_day_is_picked_with_a_click(site: Site, li: int, address: str, page: Page, faults: Any) -> None:
    number = site.customer("Acme", owner="li")
    log_in(page, address, "li")
    page.goto(f"{address}{LIST}/{number}")
    page.keyboard.press("l")
    page.keyboard.type("Agreed")
    page.get_by_label("Next step", exact=True).fill("Send it")
    page.locator(".when label").nth(1).click()
    day = page.locator("[name=next_due]")
    picked = page.locator("[name=next_pick]:checked")
    expect(day).to_have_value(picked.get_attribute("value") or "none")
    day.fill("2999-01-02")
    expect(picked).to_have_count(0)
    with page.expect_navigation():
        page.keyboard.press("Control+Enter")
    expect(page.locator(".k-tl > li").first).to_contain_text(re.compile("Task.*Send it"))
    with page.expect_navigation():
        page.get_by_role("button", name="Undo", exact=True).click()
    expect(page.locator(".k-tl > li")).to_have_count(1)


def test_what_the_kind_has_no_room_for_is_not_sent(site: Site, li: int, address: str, page: Page, faults: Any) -> None:
    number = site.customer("Acme", owner="li")
    log_in(page, address, "li")
    page.goto(f"{address}{LIST}/{number}")
    page.keyboard.press("l")
    page.keyboard.type("Send the offer")
    page.get_by_label("Next step", exact=True).fill("Ring again")
    page.locator("label", has_text="Task").click()
    page.get_by_label("Due", exact=True).fill("2999-01-02")
    page.locator("label", has_text="Call").click()
    expect(page.get_by_label("Next step", exact=True)).to_have_value("Ring again")
    page.locator("label", has_text="Task").click()
    with page.expect_request(lambda one: one.method == "POST") as sent:
        page.get_by_role("button", name="Write down").click()
    data = sent.value.post_data or ""
    assert "due=2999-01-02" in data
    assert "next_step" not in data
    expect(page.locator(".k-tl > li").first).to_contain_text("Send the offer")
