"""The condition of a list: in lines, in words, in the address."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any, Literal
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.app import make_app
from core.describe import ENTITIES
from core.security.catalog import Catalog
from core.web.lists.terms import Line, Lines
from tests.support.site import Site
from tests.web.conftest import Browser, names, person, sql

LIST = "/core/customers"
ZONE = dt.timezone(dt.timedelta(hours=8))


def ask(path: str = LIST, **query: Any) -> str:
    values = {name: value if isinstance(value, str) else json.dumps(value) for name, value in query.items()}
    return f"{path}?{urlencode(values)}"


@pytest.fixture
def some(site: Site) -> Site:
    person(site, "li", name="李辉")
    person(site, "wang", name="王敏")
    for name, owner, values in (
        ("Alpha", "li", {"state": "prospect", "annual_revenue": "600000", "level": "vip", "region": "310000"}),
        ("Beta", "wang", {"state": "target", "annual_revenue": "1000"}),
        ("Gamma", "li", {"state": "prospect", "developed_on": "2026-01-05", "employees": 12}),
    ):
        site.customer(name, owner=owner, **values)
    return site


def chips(page: Any) -> list[str]:
    return [" ".join(chip.text.split()) for chip in page.html.select(".k-filters .k-chip")]


def test_a_condition_reads_as_words_and_each_part_can_be_taken_away(some: Site, admin: Browser) -> None:
    condition = [
        "and",
        ["in", "state", ["prospect"]],
        ["in", "owner", ["li", "wang"]],
        ["or", [">=", "annual_revenue", 500000], ["=", "region.code", "310000"]],
        ["not", ["empty", "employees"]],
        ["between", "developed_on", {"$": "today", "offset": "-30d"}, {"$": "today"}],
    ]
    page = admin.get(ask(filter=condition))
    assert chips(page) == [
        "Owner is 李辉 or 王敏",
        "Annual revenue ≥ ¥500,000 or Region › Code is “310000”",
        "Employees is filled in",
        "Developed on 30 days ago – today",
    ]
    less = page.html.select(".k-filters .k-chip")[1].select("a")[-1]["href"]
    assert len(chips(admin.get(less))) == 3
    assert "“" not in "".join(chips(admin.get(less)))


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        (["=", "owner", {"$": "me"}], "Owner is me"),
        (["in", "unit", {"$": "my_units"}], "Unit is my unit and those below"),
        (["=", "region", "310000"], "Region is Shanghai"),
        (["!=", "region", None], "Region is filled in"),
        (["in", "region", [None, "310000"]], "Region is empty or Shanghai"),
        (["not", ["or", ["=", "name", "A"], ["=", "name", "B"]]], "not ( Name is “A” or Name is “B” )"),
        (["contains", "name", "<b>"], "Name contains “<b>”"),
        (["<", "developed_on", "2026-06-30"], "Developed on before 30 Jun 2026"),
        (["=", "owner", 999], "Owner is 999"),
    ],
)
def test_words(some: Site, admin: Browser, condition: Any, words: str) -> None:
    assert chips(admin.get(ask(filter=condition))) == [words]


def test_who_may_not_read_names_sees_keys(some: Site, browser_of: Any) -> None:
    some.role("blind", [], [{"entity": "core.user", "field": "name", "right": "none"}])
    person(some, "chen", roles=("executive", "blind"))
    page = browser_of("chen").get(ask(filter=["=", "owner", "li"]))
    assert chips(page) == ["Owner is li"]
    assert "李辉" not in page.text


def test_a_condition_is_put_together_without_scripts(some: Site, admin: Browser) -> None:
    page = admin.get(ask(f"{LIST}/filter", sort="-name"))
    assert "All customers are shown" in page.text
    page = page.forms[sheet(page)].submit("add", value="owner", headers=admin.headers)
    boxes = {box["value"]: box.find_next("span").text for box in page.html.select("input[name=v0]")}
    assert boxes["$me"] == "me"
    assert boxes["li"] == "李辉"
    form = page.forms[sheet(page)]
    form.fields["v0"][list(boxes).index("li")].checked = True
    page = form.submit("add", value="annual_revenue", headers=admin.headers)
    form = page.forms[sheet(page)]
    form["j1"], form["o1"] = "or", ">="
    form["a1"] = "1,000"
    page = form.submit("do", value="show", headers=admin.headers)
    page = admin.follow(page)
    assert names(page) == ["Gamma", "Beta", "Alpha"]
    assert chips(page) == ["Owner is 李辉 or Annual revenue ≥ ¥1,000"]
    page = admin.get(page.html.select_one(".ls-words")["href"])
    form = page.forms[sheet(page)]
    assert form["j1"].value == "or"
    page = form.submit("do", value="drop.1", headers=admin.headers)
    page = admin.follow(page.forms[sheet(page)].submit("do", value="show", headers=admin.headers))
    assert names(page) == ["Gamma", "Alpha"]


def sheet(page: Any) -> Any:
    return next(key for key, form in page.forms.items() if form.action.endswith("/filter"))


@pytest.mark.parametrize(
    ("field", "operator", "values", "said"),
    [
        ("owner", "in", {}, "Choose at least one"),
        ("annual_revenue", ">=", {"a0": "many"}, "Give an amount"),
        ("annual_revenue", "between", {"a0": "1"}, "Give both values"),
        ("developed_on", "last", {"d0": "-1"}, "number of days"),
        ("developed_on", ">=", {"a0": "2026-02-30"}, "no such day"),
        ("name", "contains", {"a0": " "}, "Give a value"),
        ("name", "like", {"a0": "x"}, "Choose a field"),
    ],
)
def test_a_line_that_says_nothing_is_said_beside_it(
    some: Site, admin: Browser, field: str, operator: str, values: dict[str, str], said: str
) -> None:
    query = {"sheet": "1", "line": "0", "f0": field, "o0": operator, "do": "show", **values}
    page = admin.get(f"{LIST}/filter?{urlencode(query)}", status=400)
    assert said in page.html.select_one(".ls-line .k-error").text


def test_a_sheet_that_we_never_send_is_refused(some: Site, admin: Browser) -> None:
    for query in ({"line": "0", "f0": "nothing", "o0": "in"}, {"line": "0", "r0": "{"}):
        admin.get(f"{LIST}/filter?{urlencode({'sheet': '1', **query})}", status=400)
    admin.get(f"{LIST}/filter?sheet=1&do=drop.99&add=nothing")


def test_what_one_may_not_ask_by_is_not_offered(some: Site, browser_of: Any) -> None:
    some.role("blind", [], [{"entity": "core.customer", "field": "annual_revenue", "right": "none"}])
    person(some, "chen", roles=("executive", "blind"))
    page = browser_of("chen").get(f"{LIST}/filter")
    offered = [button["value"] for button in page.html.select("button[name=add]")]
    assert "owner" in offered
    assert "annual_revenue" not in offered
    assert "note" in offered


def test_moments_are_asked_for_by_days_of_the_site(some: Site, admin: Browser) -> None:
    some.create("core.activity", {"customer": 1, "subject": "talk", "at": "2026-03-01T17:30:00Z"})
    path = "/core/activities"
    query = {"sheet": "1", "line": "0", "f0": "at", "o0": ">=", "a0": "2026-03-02", "do": "show"}
    reply = admin.get(f"{path}/filter?{urlencode(query)}", status=303)
    assert len(admin.follow(reply).html.select("tbody tr")) == 1  # 01:30 of the second in Shanghai
    page = admin.get(admin.follow(reply).html.select_one(".ls-words")["href"])
    assert page.forms[sheet(page)]["a0"].value == "2026-03-02"


def test_words_take_one_statement_more(database_url: str) -> None:
    timed = Site(database_url, testing="true")
    person(timed, "li")
    timed.customer("Alpha", owner="li", region="310000")
    browser = Browser(make_app(timed.kernel))
    browser.log_in()
    condition = ["and", ["=", "owner", "li"], ["in", "region", ["310000", None]], ["empty", "employees"]]
    browser.get(ask(filter=condition))
    assert sql(browser.get(ask(filter=condition))) == 1 + 5
    assert sql(browser.get(ask(f"{LIST}/filter", filter=condition))) <= 1 + 4
    timed.close()


# --- lines and conditions, whatever they are -----------------------------------------------------------

days = st.integers(1, 400).map(str)
texts = st.text("abc 华<&\"'", min_size=1, max_size=5).map(str.strip).filter(bool)
lines = st.one_of(
    st.builds(Line, st.just("name"), st.sampled_from(["contains", "starts", "=", "!="]), st.tuples(texts)),
    st.builds(Line, st.just("state"), st.sampled_from(["in", "not in"]), st.just(("formal", "target"))),
    st.builds(Line, st.just("owner"), st.sampled_from(["in", "not in"]), st.just(("$me", "li", "#7"))),
    st.builds(Line, st.just("level"), st.sampled_from(["empty", "filled"])),
    st.builds(Line, st.just("annual_revenue"), st.sampled_from(["=", ">", "<="]), st.tuples(days)),
    st.builds(Line, st.just("annual_revenue"), st.just("between"), st.tuples(days, days)),
    st.builds(Line, st.just("developed_on"), st.sampled_from(["last", "next"]), st.tuples(days)),
    st.builds(Line, st.just("developed_on"), st.sampled_from([">=", "<="]), st.just(("2026-06-30",))),
    st.builds(Line, st.just(""), raw=st.just(["not", ["and", ["=", "name", "A"], ["=", "name", "B"]]])),
)


@given(st.lists(st.tuples(lines, st.sampled_from(["and", "or"])), max_size=6))
def test_lines_come_back_as_they_were_written(customers: Any, drawn: Any) -> None:
    wanted: list[Line] = []
    for line, join in drawn:
        joined: Literal["and", "or"] = (
            "and" if not wanted or line.raw is not None or wanted[-1].raw is not None else join
        )
        wanted.append(Line(line.field, line.operator, line.values, joined, line.raw))
    condition = customers.document(wanted)
    found = customers.of(condition)
    assert [(one.field, one.operator, one.join) for one in found] == [
        (one.field, one.operator, one.join) for one in wanted
    ]
    assert customers.document(found) == condition


@pytest.fixture(scope="module")
def customers() -> Lines:
    catalog = Catalog(ENTITIES)
    return Lines(catalog["core.customer"], catalog, ZONE)
