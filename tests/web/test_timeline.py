"""The timeline on a record's page: what stands there, its buttons, in the same number of statements always."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from core.app import make_app
from core.services import records
from tests.support.shots import log_in
from tests.support.site import Site
from tests.web.conftest import Browser, fact, person, sql
from tests.web.test_undo import save, toast_of

LIST = "/core/customers"


@pytest.fixture
def admin(site: Site, browser_of: Any) -> Browser:
    return browser_of()


def lines(page: Any) -> list[str]:
    """Each entry's first line."""
    return [" ".join(one.text.split()) for one in page.html.select(".k-tl > li > .hd > span")]


def groups(page: Any) -> list[str]:
    return [one.text for one in page.html.select(".tl-head")]


def button(page: Any, words: str) -> Any:
    """The form of a button in the timeline."""
    return next(one.find_parent("form") for one in page.html.select(".k-tl button") if words in one.text)


def press(browser: Browser, page: Any, words: str, at: str, status: int = 303) -> Any:
    form = button(page, words)
    values = {one["name"]: one["value"] for one in form.select("input")}
    headers = {**browser.headers, "Referer": f"http://localhost{at}"}
    return browser.app.post(form["action"], values, headers=headers, status=status)


def test_plans_come_first_and_changes_read_as_words(site: Site, admin: Browser) -> None:
    number = site.customer("Acme", owner="admin", level="vip")
    site.create("core.activity", {"customer": number, "subject": "next talk", "kind": "call", "due": "2999-01-01"})
    site.create("core.activity", {"customer": number, "subject": "first talk", "kind": "visit", "done": True})
    page = save(admin, number, phone="021-5", employees="480", level="")
    assert groups(page) == ["Next", "Today"]
    assert lines(page) == ["Call next talk", "changed", "Visit first talk", "created this"]
    diffs = [" ".join(one.get_text(" ").split()) for one in page.html.select(".k-tl .diff li")]
    assert sorted(diffs) == ["Employees — 480", "Level VIP —", "Phone — 021-5"]
    assert page.html.select_one(".k-tl .plan time").text == "1 Jan 2999"


def test_a_line_does_not_name_the_record_on_whose_page_it_stands(site: Site, admin: Browser) -> None:
    number = site.customer("Acme", owner="admin")
    contact = site.create("core.contact", {"customer": number, "name": "Zoe"})
    site.create(
        "core.activity", {"customer": number, "contact": contact, "subject": "talk", "kind": "call", "done": True}
    )
    assert lines(admin.get(f"{LIST}/{number}"))[0] == "Call talk · Zoe"
    assert lines(admin.get(f"/core/contacts/{contact}"))[0] == "Call talk"


def test_a_change_has_its_undo(site: Site, admin: Browser) -> None:
    number = site.customer("Acme", phone="1")
    at = f"{LIST}/{number}"
    save(admin, number, phone="2")
    page = save(admin, number, email="a@b.example")
    assert len(page.html.select(".k-tl [data-action='core.undo']")) == 2
    older = page.html.select(".k-tl [data-action='core.undo']")[1].find_parent("form")
    answer = admin.app.post(older["action"], {"csrf_token": older.input["value"]}, headers=admin.headers, status=303)
    page = admin.follow(answer)
    assert (fact(page, "phone"), fact(page, "email")) == ("1", "a@b.example")
    assert "Undone" in toast_of(page).text
    assert lines(page)[0] == "undid a change"
    admin.app.post(older["action"], {"csrf_token": "forged"}, headers=admin.headers, status=400)
    assert fact(admin.get(at), "phone") == "1"


def test_what_was_changed_again_has_none(site: Site, admin: Browser) -> None:
    number = site.customer("Acme", phone="1")
    save(admin, number, phone="2")
    page = save(admin, number, phone="3")
    assert len(page.html.select(".k-tl [data-action='core.undo']")) == 1


def test_a_plan_is_done_where_it_stands(site: Site, admin: Browser) -> None:
    number = site.customer("Acme")
    site.create("core.activity", {"customer": number, "subject": "talk"})
    at = f"{LIST}/{number}"
    page = admin.follow(press(admin, admin.get(at), "Done", at))
    assert page.request.path == at
    assert "Done: talk" in toast_of(page).text
    assert groups(page) == ["Today"]
    admin.post(f"{LIST}/{number}/done", {"version": "1"}, status=404)


def test_it_says_nothing_of_what_is_closed(site: Site, browser_of: Any, admin: Browser) -> None:
    rules = [
        {"entity": "core.customer", "field": "tax_no", "right": "none"},
        {"entity": "core.customer", "field": "phone", "right": "mask"},
    ]
    site.role("blind", [], rules)
    person(site, "li", roles=("sales_rep", "blind"))
    number, parent = site.customer("Acme", owner="li"), site.customer("Secret head")
    save(admin, number, tax_no="913101", phone="02155556666", parent=f"C00000{parent}")
    page = browser_of("li").get(f"{LIST}/{number}")
    assert not {"913101", "02155556666", "Secret head"} & set(page.text.split())
    assert "913101" not in page.text
    assert "021****6666" in page.text
    assert "Secret head" not in page.text


def test_it_can_be_narrowed_and_walked(site: Site, admin: Browser) -> None:
    number = site.customer("Acme")
    for place in range(33):
        site.create("core.activity", {"customer": number, "subject": f"talk {place}", "done": True})
    path = f"{LIST}/{number}"
    page = admin.get(f"{path}?only=changes")
    assert lines(page) == ["created this"]
    assert page.html.select_one(".tl-tools [aria-current]").text == "Changes"
    page = admin.get(f"{path}?only=core.activity")
    assert len(lines(page)) == 30
    following = admin.get(page.html.select_one("#older")["href"])
    assert lines(following) == [f"Task talk {place}" for place in (2, 1, 0)]
    for query in ("only=x", "before=x", "before=2020-01-01T00:00:00Z~x~1", "only=%ff"):
        admin.get(f"{path}?{query}", 400)


def test_hostile_texts_are_shown_as_texts(site: Site, admin: Browser) -> None:
    evil = "<script>alert(1)</script>{{7*7}}\u202e"
    number = site.customer("Acme")
    site.create("core.activity", {"customer": number, "subject": evil, "body": evil, "done": True})
    page = save(admin, number, note=evil)
    assert "<script>alert" not in page.text
    assert evil.strip() in page.html.select_one(".k-tl .diff").text


def test_the_number_of_statements_does_not_grow(database_url: str) -> None:
    site = Site(database_url, testing="true")
    admin, number = Browser(make_app(site.kernel)), site.customer("Acme")
    admin.log_in()
    counts = []
    for place in range(6):
        values = {"customer": number, "subject": f"talk {place}"}
        site.create("core.activity", {**values, "done": True})
        site.create("core.activity", values)
        with site.acting() as ctx:
            records.change(ctx, ctx.catalog["core.customer"], number, {"phone": f"{place}"}, place + 1)
        counts.append(sql(admin.get(f"{LIST}/{number}")))
    assert len(set(counts)) == 1
    assert counts[0] <= 1 + 18
    site.close()


def test_older_entries_come_without_a_new_page(site: Site, li: int, address: str, page: Page, faults: Any) -> None:
    number = site.customer("Acme", owner="li")
    for place in range(40):
        site.create("core.activity", {"customer": number, "subject": f"talk {place}", "done": True})
    log_in(page, address, "li")
    page.goto(f"{address}{LIST}/{number}")
    expect(page.locator(".k-tl > li")).to_have_count(30)
    page.locator("#older").click()
    expect(page.locator(".k-tl > li")).to_have_count(41)
    expect(page.locator("#older")).to_have_count(0)
    expect(page.locator(".tl-head")).to_have_count(1)


def test_a_phone_has_tabs(site: Site, li: int, address: str, page: Page, faults: Any) -> None:
    number = site.customer("Acme", owner="li", phone="021-5")
    page.set_viewport_size({"width": 390, "height": 844})
    log_in(page, address, "li")
    page.goto(f"{address}{LIST}/{number}")
    expect(page.locator("dd[data-field=phone]")).to_be_hidden()
    page.get_by_role("link", name="Facts").click()
    expect(page.locator("dd[data-field=phone]")).to_be_visible()
    assert page.url.endswith("?show=facts")
    page.reload()
    expect(page.locator("dd[data-field=phone]")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
