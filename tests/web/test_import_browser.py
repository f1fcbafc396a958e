"""An import by hand, with scripts: choices are tried at once, progress comes by itself, all of it is taken back."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from core.services.jobs.runner import work_off
from tests.support.shots import log_in

FILE = "Customer name,Kind,Phone\nAcme,Company,1\nBeta,Robot,2\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "some.csv"
    path.write_text(FILE)
    return path


def test_importing_and_taking_back(site, address, page: Page, faults, file):
    log_in(page, address)
    page.goto(f"{address}/core/customers")
    with page.expect_navigation():
        page.click("[data-action='core.customer.import']")
    page.set_input_files("[name=file]", file)
    with page.expect_navigation():
        page.get_by_role("button", name="Go on").click()
    start = page.locator("[data-action='core.import.start']")
    expect(start).to_have_text("Import 1 row")
    page.get_by_label("“Robot” means").select_option(label="Company")
    expect(start).to_have_text("Import 2 rows")  # tried by itself
    expect(page.get_by_label("“Robot” means")).to_be_focused()
    with page.expect_navigation():
        start.click()
    expect(page.locator("[data-progress]")).to_contain_text("0 of 2 rows")
    work_off(site.kernel)
    expect(page.locator(".imp-done")).to_contain_text("2 records imported")
    with page.expect_navigation():
        page.get_by_role("button", name="Take all of it back").click()
    work_off(site.kernel)
    expect(page.locator(".imp-done")).to_contain_text("2 records taken back")
    page.goto(f"{address}/core/customers")
    expect(page.locator("tbody tr")).to_have_count(0)


def test_a_phone_has_no_sideways_scroll(site, address, page: Page, faults, file):
    page.set_viewport_size({"width": 390, "height": 844})
    log_in(page, address)
    page.goto(f"{address}/core/customers/import")
    page.set_input_files("[name=file]", file)
    with page.expect_navigation():
        page.get_by_role("button", name="Go on").click()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
