"""A fact is edited where it stands: saved as the form saves, refused as the form refuses."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from core.services import records
from tests.support.shots import log_in
from tests.support.site import Site
from tests.web.conftest import Browser, fact, person

LIST = "/core/customers"


@pytest.fixture
def admin(site: Site, browser_of: Any) -> Browser:
    return browser_of()


def test_what_can_be_changed_leads_to_its_field(site: Site, browser_of: Any) -> None:
    rules = [
        {"entity": "core.customer", "field": "tax_no", "right": "none"},
        {"entity": "core.customer", "field": "phone", "right": "mask"},
        {"entity": "core.customer", "field": "email", "right": "read"},
    ]
    site.role("blind", [], rules)
    person(site, "li", roles=("sales_rep", "blind"))
    person(site, "boss", roles=("executive",))
    number = site.customer("Acme", owner="li", phone="02155556666", email="a@b.example", website="www.acme.example")
    page = browser_of("li").get(f"{LIST}/{number}")
    links = {one["data-edit"]: one["href"] for one in page.html.select("dd [data-edit]")}
    assert {"short_name", "employees", "website", "level", "note"} <= links.keys()
    assert not {"tax_no", "phone", "email", "code", "created_at", "owner"} & links.keys()
    form = browser_of("li").get(links["employees"].partition("#")[0])
    assert form.html.find(id=links["employees"].partition("#")[2])["name"] == "employees"
    assert browser_of("boss").get(f"{LIST}/{number}").html.select("[data-edit]") == []


def edit(page: Page, name: str) -> Any:
    """Open a fact; its input."""
    page.locator(f"[data-edit={name}]").click()
    found = page.locator(f"dd[data-field={name}] [name={name}]")
    expect(found).to_be_focused()
    return found


def test_enter_saves_and_undo_sets_back(site: Site, li: int, address: str, page: Page, faults: Any) -> None:
    number = site.customer("Acme", owner="li", employees=450)
    log_in(page, address, "li")
    page.goto(f"{address}{LIST}/{number}")
    box = edit(page, "employees")
    expect(box).to_have_value("450")
    page.keyboard.type("480")
    page.keyboard.press("Enter")
    dd = page.locator("dd[data-field=employees]")
    expect(dd.locator(".k-fact")).to_have_text("480")
    expect(dd.get_by_role("status")).to_have_text("Saved")
    expect(dd.locator(".k-fact")).to_be_focused()
    expect(page.locator(".k-toast")).to_contain_text("Saved: Acme")
    expect(page.locator(".k-tl > li").first).to_contain_text(re.compile("Employees.*450.*480"))
    box = edit(page, "employees")  # on the version that is stored now
    page.keyboard.type("500")
    page.keyboard.press("Enter")
    expect(dd.locator(".k-fact")).to_have_text("500")
    with page.expect_navigation():
        page.locator(".k-toast").get_by_role("button", name="Undo").click()
    expect(dd.locator(".k-fact")).to_have_text("480")


def test_escape_reverts_and_what_is_wrong_is_said(site: Site, li: int, address: str, page: Page, faults: Any) -> None:
    number = site.customer("Acme", owner="li", employees=450)
    log_in(page, address, "li")
    page.goto(f"{address}{LIST}/{number}")
    edit(page, "employees")
    page.keyboard.type("many")
    page.keyboard.press("Enter")
    note = page.locator("dd[data-field=employees]").get_by_role("alert")
    expect(note).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("dd[data-field=employees] .k-fact")).to_have_text("450")
    expect(page.locator("dd[data-field=employees] .k-fact")).to_be_focused()
    with site.acting(write=False) as ctx:
        assert records.find(ctx, ctx.catalog["core.customer"], number).version == 1


def test_by_keyboard_alone_and_the_next_saves_the_first(
    site: Site, li: int, address: str, page: Page, faults: Any
) -> None:
    number = site.customer("Acme", owner="li", note="one\ntwo", website="old.example")
    evil = "<img src=x onerror=alert(1)>{{7*7}}"
    log_in(page, address, "li")
    page.goto(f"{address}{LIST}/{number}")
    page.locator("[data-edit=short_name]").focus()
    page.keyboard.press("Space")
    expect(page.locator("[name=short_name]")).to_be_focused()
    page.keyboard.type(evil)
    page.locator("[data-edit=website]").focus()
    page.keyboard.press("Enter")
    expect(page.locator("[name=website]")).to_be_focused()
    expect(page.locator("dd[data-field=short_name] .k-fact")).to_have_text(evil)
    page.keyboard.type("www.acme.example")
    page.keyboard.press("Enter")
    expect(page.locator("dd[data-field=website] a").first).to_have_attribute("href", "https://www.acme.example")
    edit(page, "note")
    page.keyboard.press("End")
    page.keyboard.press("Enter")  # a new line
    page.keyboard.press("Control+Enter")
    expect(page.locator("[name=note]")).to_have_count(0)


def test_a_choice_is_chosen(site: Site, li: int, address: str, page: Page, faults: Any) -> None:
    number = site.customer("Acme", owner="li")
    log_in(page, address, "li")
    page.goto(f"{address}{LIST}/{number}")
    edit(page, "level").select_option("vip")
    page.keyboard.press("Enter")
    expect(page.locator("dd[data-field=level] a").first).to_have_text("VIP")


def test_who_saved_first_is_shown(site: Site, li: int, address: str, page: Page, faults: Any) -> None:
    number = site.customer("Acme", owner="li", phone="1")
    log_in(page, address, "li")
    page.goto(f"{address}{LIST}/{number}")
    page.locator("dd[data-field=phone] .k-pen").click()
    expect(page.locator("[name=phone]")).to_be_focused()
    with site.acting() as ctx:
        records.change(ctx, ctx.catalog["core.customer"], number, {"phone": "2"}, 1)
    page.keyboard.type("3")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    row = page.locator(".k-merge tbody tr")
    expect(row).to_contain_text("2")
    expect(row).to_contain_text("3")
    with page.expect_navigation():
        page.get_by_role("button", name="Save this").click()
    expect(page.locator("dd[data-field=phone] a").first).to_have_text("3")


def test_a_session_that_ended_loses_nothing_silently(site: Site, li: int, address: str, page: Page) -> None:
    number = site.customer("Acme", owner="li", employees=1)
    log_in(page, address, "li")
    page.goto(f"{address}{LIST}/{number}")
    edit(page, "employees")
    page.keyboard.type("2")
    page.context.clear_cookies()
    with page.expect_navigation():
        page.keyboard.press("Enter")
    with site.acting(write=False) as ctx:
        assert records.find(ctx, ctx.catalog["core.customer"], number).employees == 1
    expect(page.locator("main, .er, .lg-box").first).to_be_visible()


def test_without_scripts_the_fact_stays_readable(site: Site, admin: Browser) -> None:
    number = site.customer("Acme", employees=12345)
    assert fact(admin.get(f"{LIST}/{number}"), "employees") == "12,345"
