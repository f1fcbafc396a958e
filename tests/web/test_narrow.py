"""What a narrow window shows: nothing is cut off without a way to it, and what one came for is in sight."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.support.shots import log_in
from tests.support.site import Site

LIST = "/core/customers"
NAME = "北京东康检测技术有限公司"


def box(page: Page, selector: str) -> Any:
    found = page.locator(selector).first.bounding_box()
    assert found is not None
    return found


@pytest.fixture
def phone(address: str, page: Page, faults: Any) -> Page:
    page.set_viewport_size({"width": 390, "height": 844})
    log_in(page, address)
    return page


def test_the_facts_of_a_record_are_not_pushed_down_by_its_head(site: Site, address: str, phone: Page) -> None:
    number = site.customer(NAME)
    phone.goto(f"{address}{LIST}/{number}?show=facts")
    assert box(phone, ".rec-facts")["y"] <= 222
    for selector in (".back", ".rec-title h1", ".rec-acts", ".rec-star", ".see", ".k-track"):
        place = box(phone, selector)
        assert place["x"] >= 0, selector
        assert place["x"] + place["width"] <= 390, selector
    verb = phone.get_by_role("button", name="Archive").or_(phone.get_by_role("link", name="Archive")).first
    verb.scroll_into_view_if_needed()
    expect(verb).to_be_in_viewport()


def test_rights_scroll_in_their_own_box_beside_what_they_are_of(site: Site, address: str, phone: Page) -> None:
    phone.goto(f"{address}/admin/rights?user=admin")
    assert phone.evaluate("document.documentElement.scrollWidth") == 390
    scroller = phone.locator(".k-scroll").first
    first, last = scroller.locator("tbody th").first, scroller.locator("tbody tr").first.locator("td").last
    expect(last).not_to_be_in_viewport()
    scroller.evaluate("one => { one.scrollLeft = one.scrollWidth; }")
    expect(last).to_be_in_viewport()
    expect(first).to_be_in_viewport(ratio=1)


@pytest.mark.parametrize("width", [390, 800, 1280])
def test_the_open_view_is_in_sight_among_many(site: Site, address: str, page: Page, faults: Any, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    log_in(page, address)
    made = [
        site.create("core.saved_view", {"entity": "core.customer", "name": f"{NAME} {at}", "query": {}})
        for at in range(9)
    ]
    for number in (made[0], made[4], made[-1]):
        page.goto(f"{address}{LIST}?saved={number}")
        opened, views = box(page, ".k-tabs [aria-current]"), box(page, ".k-tabs")
        add = box(page, ".k-tabs .addview")
        assert views["x"] <= opened["x"]
        assert opened["x"] + opened["width"] <= add["x"]
