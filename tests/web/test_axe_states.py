"""Axe on what pages become while somebody works in them: dialogs, open lists, cells, bars, steps."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.web.test_axe import DESK, PHONE, full, grave, log_in, look

LIST = "/core/customers"
__all__ = ["full"]


def wide(page: Page) -> list[str]:
    excess = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return [f"{excess}px too wide"] if excess > 0 else []


@pytest.mark.parametrize(("size", "theme"), [(DESK, "light"), (DESK, "dark"), (PHONE, "dark")])
def test_nor_while_one_fills_a_form_in(browser, full, size, theme):
    _site, address = full
    page, wrong = look(browser, size, theme), {}
    log_in(page, address)
    page.goto(f"{address}/core/contacts/new")
    page.locator("#f-customer").focus()
    page.keyboard.type("科技")
    page.locator(".k-options [role=option]").first.wait_for()
    wrong["options"] = grave(page) + wide(page)
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    page.get_by_role("dialog").wait_for()
    page.get_by_role("dialog").locator("[name=name]").fill("")
    page.keyboard.press("Enter")
    page.get_by_role("dialog").locator(".k-error").wait_for()
    wrong["dialog"] = grave(page) + wide(page)
    page.on("dialog", lambda one: one.accept())
    page.goto(f"{address}{LIST}/1/edit")
    name = page.locator("#f-name").input_value()
    page.goto(f"{address}{LIST}/new")
    page.fill("#f-name", name)
    page.locator(".k-dup").wait_for()
    page.fill("#f-annual_revenue", "1250000")
    wrong["hint"] = grave(page) + wide(page)
    page.wait_for_timeout(500)
    page.goto(f"{address}{LIST}/new")
    expect(page.locator("[data-draft]")).to_be_visible()
    wrong["draft"] = grave(page) + wide(page)
    page.context.close()
    assert {state: found for state, found in wrong.items() if found} == {}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nor_while_one_works_in_a_list(browser, full, theme):
    _site, address = full
    page, wrong = look(browser, DESK, theme), {}
    log_in(page, address)
    page.goto(f"{address}{LIST}?columns=name,phone,level,employees")
    page.locator("input[data-pick]").nth(1).check()
    wrong["chosen"] = grave(page) + wide(page)
    cell = page.locator("tbody tr:nth-child(1) [data-field=employees]")
    cell.focus()
    page.keyboard.press("F2")
    page.keyboard.type("many")
    page.keyboard.press("Enter")
    cell.get_by_role("alert").wait_for()
    wrong["cell"] = grave(page) + wide(page)
    page.keyboard.press("Escape")
    with page.expect_navigation():
        page.click(".k-selbar button[value=edit]")
    wrong["form"] = grave(page) + wide(page)
    page.fill("#f-phone", "021")
    with page.expect_navigation():
        page.click("button[form=deed]")
    wrong["preview"] = grave(page) + wide(page)
    with page.expect_navigation():
        page.click("button[form=deed]")
    wrong["progress"] = grave(page) + wide(page)
    page.set_viewport_size({"width": 390, "height": 844})
    wrong["progress on a phone"] = grave(page) + wide(page)
    page.context.close()
    assert {state: found for state, found in wrong.items() if found} == {}
