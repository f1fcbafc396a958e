"""Lists: what they show, and what their address can ask."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

import pytest

from core.app import make_app
from core.fields import Integer
from core.web.facets import join, split
from plugins import Column, Registry
from tests.support.site import Site
from tests.web.conftest import Browser, names, person, sql

LIST = "/core/customers"
STATES = ["in", "state", ["formal"]]


def ask(**query: Any) -> str:
    values = {name: value if isinstance(value, str) else json.dumps(value) for name, value in query.items()}
    return f"{LIST}?{urlencode(values)}"


@pytest.fixture
def some(site):
    for name, values in (
        ("Beta", {"state": "prospect", "annual_revenue": "20", "level": "vip"}),
        ("alpha", {"state": "target", "annual_revenue": "1234.5"}),
        ("Gamma", {"state": "prospect", "phone": "021-5555"}),
    ):
        site.customer(name, **values)
    return site


def test_a_list_shows_the_columns_of_the_description(some, admin):
    page = admin.get(LIST)
    assert [head.text.strip() for head in page.html.select("thead th:not(.c0)")] == [
        "Name", "State", "Owner", "Level", "Region", "Annual revenue", "Updated",
    ]  # fmt: skip
    assert names(page) == ["alpha", "Beta", "Gamma"]
    [row] = page.html.select("tr[data-record='core.customer/1']")
    cells = {cell["data-field"]: cell.text.strip() for cell in row.select("[data-field]")}
    assert cells["state"] == "Prospect"
    assert cells["owner"] == "管理员"
    assert cells["annual_revenue"] == "¥20"
    assert cells["region"] == "—"
    assert row.select_one(".k-state")["class"] == ["k-state", "prospect"]
    assert row.select_one("a.name")["href"] == f"{LIST}/1"
    assert page.html.select_one("#total").text == "3"
    main = page.html.select_one("main")
    assert (main["data-view"], main["data-entity"]) == ("list", "core.customer")
    assert page.html.select_one("main [data-action='core.customer.create']")["href"] == f"{LIST}/new"


def test_search_finds_and_says_what_it_looked_for(some, admin):
    page = admin.get(ask(q="alp"))
    assert names(page) == ["alpha"]
    assert page.html.select_one(".k-find input")["value"] == "alp"
    assert "Contains “alp”" in page.html.select_one(".k-chip").text
    assert names(admin.get(ask(q="5555"))) == ["Gamma"]


def test_heads_sort_and_say_how(some, admin):
    page = admin.get(LIST)
    heads = {head.text.strip(): head for head in page.html.select("thead th:not(.c0)")}
    assert heads["Name"]["aria-sort"] == "ascending"
    assert "aria-sort" not in heads["State"].attrs
    assert heads["Name"].a["href"] == f"{LIST}?sort=-name"
    assert heads["Owner"].a["href"] == f"{LIST}?sort=owner"
    page = admin.get(heads["Name"].a["href"])
    assert names(page) == ["Gamma", "Beta", "alpha"]
    assert page.html.select_one("thead th:not(.c0)")["aria-sort"] == "descending"
    assert names(admin.get(ask(sort="annual_revenue"))) == ["Beta", "alpha", "Gamma"]


def test_the_address_holds_search_filter_and_sort_together(some, admin):
    page = admin.get(ask(q="a", filter=["in", "state", ["prospect"]], sort="-name"))
    assert names(page) == ["Gamma", "Beta"]
    [name] = [head.a["href"] for head in page.html.select("thead th:not(.c0)") if head.text.strip() == "Name"]
    assert names(admin.get(name)) == ["Beta", "Gamma"]


def test_chips_switch_states_on_and_off(some, admin):
    def chips(page: Any) -> dict[str, Any]:
        return {chip.select_one(".k-state").text: chip for chip in page.html.select(".k-facet")}

    page = admin.get(chips(admin.get(LIST))["Prospect"]["href"])
    assert names(page) == ["Beta", "Gamma"]
    assert [name for name, chip in chips(page).items() if chip.get("aria-current")] == ["Prospect"]
    page = admin.get(chips(page)["Target"]["href"])
    assert names(page) == ["alpha", "Beta", "Gamma"]
    page = admin.get(chips(page)["Prospect"]["href"])
    assert names(page) == ["alpha"]
    assert chips(page)["Target"]["href"] == LIST


@pytest.mark.parametrize(
    ("document", "codes", "rest"),
    [
        (None, [], None),
        (["in", "state", ["formal"]], ["formal"], None),
        (["=", "name", "A"], [], ["=", "name", "A"]),
        (["and", ["in", "state", ["formal"]], ["=", "name", "A"]], ["formal"], ["=", "name", "A"]),
        (["and", ["=", "a", 1], STATES, ["=", "b", 2]], ["formal"], ["and", ["=", "a", 1], ["=", "b", 2]]),
        (["or", ["in", "state", ["formal"]], ["=", "a", 1]], [], ["or", ["in", "state", ["formal"]], ["=", "a", 1]]),
    ],
)  # fmt: skip
def test_a_filter_is_split_into_states_and_the_rest(document, codes, rest):
    assert split(document) == (codes, rest)
    assert split(join(codes, rest)) == (codes, rest)


@pytest.mark.databases
def test_pages_follow_each_other_without_gaps(site, admin):
    wanted = [f"Customer {number:03d}" for number in range(120)]
    for name in wanted:
        site.customer(name)
    page = admin.get(LIST)
    seen = names(page)
    assert "50 of 120" in page.html.select_one(".k-pager").text
    while following := page.html.select_one("a[rel=next]"):
        page = admin.get(following["href"])
        seen += names(page)
        assert page.html.select_one(".k-pager a[href='/core/customers']").text == "First page"
    assert seen == wanted


def test_an_empty_list_says_what_to_do(site, admin):
    page = admin.get(LIST)
    assert "No customers yet" in page.text
    assert [link["href"] for link in page.html.select(".k-empty a")] == [f"{LIST}/new", f"{LIST}/import"]
    site.customer("A")
    page = admin.get(ask(q="nothing"))
    assert "Nothing found" in page.text
    assert [link["href"] for link in page.html.select(".k-empty a")] == [LIST, f"{LIST}/new"]


def test_who_may_not_create_is_offered_nothing(site, browser_of):
    person(site, "boss", roles=("executive",))
    page = browser_of("boss").get(LIST)
    assert page.html.select("a[href$='/new']") == []


@pytest.mark.parametrize(
    "query",
    ["sort=nothing", "filter={", "filter=[]", 'filter=["=","nothing",1]', "cursor=zz", "sort=a,b,c,d,e,f",
     "filter=" + "[" * 100_000],
)  # fmt: skip
def test_a_query_that_cannot_be_read_is_a_page_that_says_so(admin, query):
    page = admin.get(f"{LIST}?{query}", status=400)
    assert "cannot be read" in page.text
    assert page.html.select_one("nav.k-side")


def test_names_that_we_do_not_know_in_a_query_do_no_harm(some, admin):
    assert len(names(admin.get(f"{LIST}?utm_source=mail"))) == 3


def test_everybody_sees_only_his_own(site, browser_of):
    person(site, "li")
    person(site, "wang")
    site.customer("Of Li", "li")
    site.customer("Of Wang", "wang")
    assert names(browser_of("li").get(LIST)) == ["Of Li"]
    assert names(browser_of("wang").get(LIST)) == ["Of Wang"]


def test_colleagues_are_listed_by_their_public_fields_only(site, browser_of):
    person(site, "li", email="li@kehu.example")
    page = browser_of("li").get("/core/users")
    assert [head.text.strip() for head in page.html.select("thead th:not(.c0)")] == ["Name", "Login"]
    assert "li@kehu.example" not in page.text
    record = browser_of("li").get("/core/users/1")
    assert [one["data-field"] for one in record.html.select(".k-fields dd")][:2] == ["login", "created_at"]
    browser_of("li").get("/core/roles", status=404)


def test_a_field_that_one_may_not_read_cannot_be_sorted_by_and_shows_a_lock(site, browser_of):
    site.role("blind", [], [{"entity": "core.customer", "field": "annual_revenue", "right": "none"}])
    person(site, "li", roles=("sales_rep", "blind"))
    site.customer("A", owner="li", annual_revenue="777")
    page = browser_of("li").get(LIST)
    assert "777" not in page.text
    [cell] = page.html.select("td[data-field=annual_revenue]")
    assert cell.text.strip() == "Restricted"
    [head] = [head for head in page.html.select("thead th:not(.c0)") if "revenue" in head.text]
    assert head.a is None
    browser_of("li").get(ask(sort="annual_revenue"), status=403)


# --- statements, and the columns of plugins --------------------------------------------------------


def _column(key: str, load: Any) -> Column:
    return Column(key=key, entity="core.customer", title="Gifts", type=Integer(), load=load)


def _with_columns(site: Site, *columns: Column) -> Any:
    registry: Registry[Column] = Registry("column")
    for column in columns:
        registry.add("test", column.key, column)
    return make_app(dataclasses.replace(site.kernel, columns=registry))


@pytest.fixture
def timed(database_url):
    made = Site(database_url, testing="true")
    yield made
    made.close()


@pytest.mark.databases
def test_a_list_takes_four_statements_beyond_the_login(timed):
    for number in range(60):
        timed.customer(f"C{number}", level="vip", region="310000" if number % 2 else None)
    browser = Browser(make_app(timed.kernel))
    browser.log_in()
    browser.get(LIST)  # compiles the rights, which the next pages find ready
    assert sql(browser.get(LIST)) == 1 + 4
    assert sql(browser.get(ask(q="C1", sort="-annual_revenue"))) == 1 + 4
    assert sql(browser.get("/core/customers/1")) <= 1 + 22  # what each is for: decisions/0016


def test_a_plugins_column_is_loaded_once_a_page_and_may_fail_alone(timed):
    asked: list[Sequence[int]] = []

    def gifts(ctx: Any, ids: Sequence[int]) -> dict[int, int]:
        asked.append(ids)
        return {ids[0]: 1234}

    def broken(ctx: Any, ids: Sequence[int]) -> dict[int, int]:
        raise LookupError("gone")

    timed.customer("A")
    timed.customer("B")
    browser = Browser(_with_columns(timed, _column("t.gifts", gifts), _column("t.broken", broken)))
    browser.log_in()
    page = browser.get(LIST)
    assert asked == [[1, 2]]
    assert [cell.text.strip() for cell in page.html.select("td[data-field='t.gifts']")] == ["1,234", "—"]
    assert all("Incident" in str(cell) for cell in page.html.select("td[data-field='t.broken']"))


def test_a_hint_is_in_the_readers_language_too(browser_of):
    assert "Did you mean “name”?" in browser_of().get(f"{LIST}?sort=nam", status=400).text
    chinese = browser_of(**{"Accept-Language": "zh-CN"}).get(f"{LIST}?sort=nam", status=400)
    assert "没有可以排序的字段 nam。是不是“name”？" in chinese.text


# --- columns and order ----------------------------------------------------------------------------


def heads(page: Any) -> list[str]:
    return [head.text.strip() for head in page.html.select("thead th:not(.c0)")]


def test_the_address_says_which_columns_are_shown_and_in_what_order(some, admin):
    page = admin.get(ask(columns="level,name,created_at"))
    assert heads(page) == ["Level", "Name", "Created"]
    [first] = page.html.select("tr[data-record='core.customer/1'] a.name")
    assert (first.text, first["href"]) == ("VIP", f"{LIST}/1")
    [second] = page.html.select("tr[data-record='core.customer/3'] a.name")
    assert second.text == "#3"  # what has no level is still led to
    assert heads(admin.get(f"{LIST}?columns=level&columns=name")) == ["Level", "Name"]
    [name] = [head.a["href"] for head in page.html.select("thead th:not(.c0)") if head.text.strip() == "Name"]
    assert heads(admin.get(name)) == ["Level", "Name", "Created"]


@pytest.mark.parametrize("wanted", ["nothing", "name,,x", ",".join(f"c{number}" for number in range(40)), "version"])
def test_columns_that_are_not_there_are_refused(admin, wanted):
    assert "There is no column" in admin.get(ask(columns=wanted), status=400).text


def test_who_sees_public_fields_only_chooses_among_these(site, browser_of):
    person(site, "li")
    assert heads(browser_of("li").get("/core/users?columns=login")) == ["Login"]
    browser_of("li").get("/core/users?columns=email", status=400)


def test_several_keys_sort_one_after_the_other(some, admin):
    some.customer("Beta", state="target", annual_revenue="9")
    page = admin.get(ask(sort="name,-annual_revenue"))
    by_title = {head.text.strip(): head for head in page.html.select("thead th:not(.c0)")}
    assert by_title["Name"]["aria-sort"] == "ascending"
    assert by_title["Annual revenue2"].sup.text == "2"
    assert [row["data-record"] for row in page.html.select("tbody tr")][1:3] == ["core.customer/1", "core.customer/4"]
    also = by_title["State"].a["data-also"]
    assert "sort=name%2C-annual_revenue%2Cstate" in also
    assert "sort=state" in by_title["State"].a["href"]
    assert "sort=name%2Cannual_revenue" in by_title["Annual revenue2"].a["data-also"]


def test_columns_and_order_are_chosen_without_scripts(some, admin):
    page = admin.get(f"{LIST}/arrange?q=a&sort=-name")
    [form] = [one for one in page.forms.values() if "columns" in one.fields]
    shown = [box.value for box in form.fields["columns"] if box.value]
    assert shown == ["name", "state", "owner", "level", "region", "annual_revenue", "updated_at"]
    assert form.fields["sort"][0].value == "-name"
    page = admin.get(f"{LIST}/arrange?columns=name,state&down=name")
    boxes = [box["value"] for box in page.html.select("input[name=columns][checked]")]
    assert boxes == ["state", "name"]
    assert admin.get(f"{LIST}/arrange?columns=name,state&up=name").status_int == 200
    found = form.submit(headers=admin.headers)
    assert heads(found)[:3] == ["Name", "State", "Owner"]
    assert names(found) == ["Gamma", "Beta", "alpha"]


def test_a_list_that_one_may_not_visit_cannot_be_arranged_either(site, browser_of):
    person(site, "li")
    browser_of("li").get("/core/roles/arrange", status=404)


# --- beside the list ------------------------------------------------------------------------------


def test_a_record_is_shown_beside_its_list(some, admin):
    page = admin.get(ask(sort="name"))
    [eye] = page.html.select("tr[data-record='core.customer/1'] a.peek")
    page = admin.get(eye["href"])
    panel = page.html.select_one(".k-preview")
    assert panel.h2.text == "Beta"
    assert panel.select_one(".k-state").text == "Prospect"
    shown = {fact["data-fact"]: fact.text.strip() for fact in panel.select("dd")}
    assert shown["level"] == "VIP"
    assert "region" not in shown  # there is nothing to show
    assert names(page) == ["alpha", "Beta", "Gamma"]
    assert page.html.select_one("tr.is-open")["data-record"] == "core.customer/1"
    links = {link["aria-label"]: link["href"] for link in panel.select(".tools a[aria-label]")}
    assert admin.get(links["Next"]).html.select_one(".k-preview h2").text == "Gamma"
    assert admin.get(links["Previous"]).html.select_one(".k-preview h2").text == "alpha"
    assert admin.get(links["Close preview"]).html.select(".k-preview") == []
    assert admin.get(links["Next"]).html.select("button[data-step='1']")  # the last one has none after it


def test_a_record_that_one_may_not_see_is_not_beside_the_list_either(site, browser_of):
    person(site, "li")
    site.customer("Secret")
    li = browser_of("li")
    page = li.get(f"{LIST}?preview=1")
    assert page.html.select(".k-preview") == []
    assert "Secret" not in page.text
    li.get(f"{LIST}/1/preview", status=404)
    for text in ("0", "x", "9" * 30, "%EF%BC%91"):
        assert li.get(f"{LIST}?preview={text}").html.select(".k-preview") == []


def test_a_preview_keeps_closed_what_is_closed(site, browser_of):
    site.role("blind", [], [{"entity": "core.customer", "field": "annual_revenue", "right": "none"}])
    person(site, "li", roles=("sales_rep", "blind"))
    number = site.customer("A", owner="li", annual_revenue="777", note="<script>alert(1)</script>")
    page = browser_of("li").get(f"{LIST}/{number}/preview")
    assert "777" not in page.text
    assert "<script>alert" not in page.text
    assert page.html.select_one("aside")["data-previewed"] == f"core.customer/{number}"


def test_an_empty_list_says_what_its_records_are_and_shows_a_line(site, browser_of):
    page = browser_of().get(LIST)
    assert "created once" in page.html.select_one(".lead").text
    shown = {cell.dt.text: cell.b.text for cell in page.html.select(".k-sample dl > div")}
    assert shown["State"] == "Target"
    assert shown["Owner"] == "管理员"
    assert shown["Annual revenue"] == "¥1,860,000"
    assert browser_of().get(ask(q="x")).html.select(".k-sample") == []
    person(site, "boss", roles=("executive",))
    assert browser_of("boss").get(LIST).html.select(".k-empty a") == []


def test_one_entry_for_filter_and_sort_says_how_many_conditions_hold(some, admin):
    def entry(page: Any) -> Any:
        return page.html.select_one("details.ls-narrow")

    assert entry(admin.get(LIST)).summary.text.strip() == "Filter · Sort"
    page = admin.get(ask(q="a", filter=["and", ["in", "state", ["prospect"]], ["<", "employees", 9]]))
    assert entry(page).select_one(".ls-n").text.split()[-1] == "3"
    links = [one["href"].split("?")[0] for one in entry(page).select("a")]
    assert links[:4] == [f"{LIST}/filter", f"{LIST}/arrange", f"{LIST}/arrange", LIST]
