"""The records that refer to a record, on its page: how many, the first, all of them, one more."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from core.app import make_app
from tests.support.shots import log_in
from tests.support.site import Site
from tests.web.conftest import Browser, names, person, sql

LIST = "/core/customers"


@pytest.fixture
def admin(site: Site, browser_of: Any) -> Browser:
    return browser_of()


def block(page: Any, key: str) -> Any:
    return page.html.select_one(f"[data-panel='{key}']")


def counts(page: Any) -> dict[str, str]:
    return {one.span.text: one.b.text for one in page.html.select(".k-counts a")}


def test_the_first_are_shown_and_all_of_them_are_a_click_away(site: Site, admin: Browser) -> None:
    number = site.customer("Acme")
    zhao = {"title": "CEO", "mobile": "138-1234", "email": "z@acme.example", "is_main": True}
    site.create("core.contact", {"customer": number, "name": "Zhao", **zhao})
    for name in ("A", "B", "C", "D", "E", "<i>F</i>"):
        site.create("core.contact", {"customer": number, "name": name})
    site.create("core.contact", {"customer": site.customer("Other"), "name": "Foreign"})
    site.customer("Child", parent=number, annual_revenue="12345")
    page = admin.get(f"{LIST}/{number}")
    assert counts(page) == {"Subsidiaries": "1", "Contacts": "7", "Activities": "0", "Trades": "0"}
    contacts = block(page, "core.contact.customer")
    assert len(contacts.select("li")) == 5
    whole = admin.get(contacts.h2.a["href"])
    assert sorted(names(whole)) == sorted(["A", "B", "C", "D", "E", "<i>F</i>", "Zhao"])
    assert "<i>F" not in page.text
    child = block(page, "core.customer.parent").li
    assert (child.a.text, child.select_one(".amt").text) == ("Child", "¥12,345")
    assert block(page, "core.activity.customer") is None  # the timeline has them


def test_contacts_can_be_called_and_written_to(site: Site, admin: Browser) -> None:
    number = site.customer("Acme")
    zhao = {"title": "CEO", "mobile": "138-1234", "email": "z@acme.example", "is_main": True}
    site.create("core.contact", {"customer": number, "name": "Zhao", **zhao})
    line = block(admin.get(f"{LIST}/{number}"), "core.contact.customer").li
    assert {one.text: one["href"] for one in line.select(".l2 a")} == {
        "138-1234": "tel:1381234",
        "z@acme.example": "mailto:z@acme.example",
    }
    assert "CEO" in line.text
    assert line.select_one(".k-tag").text == "Main contact"


def test_one_more_begins_with_the_reference(site: Site, admin: Browser, browser_of: Any) -> None:
    number = site.customer("Acme")
    page = admin.get(f"{LIST}/{number}")
    link = block(page, "core.contact.customer").header.select_one("[data-short]")
    form = admin.form(link["href"])
    assert form["customer"].value == "C000001"
    person(site, "boss", roles=("executive",))
    assert browser_of("boss").get(f"{LIST}/{number}").html.select("[data-short]") == []


def test_what_is_hidden_is_neither_counted_nor_named(site: Site, browser_of: Any) -> None:
    person(site, "li")
    number = site.customer("Acme", owner="li")
    site.customer("Secret child", parent=number)
    page = browser_of("li").get(f"{LIST}/{number}")
    assert counts(page)["Subsidiaries"] == "0"
    assert "Secret child" not in page.text


def test_a_user_has_counts_alone(site: Site, admin: Browser) -> None:
    site.customer("Acme")
    page = admin.get("/core/users/1")
    assert counts(page) == {"Customers": "1"}
    assert names(admin.get(page.html.select_one(".k-counts a")["href"])) == ["Acme"]


def test_the_number_of_statements_does_not_grow(database_url: str) -> None:
    site = Site(database_url, testing="true")
    admin, number = Browser(make_app(site.kernel)), site.customer("Acme")
    admin.log_in()
    found = []
    for name in "abcd":
        site.create("core.contact", {"customer": number, "name": name})
        site.customer(f"Child {name}", parent=number)
        found.append(sql(admin.get(f"{LIST}/{number}")))
    assert len(set(found)) == 1
    assert found[0] <= 1 + 18 + 2 * 2
    site.close()


def test_a_contact_is_made_over_the_page(site: Site, li: int, address: str, page: Page, faults: Any) -> None:
    number = site.customer("Acme", owner="li")
    log_in(page, address, "li")
    page.goto(f"{address}{LIST}/{number}")
    page.get_by_label("New: Contacts").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("Zhao")
    page.keyboard.press("Enter")
    expect(page.locator(".k-rows li")).to_contain_text("Zhao")
    expect(page.locator(".k-toast")).to_contain_text("Created: Zhao")
