"""How many clicks and keys the commonest jobs take: `python -m tests.support.clicks` prints them.

A click or a chord counts one, a letter after a letter (C C) is one chord; typing and moving the eyes count nothing.
Counted from the start page after the login, of a record that is known by name; the last save counts.
"""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Page, sync_playwright

from core.app import make_app
from tests.support.chromium import launched
from tests.support.serving import served
from tests.support.shots import log_in
from tests.support.site import PASSWORD, Site


class Hand:
    """Whoever sits before the page: counts what it does."""

    def __init__(self, page: Page) -> None:
        self.page, self.count = page, 0

    def chord(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)
        self.count += 1

    def click(self, selector: str) -> None:
        self.page.click(selector)
        self.count += 1

    def type(self, text: str) -> None:
        self.page.keyboard.type(text)


@dataclass(frozen=True)
class Job:
    """`do` does it and asserts that it is done; it may take `most`."""

    name: str
    most: int
    do: Callable[[Hand], None]


def create_customer(hand: Hand) -> None:
    with hand.page.expect_navigation():
        hand.chord("c", "c")
    hand.type("新客户科技")
    with hand.page.expect_navigation():
        hand.chord("Enter")
    assert "新客户科技" in hand.page.inner_text("h1")


def log_call(hand: Hand) -> None:
    with hand.page.expect_navigation():
        hand.chord("l")
    hand.type("答应下周给压测报告")
    with hand.page.expect_navigation():
        hand.chord("Control+Enter")
    assert "答应下周给压测报告" in hand.page.inner_text("main")


def see_the_day(hand: Hand) -> None:
    assert "回电话" in hand.page.inner_text(".hm-queue")


def find_phone(hand: Hand) -> None:
    hand.chord("/")
    hand.type("1234")
    hand.page.wait_for_selector(".cp-row:has-text('1234')")
    assert "021-5550-1234" in hand.page.inner_text(".cp-list")


def export_list(hand: Hand) -> None:
    """Of a list that one looks at."""
    hand.page.goto(hand.page.url.rstrip("/") + "/core/customers")
    hand.click(".k-head summary")
    with hand.page.expect_download() as download:
        hand.click("[data-action='core.customer.export']")
    assert download.value.suggested_filename.endswith(".xlsx")


JOBS = (
    Job("create a customer", 2, create_customer),
    Job("log a call", 2, log_call),
    Job("see my day", 0, see_the_day),
    Job("find a phone number", 1, find_phone),
    Job("export the list", 2, export_list),
)


def fill(site: Site) -> None:
    """A customer with a phone number, who is to be called today."""
    customer = site.customer("华东科技", phone="021-5550-1234")
    clock = site.kernel.clock
    due = clock.day(clock.now() - dt.timedelta(days=1)).isoformat()
    site.create("core.activity", {"kind": "call", "subject": "回电话", "due": due, "customer": customer})


def measure(page: Page, address: str, job: Job) -> int:
    """How many it takes, from the start page."""
    page.goto(f"{address}/")
    hand = Hand(page)
    job.do(hand)
    return hand.count


def main() -> int:
    """1 if a job takes more than it may."""
    late = 0
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        site = Site(f"sqlite:///{folder}/clicks.db")
        fill(site)
        browser = launched(playwright)
        with served(make_app(site.kernel)) as address:
            page = browser.new_context(locale="zh-CN").new_page()
            log_in(page, address, "admin", PASSWORD)
            for job in JOBS:
                count = measure(page, address, job)
                late += count > job.most
                print(f"{job.name:<24}{count:>3}  at most {job.most}")
        browser.close()
        site.close()
    return 1 if late else 0


if __name__ == "__main__":
    raise SystemExit(main())
