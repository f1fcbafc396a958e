"""Favourites stand in the menu; what was opened lately is in the box, in one browser, for one person."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from core.app import make_app
from core.errors import Conflict, NotFound
from core.services import favourites
from tests.support.shots import log_in
from tests.support.site import Site
from tests.web.conftest import Browser, person, sql

LIST = "/core/customers"


@pytest.fixture
def admin(site: Site, browser_of: Any) -> Browser:
    return browser_of()


def marked(page: Any) -> list[str]:
    """The favourites in the menu."""
    return [one.text.strip() for one in page.html.select(f"nav.k-side a[href^='{LIST}/']")]


@pytest.mark.databases
def test_a_star_puts_a_record_into_the_menu_and_takes_it_out(site: Site, admin: Browser) -> None:
    first, second = site.customer("Acme"), site.customer("<b>Bolt</b>")
    for number in (first, second):
        page = admin.follow(admin.post(f"{LIST}/{number}/favourite", {"on": "1"}))
        assert page.html.select_one(".rec-star button")["aria-pressed"] == "true"
    assert marked(admin.get("/")) == ["<b>Bolt</b>", "Acme"]
    admin.post(f"{LIST}/{first}/favourite", {"on": ""})
    assert marked(admin.get("/")) == ["<b>Bolt</b>"]
    admin.app.post(f"{LIST}/{first}/favourite", {"on": "1", "csrf_token": "no"}, headers=admin.headers, status=400)


def test_each_has_his_own_of_what_he_sees(site: Site, browser_of: Any, admin: Browser) -> None:
    person(site, "li")
    mine, hidden = site.customer("Mine", owner="li"), site.customer("Hidden")
    li = browser_of("li")
    li.post(f"{LIST}/{mine}/favourite", {"on": "1"})
    li.post(f"{LIST}/{hidden}/favourite", {"on": "1"}, status=404)
    assert marked(admin.get("/")) == []
    assert marked(li.get("/")) == ["Mine"]
    admin.post(f"{LIST}/{mine}/delete", {"version": "1"})
    assert marked(li.get("/")) == []


def test_there_are_so_many_and_no_more(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(favourites, "MOST", 1)
    numbers = [site.customer(name) for name in "ab"]

    def favour(number: int) -> None:
        with site.acting() as ctx:
            favourites.mark(ctx, ctx.catalog["core.customer"], number, on=True)

    favour(numbers[0])
    favour(numbers[0])
    with pytest.raises(Conflict):
        favour(numbers[1])
    with pytest.raises(NotFound):
        favour(99)


def test_who_has_none_pays_nothing_and_others_one_statement(database_url: str) -> None:
    site = Site(database_url, testing="true")
    admin = Browser(make_app(site.kernel))
    admin.log_in()
    numbers = [site.customer(name) for name in "abc"]
    counts = [sql(admin.get(LIST))]
    for number in numbers:
        admin.post(f"{LIST}/{number}/favourite", {"on": "1"})
        counts.append(sql(admin.get(LIST)))
    assert counts[1:] == [counts[0] + 1] * 3
    site.close()


def test_what_was_opened_lately_is_in_the_box_until_one_logs_out(
    site: Site, li: int, address: str, page: Page, faults: Any
) -> None:
    for name in ("Acme", "Bolt"):
        site.customer(name, "li")
    log_in(page, address, "li")
    for number in (1, 2):
        page.goto(f"{address}{LIST}/{number}")
    page.goto(f"{address}{LIST}")
    page.keyboard.press("/")
    recent = page.locator("#palette [role=group]").first.get_by_role("option")
    expect(recent).to_have_text(["Bolt", "Acme"])
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert page.url == f"{address}{LIST}/2"
    page.get_by_label("You: li").click()
    with page.expect_navigation():
        page.get_by_role("button", name="Log out").click()
    assert page.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('recent'))") == []


def test_files_are_dropped_and_pasted_and_looked_at(site: Site, li: int, address: str, page: Page, faults: Any) -> None:
    number = site.customer("Acme", "li")
    log_in(page, address, "li")
    page.goto(f"{address}{LIST}/{number}")
    carry = """async (kind) => {
      const canvas = document.createElement("canvas"); canvas.width = canvas.height = 8;
      const blob = await new Promise((done) => canvas.toBlob(done, "image/png"));
      const data = new DataTransfer(); data.items.add(new File([blob], `${kind}.png`, { type: "image/png" }));
      const common = { bubbles: true, cancelable: true };
      const events = kind === "drop"
        ? ["dragover", "drop"].map((name) => new DragEvent(name, { ...common, dataTransfer: data }))
        : [new ClipboardEvent("paste", { ...common, clipboardData: data })];
      events.forEach((event) => document.body.dispatchEvent(event));
    }"""
    for kind in ("drop", "paste"):
        with page.expect_navigation():
            page.evaluate(carry, kind)
    expect(page.locator(".k-files a")).to_have_text(["paste.png", "drop.png"])
    assert page.locator(".k-thumb").first.evaluate("(image) => image.decode().then(() => image.naturalWidth)") == 8
    page.locator(".k-files a").first.click()
    expect(page.get_by_role("dialog", name="paste.png")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_on_paper_there_is_the_record_and_nothing_to_press(
    site: Site, li: int, address: str, page: Page, faults: Any
) -> None:
    number = site.customer("Acme", "li", phone="021-5")
    log_in(page, address, "li")
    page.goto(f"{address}{LIST}/{number}")
    page.emulate_media(media="print")
    for shown in ("h1", "dd[data-field=phone]", ".k-tl", ".rec-rel"):
        expect(page.locator(shown).first).to_be_visible()
    for pressed in (".k-side", ".k-top", "[data-composer]", ".rec-acts", ".k-upload", ".tl-tools"):
        expect(page.locator(pressed).first).to_be_hidden()
    assert page.evaluate("getComputedStyle(document.querySelector('.rec-time')).overflow") == "visible"
    page.emulate_media(media="print", color_scheme="dark")
    root = page.locator("html")
    expect(root).to_have_attribute("data-bs-theme", "dark")
    for event, theme in (("beforeprint", "light"), ("afterprint", "dark")):
        page.evaluate("(name) => dispatchEvent(new Event(name))", event)
        expect(root).to_have_attribute("data-bs-theme", theme)
