"""The pages in a real browser: what people do, on the sizes and themes they do it with."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.support.shots import log_in, pages, press
from tests.web.conftest import EXPECTED

LIST = "/core/customers"


def test_logging_in_finding_changing_and_seeing_the_change(site, li, address, page: Page, faults):
    for name in ("Acme", "Bolt", "Crane"):
        site.customer(name, "li")
    page.goto(f"{address}{LIST}")
    page.fill("#login", "li")
    page.fill("#password", "wrong")
    press(page, "button.btn-primary")
    expect(page.get_by_role("alert")).to_contain_text("not right")
    log_in(page, address, "li")
    assert page.url == f"{address}/"
    page.goto(f"{address}{LIST}")
    page.fill(".k-find [name=q]", "bol")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.locator("tbody tr")).to_have_count(1)
    with page.expect_navigation():
        page.get_by_role("link", name="Bolt").click()
    with page.expect_navigation():
        page.get_by_role("link", name="Edit").click()
    page.fill("#f-phone", "021-5555")
    expect(page.locator(".k-unsaved")).to_be_visible()
    press(page, "button[form=sheet]")
    expect(page.get_by_role("status")).to_have_text(re.compile("Saved: Bolt"))
    expect(page.locator("dd[data-field=phone]")).to_have_text("021-5555")
    page.get_by_role("button", name="Close").click()
    expect(page.locator(".k-toast")).to_have_count(0)
    page.get_by_label("You: li").click()
    with page.expect_navigation():
        page.get_by_role("button", name="Log out").click()
    page.goto(f"{address}{LIST}")
    expect(page.locator("#password")).to_be_visible()


def test_a_stale_save_shows_both_versions(site, li, address, page: Page, faults):
    number = site.customer("Acme", "li", phone="1", email="a@x.example")
    log_in(page, address, "li")
    page.goto(f"{address}{LIST}/{number}/edit")
    other = page.context.new_page()
    other.goto(f"{address}{LIST}/{number}/edit")
    other.fill("#f-phone", "2")
    press(other, "button[form=sheet]")
    page.fill("#f-phone", "3")
    page.fill("#f-email", "b@x.example")
    press(page, "button[form=sheet]")
    row = page.locator(".k-merge tbody tr")
    expect(row).to_contain_text("2")
    expect(row).to_contain_text("3")
    expect(page.locator(".diff")).to_contain_text("b@x.example")
    row.get_by_text("2").click()
    with page.expect_navigation():
        page.get_by_role("button", name="Save this").click()
    expect(page.locator("dd[data-field=phone]")).to_have_text("2")
    expect(page.locator("dd[data-field=email]")).to_have_text("b@x.example")


def test_typing_the_address_of_a_foreign_record_finds_no_page(site, li, address, page: Page, faults):
    number = site.customer("Secret")
    log_in(page, address, "li")
    for path in (f"{LIST}/{number}", f"{LIST}/{number + 1}"):
        answer = page.goto(address + path)
        assert answer is not None
        assert answer.status == 404
        expect(page.get_by_role("heading")).to_have_text("There is no such page, or you may not see it")
    assert "Secret" not in page.content()


def test_everything_from_login_to_a_record_by_keyboard_alone(site, li, address, page: Page, faults):
    site.customer("Acme", "li")
    site.customer("Bolt", "li")
    page.goto(f"{address}/login")
    page.keyboard.type("li")
    page.keyboard.press("Tab")
    page.keyboard.type("x9-Long-Enough")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    page.keyboard.press("/")
    box = page.get_by_role("combobox", name="Search records and actions")
    expect(box).to_be_focused()
    page.keyboard.type("bolt/1")  # a slash inside the box is a slash
    expect(box).to_have_value("bolt/1")
    page.keyboard.press("Control+A")
    page.keyboard.type("bolt")
    expect(page.get_by_role("option", selected=True)).to_contain_text("Bolt")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Bolt")
    page.goto(f"{address}{LIST}")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="To the content")).to_be_focused()
    page.get_by_label("You: li").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Log out")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Log out")).to_be_hidden()
    expect(page.get_by_label("You: li")).to_be_focused()


def test_a_form_that_is_sent_twice_is_stored_once(site, li, address, page: Page, faults):
    log_in(page, address, "li")
    page.goto(f"{address}{LIST}/new")
    page.fill("#f-name", "Acme")
    with page.expect_navigation():
        page.evaluate(
            "() => { const b = document.querySelector('button[form=sheet]'); b.click(); b.click(); b.click() }"
        )
    page.goto(f"{address}{LIST}")
    expect(page.locator("tbody tr")).to_have_count(1)


def test_the_theme_follows_the_device_until_one_is_chosen(site, li, address, page: Page, faults):
    site.customer("Acme", "li")
    log_in(page, address, "li")
    page.emulate_media(color_scheme="dark")
    root = page.locator("html")
    expect(root).to_have_attribute("data-bs-theme", "dark")
    page.emulate_media(color_scheme="light")
    expect(root).to_have_attribute("data-bs-theme", "light")
    page.get_by_label("You: li").click()
    with page.expect_navigation():
        page.get_by_role("button", name="Dark").click()
    assert page.url == f"{address}/"
    expect(root).to_have_attribute("data-bs-theme", "dark")
    page.get_by_label("You: li").click()
    with page.expect_navigation():
        page.get_by_role("button", name="中文").click()
    expect(root).to_have_attribute("lang", "zh-Hans")
    expect(page.locator("nav.k-side")).to_contain_text("客户")


@pytest.mark.parametrize(("language", "theme"), [("zh-CN", "dark"), ("en-GB", "light")])
def test_nothing_is_wider_than_a_phone(site, address, browser, language, theme):
    long = "Société Générale de Transport et de Logistique du Rhône-Méditerranée-Corse " * 2
    number = site.customer(long.strip(), state="prospect", website="www." + "a" * 60 + ".example", note="x" * 300)
    site.customer("超" * 60, annual_revenue="123456789012.50", email="e" * 60 + "@example.com")
    site.user("li")
    share = {"entity": "core.customer", "record": number, "to": {"user": "li"}, "actions": ["view"]}
    site.create("core.share", share)
    context = browser.new_context(viewport={"width": 390, "height": 844}, locale=language, color_scheme=theme)
    page = context.new_page()
    found: list[str] = []
    context.on("console", lambda one: found.append(one.text) if one.type == "error" else None)

    def wide(name: str) -> str:
        excess = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        return f"{name}: {excess}px" if excess > 0 else ""

    page.goto(f"{address}/login")
    too_wide = [wide("login")]
    log_in(page, address)
    for name, path in pages(site):
        page.goto(address + path)
        assert page.locator("html").get_attribute("data-bs-theme") == theme
        too_wide.append(wide(name))
    page.goto(f"{address}{LIST}/{number}")
    page.locator(".rec-acts summary").click()
    too_wide.append(wide("menu"))
    press(page, "[data-action='core.customer.delete']")
    too_wide.append(wide("toast"))
    page.locator(".k-tabbar summary").click()
    expect(page.locator(".k-tabbar .k-pop")).to_be_visible()
    too_wide.append(wide("more"))
    context.close()
    assert [one for one in too_wide if one] == []
    assert [one for one in found if not EXPECTED.search(one)] == []


def test_without_scripts_everything_works(site, li, address, browser):
    context = browser.new_context(java_script_enabled=False, locale="en-GB")
    page = context.new_page()
    log_in(page, address, "li")
    page.goto(f"{address}{LIST}")
    press(page, "main a[data-action='core.customer.create'] >> nth=0")
    page.fill("#f-name", "Acme")
    press(page, "button[form=sheet]")
    expect(page.get_by_role("heading", level=1)).to_have_text("Acme")
    page.get_by_label("You: li").click()
    press(page, "text=Log out")
    expect(page.locator("#password")).to_be_visible()
    context.close()
