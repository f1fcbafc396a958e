"""From one record of a list to the next."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.support.shots import log_in

LIST = "/core/customers"


def customers(site, count):
    """Li's, more of them than one page of the list has."""
    for number in range(count):
        site.customer(f"C{number:03d}", "li")


def test_records_are_gone_through_as_their_list_has_them(site, li, address, page: Page, faults):
    customers(site, 55)
    log_in(page, address, "li")
    page.goto(f"{address}{LIST}?sort=-name")
    page.locator("tbody a.name").nth(1).click()
    name, walk = page.locator("main h1"), page.get_by_role("navigation", name="In the list")
    expect(name).to_have_text("C053")
    expect(walk).to_contain_text("2 / 55")
    page.keyboard.press("j")
    expect(name).to_have_text("C052")
    walk.get_by_label("Previous record").click()
    expect(walk).to_contain_text("2 / 55")
    page.keyboard.press("k")
    expect(name).to_have_text("C054")
    expect(walk).to_contain_text("1 / 55")
    expect(walk.get_by_label("Previous record")).not_to_have_attribute("href", re.compile("."))
    page.locator(".k-crumb .back").click()
    expect(page).to_have_url(re.compile("sort=-name"))


def test_after_the_last_that_was_loaded_the_list_goes_on(site, li, address, page: Page, faults):
    customers(site, 53)
    log_in(page, address, "li")
    page.goto(f"{address}{LIST}")
    page.locator("tbody a.name").nth(49).click()
    for step in (50, 51, 52):
        expect(page.locator(".rec-walk")).to_contain_text(f"{step} / 53")
        page.keyboard.press("j")
        expect(page.locator("main h1")).to_have_text(f"C{step:03d}")
    expect(page.locator(".rec-walk")).to_contain_text("53 / 53")
    page.keyboard.press("j")
    expect(page.get_by_label("Next record")).not_to_have_attribute("href", re.compile("."))


def test_a_record_of_no_list_and_a_list_from_its_middle(site, li, address, page: Page, faults):
    customers(site, 53)
    stranger = site.create("core.contact", {"customer": 1, "name": "Zhao"})
    log_in(page, address, "li")
    page.goto(f"{address}{LIST}")
    page.goto(f"{address}/core/contacts/{stranger}")
    expect(page.locator(".rec-walk")).to_be_hidden()
    page.goto(f"{address}{LIST}")
    page.goto(page.locator("a[rel=next]").evaluate("link => link.href"))
    page.locator("tbody a.name").nth(0).click()
    expect(page.locator("main h1")).to_have_text("C050")
    expect(page.locator(".rec-walk")).to_be_visible()
    expect(page.locator(".rec-walk")).not_to_contain_text("/")
