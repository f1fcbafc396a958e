"""A plugin's own way to look at a list: offered where it may be, narrowed as the list is, kept by saved views."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from core.app import make_app
from core.services import records
from plugins import Registry
from tests.gifts.test_gifts import GIFTS
from tests.support.site import Site
from tests.web.conftest import Browser, app, browser_of, person, sql  # noqa: F401 - fixtures

BOARD = f"{GIFTS}?view=board"


@pytest.fixture
def site(database_url: str) -> Iterator[Site]:
    """A site with `gifts` that counts the statements of its pages."""
    made = Site(database_url, ["gifts"], testing="true")
    yield made
    made.close()


@pytest.fixture
def shop(site: Site) -> Site:
    """`li` has given tea with a price and a pen without; `wang` a cup."""
    for login, customer, gifts in (("li", "Acme", (("Tea", "80"), ("Pen", None))), ("wang", "Bolt", (("Cup", "5"),))):
        person(site, login)
        number = site.customer(customer, login)
        for name, price in gifts:
            site.create("gifts.gift", {"customer": number, "name": name, "price": price}, login)
    return site


def lanes(page: Any) -> dict[str, list[str]]:
    found = page.html.select(".gifts-board section")
    return {one.select_one("h2").text.rsplit(" ", 1)[0]: [link.text for link in one.select("a")] for one in found}


@pytest.mark.databases
def test_the_list_leads_to_it_and_back(shop: Site, browser_of: Any) -> None:  # noqa: F811
    li = browser_of("li")
    table, board = li.get(GIFTS).html.select(".k-seg[aria-label^=Ways] a")
    assert (table["aria-current"], "aria-current" in board.attrs, board.text.strip()) == ("true", False, "Board")
    page = li.get(board["href"])
    assert page.html.select_one("main")["data-view"] == "board"
    assert lanes(page) == {"With a price": ["Tea"], "Without a price": ["Pen"]}  # nothing of wang's
    assert page.html.select_one("#total").text == "2"
    assert not page.html.select(".k-grid")
    table, board = page.html.select(".k-seg[aria-label^=Ways] a")
    assert board["aria-current"] == "true"
    assert li.get(table["href"]).html.select(".k-grid")


def test_it_is_narrowed_as_the_list_is(shop: Site, browser_of: Any) -> None:  # noqa: F811
    li = browser_of("li")
    assert lanes(li.get(f"{BOARD}&q=te")) == {"With a price": ["Tea"], "Without a price": []}
    condition = json.dumps(["=", "name", "Pen"])
    assert lanes(li.get(f"{BOARD}&filter={condition}")) == {"With a price": [], "Without a price": ["Pen"]}
    nothing = li.get(f"{BOARD}&q=nothing")
    assert not lanes(nothing)
    assert nothing.html.select(".k-empty")


def test_a_saved_view_keeps_it(shop: Site, browser_of: Any) -> None:  # noqa: F811
    li = browser_of("li")
    saved = li.post(f"{GIFTS}/views", {"name": "By price", "unit": "", "view": "board", "q": "te"})
    assert lanes(li.follow(saved)) == {"With a price": ["Tea"], "Without a price": []}
    kernel = dataclasses.replace(shop.kernel, list_views=Registry("list view"))
    without = Browser(make_app(kernel))
    without.log_in("li")
    page = without.get(saved.location)
    assert "This view is shown without what it asks" in page.text
    assert page.html.select(".k-grid")


def test_what_is_not_offered_is_refused(shop: Site, browser_of: Any) -> None:  # noqa: F811
    shop.role("blind", [], [{"entity": "gifts.gift", "field": "price", "right": "none"}])
    person(shop, "eve", roles=("sales_rep", "blind"))
    li = browser_of("eve")
    assert not li.get(GIFTS).html.select(".k-seg[aria-label^=Ways]")
    for address in (BOARD, f"{GIFTS}?view=<b>"):
        assert "cannot be looked at in this way" in li.get(address, 400).text
    refused = li.post(f"{GIFTS}/views", {"name": "By price", "unit": "", "view": "board"}, 422)
    assert "cannot be looked at in this way" in refused.text


def test_its_failure_is_its_own(shop: Site, browser_of: Any) -> None:  # noqa: F811
    def lost(ctx: Any, asked: Callable[..., Any]) -> Any:
        records.listing(ctx, asked())
        raise LookupError("lost")

    views: Registry[Any] = Registry("list view")
    views.add("gifts", "gifts.board", dataclasses.replace(shop.kernel.list_views.get("gifts.board"), render=lost))
    li = Browser(make_app(dataclasses.replace(shop.kernel, list_views=views)))
    li.log_in("li")
    page = li.get(BOARD)
    assert "Incident" in page.text
    assert li.get(page.html.find("a", string="Show as a table")["href"]).html.select(".k-grid")


def test_names_are_only_text_and_rows_cost_nothing(shop: Site, browser_of: Any) -> None:  # noqa: F811
    li = browser_of("li")
    li.get(BOARD)
    few = sql(li.get(BOARD))
    customer = shop.customer("Crane", "li")
    for number in range(12):
        shop.create("gifts.gift", {"customer": customer, "name": f"<i>{number}</i>", "price": "1"}, "li")
    page = li.get(BOARD)
    assert "<i>1</i>" not in page.text
    assert "<i>1</i>" in lanes(page)["With a price"]
    assert sql(li.get(BOARD)) == few
