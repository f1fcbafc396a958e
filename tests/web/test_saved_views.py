"""Saved views: kept, opened to a unit, looked at first, changed, thrown away and brought back."""

from __future__ import annotations

import json
from typing import Any

import pytest

from core.models import SavedView
from core.services import allowed, records
from tests.support.site import Site
from tests.web.conftest import Browser, names, person

LIST = "/core/customers"
VIEWS = f"{LIST}/views"
FORMAL = ["in", "state", ["prospect"]]


@pytest.fixture
def team(site: Site) -> Site:
    """`li` leads the east, `wang` is in it, `zhao` in the west."""
    for code, parent in (("east", "hq"), ("shop", "east"), ("west", "hq")):
        site.create("core.unit", {"code": code, "name": code.title(), "kind": "branch", "parent": parent})
    for login, unit in (("li", "east"), ("wang", "shop"), ("zhao", "west")):
        person(site, login, unit, roles=("executive",))
    for name, state in (("Alpha", "prospect"), ("Beta", "target"), ("Gamma", "prospect")):
        site.customer(name, state=state)
    return site


def tabs(page: Any) -> dict[str, Any]:
    return {tab.text.strip(): tab for tab in page.html.select(".k-tabs a:not(.addview)")}


def keep(browser: Browser, name: str, unit: str = "", **query: Any) -> str:
    """Keep a query as a view; its address."""
    texts = {key: value if isinstance(value, str) else json.dumps(value) for key, value in query.items()}
    reply = browser.post(VIEWS, {"name": name, "unit": unit, **texts})
    return str(reply.location.removeprefix("http://localhost"))


def number(address: str) -> int:
    return int(address.rpartition("=")[2])


@pytest.mark.databases
def test_a_view_keeps_what_its_list_is_asked_for(team: Site, browser_of: Any) -> None:
    li = browser_of("li")
    sheet = li.get(f"{VIEWS}?filter={json.dumps(FORMAL)}&sort=-name&columns=name,level")
    form = sheet.forms["view"]
    assert (form["filter"].value, form["sort"].value) == (json.dumps(FORMAL), "-name")
    form["name"] = "Prospects"
    page = li.follow(li.send(form))
    assert "Created: Prospects" in page.text
    assert names(page) == ["Gamma", "Alpha"]
    assert [head.text.strip() for head in page.html.select("thead th:not(.c0)")] == ["Name", "Level"]
    assert tabs(page)["Prospects"]["aria-current"] == "page"
    assert "aria-current" not in tabs(page)["All"].attrs
    assert names(li.get(tabs(page)["All"]["href"])) == ["Alpha", "Beta", "Gamma"]


def test_what_differs_from_a_view_stands_in_the_address_and_can_be_kept(team: Site, browser_of: Any) -> None:
    li = browser_of("li")
    address = keep(li, "Prospects", filter=FORMAL)
    page = li.get(address)
    assert page.html.select_one("button[name=keep]") is None
    [head] = [one.a["href"] for one in page.html.select("thead th:not(.c0)") if one.text.strip() == "Name"]
    assert "filter" not in head
    assert names(li.get(head)) == ["Gamma", "Alpha"]
    cleared = li.get(f"{address}&filter=&sort=-name")
    assert names(cleared) == ["Gamma", "Beta", "Alpha"]
    form = next(one for one in cleared.forms.values() if "keep" in one.fields)
    reply = form.submit("keep", headers=li.headers, status=303)
    assert names(li.follow(reply)) == ["Gamma", "Beta", "Alpha"]
    assert "filter" not in reply.location


def test_a_view_is_its_owners_until_it_is_opened_to_a_unit(team: Site, browser_of: Any) -> None:
    li, wang, zhao = browser_of("li"), browser_of("wang"), browser_of("zhao")
    mine = keep(li, "Mine")
    ours = keep(li, "Ours", unit="east", filter=FORMAL)
    assert list(tabs(li.get(LIST))) == ["All", "Mine", "Ours"]
    assert list(tabs(wang.get(LIST))) == ["All", "Ours"]
    assert list(tabs(zhao.get(LIST))) == ["All"]
    assert names(wang.get(ours)) == ["Alpha", "Gamma"]
    for other, address in ((wang, mine), (zhao, mine), (zhao, ours)):
        other.get(address, status=404)
        other.get(f"{VIEWS}/{number(address)}", status=404)
    sheet = wang.get(f"{VIEWS}/{number(ours)}")
    assert sheet.html.select_one("#v-name").has_attr("disabled")
    assert sheet.html.select("[formaction], form[action$=delete]") == []
    wang.post(f"{VIEWS}/{number(ours)}", {"name": "Hacked", "keep": "1", "version": "1"}, status=403)
    wang.post(f"{VIEWS}/{number(ours)}/delete", {"version": "1"}, status=403)
    assert list(tabs(li.get(LIST))) == ["All", "Mine", "Ours"]
    with team.acting("wang", write=False) as ctx:
        entity = ctx.catalog["core.saved_view"]
        found = records.find(ctx, entity, number(ours))
        assert allowed.may(ctx, entity, "view", found)
        assert not allowed.may(ctx, entity, "edit", found)


def test_a_view_is_opened_to_ones_own_unit_and_those_below_only(team: Site, browser_of: Any) -> None:
    wang = browser_of("wang")
    assert [one["value"] for one in wang.get(VIEWS).html.select("#v-unit option")] == ["", "shop"]
    reply = wang.post(VIEWS, {"name": "All of us", "unit": "hq"}, status=422)
    assert "one below it" in reply.text
    assert reply.html.select_one("#v-name")["value"] == "All of us"
    assert list(tabs(wang.get(LIST))) == ["All"]


def test_a_list_opens_with_the_view_that_one_chose(team: Site, browser_of: Any) -> None:
    li, wang = browser_of("li"), browser_of("wang")
    address = keep(li, "Ours", unit="east", filter=FORMAL)
    wang.post(f"{VIEWS}/{number(address)}", {"first": "1", "version": "1"})
    page = wang.get(LIST)
    assert names(page) == ["Alpha", "Gamma"]
    assert tabs(page)["Ours"]["aria-current"] == "page"
    assert names(wang.get(f"{LIST}?q=beta")) == ["Beta"]  # a link that asks is not narrowed besides
    assert len(names(wang.get(tabs(page)["All"]["href"]))) == 3
    assert len(names(li.get(LIST))) == 3
    assert wang.get(f"{VIEWS}/{number(address)}").forms["view"]["first"].checked
    li.post(f"{VIEWS}/{number(address)}/delete", {"version": "1"})
    assert len(names(wang.get(LIST))) == 3
    li.follow(li.post(f"/core/saved-views/{number(address)}/actions/restore"))
    assert names(wang.get(LIST)) == ["Alpha", "Gamma"]
    wang.post(f"{VIEWS}/{number(address)}", {"version": "1"})
    assert len(names(wang.get(LIST))) == 3


def test_a_deleted_view_comes_back_with_undo(team: Site, browser_of: Any) -> None:
    li = browser_of("li")
    address = keep(li, "Mine", sort="-name")
    page = li.follow(li.post(f"{VIEWS}/{number(address)}/delete", {"version": "1"}))
    assert "Deleted: Mine" in page.text
    li.send(next(one for one in page.forms.values() if "/undo" in one.action))
    assert names(li.get(address)) == ["Gamma", "Beta", "Alpha"]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"name": ""}, "needed"),
        ({"name": "x" * 61}, "At most 60"),
        ({"name": "A", "filter": '["=","nothing",1]'}, "has no field"),
        ({"name": "A", "columns": "nothing"}, "There is no column"),
        ({"name": "A", "sort": "nothing"}, "no field nothing to sort by"),
        ({"name": "A", "unit": "nowhere"}, "seen by you"),
    ],
)
def test_what_cannot_be_a_view_is_said_where_it_is_wrong(
    team: Site, browser_of: Any, values: dict[str, str], said: str
) -> None:
    li = browser_of("li")
    li.get(LIST)
    reply = li.post(VIEWS, values, status=422)
    assert said in reply.text or "cannot be seen" in reply.text or "There is no" in reply.text
    assert list(tabs(li.get(LIST))) == ["All"]


def test_a_view_that_asks_for_what_is_gone_is_not_in_the_way(team: Site, browser_of: Any) -> None:
    li = browser_of("li")
    address = keep(li, "Mine", filter=FORMAL)
    with team.kernel.work(write=True) as work:
        session = work.elevated("a plugin went", write=True)
        session.get_one(SavedView, number(address)).asked = {"filter": ["=", "gone.field", 1]}
    page = li.get(address)
    assert "This view is shown without what it asks" in page.text
    assert len(names(page)) == 3
    li.get(f"{address}&sort=nothing", status=400)


def test_a_reader_who_may_not_ask_so_sees_the_list_without_it(team: Site, browser_of: Any) -> None:
    li = browser_of("li")
    address = keep(li, "Rich", unit="east", filter=[">", "annual_revenue", 1])
    team.role("blind", [], [{"entity": "core.customer", "field": "annual_revenue", "right": "none"}])
    person(team, "chen", "shop", roles=("executive", "blind"))
    page = browser_of("chen").get(address)
    assert "You may not filter or sort by annual_revenue" in page.text
    assert len(names(page)) == 3


def test_hostile_names_are_only_text(team: Site, browser_of: Any) -> None:
    li = browser_of("li")
    name = "<script>alert(1)</script>“ẞ\u202e"
    page = li.get(keep(li, name))
    assert name in tabs(page)
    assert "<script>alert(1)" not in page.text
    li.post(VIEWS, {"name": "a\x00b"}, status=422)


def test_a_view_of_another_list_is_not_looked_at_here(team: Site, browser_of: Any) -> None:
    li = browser_of("li")
    address = keep(li, "Mine")
    li.get(f"/core/contacts?saved={number(address)}", status=404)
    li.get(f"{LIST}?saved=abc", status=404)
    li.get(f"{LIST}?saved=99999999999999999999", status=404)
    li.get(f"/core/contacts/views/{number(address)}", status=404)
    li.post(VIEWS, {"name": "A", "csrf_token": "forged"}, status=303)  # the helper sends the right one
    forged = li.app.post(VIEWS, {"name": "B", "csrf_token": "forged"}, headers=li.headers, expect_errors=True)
    assert forged.status_int in (400, 403)
    assert "B" not in tabs(li.get(LIST))
