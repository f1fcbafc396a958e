"""A list told apart by a field: counts, sums, and the records of each group."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest

from core.app import make_app
from tests.support.site import Site
from tests.web.conftest import Browser, names, person, sql

LIST = "/core/customers"


def ask(**query: Any) -> str:
    values = {name: value if isinstance(value, str) else json.dumps(value) for name, value in query.items()}
    return f"{LIST}?{urlencode(values)}"


@pytest.fixture
def some(site: Site) -> Site:
    person(site, "li", name="李辉")
    person(site, "wang", name="王敏")
    for name, owner, values in (
        ("Alpha", "li", {"state": "prospect", "annual_revenue": "600000.5", "level": "vip", "employees": 10}),
        ("Beta", "wang", {"state": "target", "annual_revenue": "1000", "level": "vip"}),
        ("Gamma", "li", {"state": "prospect", "employees": 5}),
        ("Delta", "li", {"state": "prospect", "level": "key", "annual_revenue": "1"}),
    ):
        site.customer(name, owner=owner, **values)
    return site


def groups(page: Any) -> list[list[str]]:
    """Of each group its name, its count and its sums."""
    found = []
    for row in page.html.select("tr.group"):
        name, count = row.select_one("b").text.strip(), row.th.find_all(recursive=False)[-1].text.strip()
        found.append([name, count, *(cell.text.strip() for cell in row.select("td.num") if cell.text.strip())])
    return found


@pytest.mark.databases
def test_groups_have_counts_and_sums(some: Site, admin: Browser) -> None:
    page = admin.get(ask(group="level", columns="name,annual_revenue,employees"))
    assert groups(page) == [["Key", "1", "¥1"], ["VIP", "2", "¥601,000.50", "10"], ["—", "1", "5"]]
    assert page.html.select("tr[data-record]") == []
    assert page.html.select_one("#total").text == "4"
    by_state = admin.get(ask(group="state", filter=["not", ["empty", "level"]], columns="name,annual_revenue"))
    assert groups(by_state) == [["Target", "1", "¥1,000"], ["Prospect", "2", "¥600,001.50"]]


def test_a_group_opens_in_place_and_alone(some: Site, admin: Browser) -> None:
    page = admin.get(ask(group="owner", sort="-name"))
    assert [one[:2] for one in groups(page)] == [["李辉", "3"], ["王敏", "1"]]
    row = page.html.select("tr.group")[0]
    opened = admin.get(row.select_one("a.fold")["href"])
    assert names(opened) == ["李辉3", "Gamma", "Delta", "Alpha", "王敏1"]
    assert opened.html.select_one("tr.group.is-on a")["aria-expanded"] == "true"
    assert names(admin.get(opened.html.select_one("tr.is-on a.fold")["href"])) == ["李辉3", "王敏1"]
    alone = admin.get(row.th.find_all("a")[-1]["href"])
    assert names(alone) == ["Gamma", "Delta", "Alpha"]
    assert "Owner is 李辉" in " ".join(alone.html.select_one(".k-filters").text.split())
    nothing = admin.get(ask(group="level", open="-"))
    assert "Gamma" in names(nothing)


@pytest.mark.databases
def test_an_open_group_has_pages_of_its_own(site: Site, admin: Browser) -> None:
    for number in range(70):
        site.customer(f"C{number:02d}", state="prospect" if number % 7 else "target")
    page = admin.get(ask(group="state", open="prospect"))
    assert "50 of 60" in page.html.select_one(".k-pager").text
    rest = admin.get(page.html.select_one("a[rel=next]")["href"])
    assert len(rest.html.select("tr[data-record]")) == 10
    assert len(groups(rest)) == 2


def test_states_say_how_many_there_are(some: Site, admin: Browser) -> None:
    def counts(page: Any) -> list[str]:
        return [chip.select_one(".n").text for chip in page.html.select(".k-facet")]

    assert counts(admin.get(LIST)) == ["1", "3", "0", "0"]
    page = admin.get(ask(filter=["and", ["in", "state", ["target"]], ["=", "level", "vip"]]))
    assert counts(page) == ["1", "1", "0", "0"]
    assert page.html.select_one("#total").text == "1"


def test_only_what_one_sees_is_counted_and_added(some: Site, browser_of: Any) -> None:
    page = browser_of("li").get(ask(group="owner", columns="name,annual_revenue"))
    assert groups(page) == [["李辉", "3", "¥600,001.50"]]
    some.role("blind", [], [{"entity": "core.customer", "field": "annual_revenue", "right": "mask"},
                            {"entity": "core.customer", "field": "level", "right": "none"}])  # fmt: skip
    person(some, "chen", roles=("executive", "blind"))
    chen = browser_of("chen")
    page = chen.get(ask(group="state", columns="name,annual_revenue"))
    assert groups(page) == [["Target", "1"], ["Prospect", "3"]]
    assert "level" not in " ".join(link["href"] for link in page.html.select(".ctl .k-pop a"))
    chen.get(ask(group="level"), status=400)


@pytest.mark.parametrize("query", [{"group": "name"}, {"group": "nothing"}, {"group": "owner", "open": "x"},
                                   {"group": "state", "open": "nothing"}])  # fmt: skip
def test_what_cannot_be_grouped_is_said(some: Site, admin: Browser, query: dict[str, str]) -> None:
    admin.get(ask(**query), status=400)


def test_a_view_keeps_its_groups(some: Site, admin: Browser) -> None:
    admin.get(LIST)
    reply = admin.post(f"{LIST}/views", {"name": "By level", "group": "level"})
    assert len(groups(admin.follow(reply))) == 3
    admin.post(f"{LIST}/views", {"name": "Wrong", "group": "name"}, status=422)


def test_groups_of_fields_that_others_gave(some: Site, admin: Browser) -> None:
    labels = {"label_zh": "等级", "label_en": "Rank"}
    field = {"entity": "core.customer", "name": "rank", "type": "choice", "choices": ["gold", "silver"], **labels}
    some.create("core.custom_field", field)
    some.customer("Epsilon", custom={"rank": "gold"}, annual_revenue="5")
    assert [one[:2] for one in groups(admin.get(ask(group="custom.rank")))] == [["gold", "1"], ["—", "4"]]


def test_groups_take_one_statement_and_their_names_one(database_url: str) -> None:
    timed = Site(database_url, testing="true")
    for number in range(20):
        timed.customer(f"C{number}", level="vip" if number % 2 else "key")
    browser = Browser(make_app(timed.kernel))
    browser.log_in()
    browser.get(ask(group="level"))
    assert sql(browser.get(ask(group="level"))) == 1 + 4
    assert sql(browser.get(ask(group="state"))) == 1 + 3
    timed.close()
