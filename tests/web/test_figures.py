"""What pages promise: how much goes over the wire, and that nothing moves once it is there."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page

from tests.support.shots import fill, log_in

FIRST, LATER = 250_000, 30_000  # bytes
STILL = 0.01  # of a screen, by as much; what nobody sees
SLOW = {"offline": False, "latency": 100, "downloadThroughput": 200_000, "uploadThroughput": 200_000}
PAGES = {
    "home": "/",
    "list": "/core/customers",
    "record": "/core/customers/1",
    "form": "/core/customers/1/edit",
    "admin": "/admin",
    "import": "/core/customers/import",
}
# How far things have moved since the page was opened, once what was in hand has been painted.
MOVED = """() => new Promise((done) => {
  let sum = 0;
  const seen = new PerformanceObserver((list) => list.getEntries().forEach((one) => { sum += one.value; }));
  seen.observe({ type: "layout-shift", buffered: true });
  setTimeout(() => requestAnimationFrame(() => setTimeout(() => done(sum), 50)), 50);
})"""
PUSH = """() => {
  const bar = document.createElement("p");
  bar.textContent = "late";
  document.querySelector("main").prepend(bar);
}"""


class Wire:
    """Counts the bytes that a page's replies take, headers included, as they are sent."""

    def __init__(self, page: Page) -> None:
        self.page, self.bytes = page, 0
        devtools = page.context.new_cdp_session(page)
        devtools.send("Network.enable")
        devtools.on("Network.loadingFinished", self._count)

    def _count(self, event: dict[str, float]) -> None:
        self.bytes += int(event["encodedDataLength"])

    def weight(self, address: str) -> int:
        """What opening the page takes, with all that it loads by itself."""
        self.bytes = 0
        self.page.goto(address, wait_until="networkidle")
        return self.bytes


def test_pages_are_light_on_the_first_visit_and_lighter_later(site, address, browser: Browser):
    fill(site)
    visitor = browser.new_context()
    wire = Wire(visitor.new_page())
    first = {"login": wire.weight(f"{address}/login")}
    log_in(wire.page, address)
    cookies = visitor.storage_state()
    later = {name: wire.weight(address + path) for name, path in PAGES.items()}
    visitor.close()
    for name, path in PAGES.items():
        newcomer = browser.new_context(storage_state=cookies)
        first[name] = Wire(newcomer.new_page()).weight(address + path)
        newcomer.close()
    assert {name: size for name, size in first.items() if not 10_000 < size <= FIRST} == {}
    assert {name: size for name, size in later.items() if not 500 < size <= LATER} == {}


@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_moves_once_a_page_is_there(site, address, browser: Browser, width):
    """On a slow line and with nothing kept, so that a page is seen before its scripts have run."""
    fill(site)
    visitor = browser.new_context()
    log_in(visitor.new_page(), address)
    moved = {}
    for name in ("home", "list", "record", "form"):
        newcomer = browser.new_context(storage_state=visitor.storage_state(), viewport={"width": width, "height": 844})
        page = newcomer.new_page()
        newcomer.new_cdp_session(page).send("Network.emulateNetworkConditions", SLOW)
        page.goto(address + PAGES[name], wait_until="networkidle")
        moved[name] = page.evaluate(MOVED)
        page.evaluate(PUSH)
        assert page.evaluate(MOVED) > STILL, "what moves is not seen"
        newcomer.close()
    visitor.close()
    assert {name: far for name, far in moved.items() if far > STILL} == {}
