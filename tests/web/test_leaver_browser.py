"""Handing over by hand: proposed, changed for one record, done, and all of it undone."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.support.shots import log_in
from tests.web.conftest import person


def owners(page: Page, address: str) -> list[str]:
    page.goto(f"{address}/core/customers?columns=name,owner&sort=name")
    return [text.strip() for text in page.locator("tbody td[data-field=owner]").all_inner_texts()]


def test_the_wizard_and_its_undo(site, address, page: Page, faults):
    number = person(site, "zhang")
    for login in ("li", "wang"):
        site.user(login)
    for name in ("A", "B", "C"):
        site.customer(name, "zhang")
    log_in(page, address)
    page.goto(f"{address}/core/users/{number}")
    leave = "a[data-action='core.user.deactivate']"
    with page.expect_navigation():
        page.locator(leave).first.click()
    expect(page.get_by_label("admin")).not_to_be_checked()  # he holds no role of hers
    with page.expect_navigation():
        page.get_by_role("button", name="Propose again").click()
    page.get_by_label("New owner of A").select_option(label="wang")
    with page.expect_navigation():
        page.get_by_role("button", name="Hand over 3 and deactivate").click()
    expect(page.get_by_role("status")).to_contain_text("zhang is deactivated. ")
    undo = page.locator(".k-toast form button")
    expect(undo).to_have_text("Undo")
    with page.expect_navigation():
        page.keyboard.press("z")
    expect(page.get_by_role("status")).to_contain_text("Undone")
    assert owners(page, address) == ["zhang"] * 3
