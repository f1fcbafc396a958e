"""Lists in a real browser: what scripts add to them."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.support.shots import log_in

LIST = "/core/customers"


def test_columns_are_chosen_over_the_list(site, li, address, page: Page, faults):
    site.customer("Acme", "li", phone="021-5555")
    log_in(page, address, "li")
    page.goto(f"{address}{LIST}")
    page.locator("a[data-dialog]:visible").nth(1).click()
    dialog = page.locator("dialog.ls-dialog")
    dialog.get_by_role("checkbox", name="Phone").check()
    phone = dialog.get_by_role("button", name="Up: Phone")
    for _step in range(3):
        phone.click()
    with page.expect_navigation():
        dialog.get_by_role("button", name="Show").click()
    expect(page.locator("tbody [data-field=phone]")).to_have_text("021-5555")
    assert page.locator("thead th:not(.c0)").all_inner_texts()[4:6] == ["Phone", "Region"]
    assert "phone" in page.url
    assert "sort=&" not in page.url
    page.locator("a[data-dialog]:visible").nth(1).click()
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def test_shift_and_a_click_sort_besides(site, li, address, page: Page, faults):
    site.customer("Acme", "li")
    log_in(page, address, "li")
    page.goto(f"{address}{LIST}")
    with page.expect_navigation():
        page.locator("thead a", has_text="State").click(modifiers=["Shift"])
    assert "sort=name%2Cstate" in page.url


def test_pages_come_by_themselves_and_the_address_follows(site, li, address, page: Page, faults):
    for number in range(130):
        site.customer(f"C{number:03d}", "li")
    log_in(page, address, "li")
    page.goto(f"{address}{LIST}")
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(50)
    page.locator(".k-gridscroll").evaluate("box => box.scrollTop = box.scrollHeight")
    expect(rows).to_have_count(100)
    page.locator(".k-gridscroll").evaluate("box => box.scrollTop = box.scrollHeight")
    expect(rows).to_have_count(130)
    expect(page.locator(".k-pager")).to_contain_text("130 of 130")
    expect(page.locator("a[rel=next]")).to_have_count(0)
    expect(page).to_have_url(re.compile("cursor="))
    page.reload()
    expect(rows.first).to_contain_text(re.compile("C(050|100)"))
    page.locator(".k-gridscroll").evaluate("box => box.scrollTop = box.scrollHeight")
    expect(rows.last).to_contain_text("C129")


def test_a_filter_is_put_together_over_the_list(site, li, address, page: Page, faults):
    site.customer("Acme", "li", annual_revenue="5000")
    site.customer("Bolt", "li", annual_revenue="10")
    log_in(page, address, "li")
    page.goto(f"{address}{LIST}")
    page.keyboard.press("f")
    dialog = page.locator("dialog.ls-dialog")
    dialog.get_by_role("button", name="Annual revenue").click()
    line = dialog.locator(".ls-line")
    expect(line).to_have_count(1)
    line.locator("select").select_option("between")
    expect(line.locator("input:visible")).to_have_count(2)
    line.locator("select").select_option("empty")
    expect(line.locator("input:visible")).to_have_count(0)
    line.locator("select").select_option(">=")
    line.locator("input:visible").fill("1000")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator(".ls-words")).to_have_text(re.compile("Annual revenue ≥ ¥1,000"))
    page.locator(".ls-words").click()
    dialog.get_by_role("button", name="Remove: Annual revenue").click()
    expect(line).to_have_count(0)
    with page.expect_navigation():
        dialog.get_by_role("button", name="Show").last.click()
    expect(page.locator("tbody tr")).to_have_count(2)


def test_a_record_beside_the_list_by_keyboard(site, li, address, page: Page, faults):
    for name in ("Acme", "Bolt", "Crane"):
        site.customer(name, "li")
    log_in(page, address, "li")
    page.goto(f"{address}{LIST}")
    panel = page.locator(".k-preview")
    page.keyboard.press("j")
    page.keyboard.press("p")
    expect(panel.locator("h2")).to_have_text("Acme")
    expect(page).to_have_url(re.compile("preview=1$"))
    page.keyboard.press("j")
    expect(panel.locator("h2")).to_have_text("Bolt")
    page.keyboard.press("k")
    expect(panel.locator("h2")).to_have_text("Acme")
    panel.get_by_label("Next").click()
    expect(panel.locator("h2")).to_have_text("Bolt")
    page.reload()
    expect(panel.locator("h2")).to_have_text("Bolt")
    page.keyboard.press("Escape")
    expect(panel).to_have_count(0)
    assert "preview" not in page.url
    page.locator("tr[data-record='core.customer/3'] td[data-field]").first.click()
    expect(panel.locator("h2")).to_have_text("Crane")
    with page.expect_navigation():
        page.keyboard.press("o")
    expect(page.locator("main")).to_have_attribute("data-record", "core.customer/3")
