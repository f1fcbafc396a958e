"""A role's grants are changed line by line, conditions as lists have theirs; what comes of it is the algebra's."""

from __future__ import annotations

from typing import Any

import pytest

from core.models import Role
from tests.web.conftest import Browser, person

VIEW = {"entity": "core.customer", "action": "view"}


@pytest.fixture
def role(site):
    return site.role("east", [{**VIEW, "reach": "own", "condition": None, "deny": False}])


def grants(site, role):
    return site.run(lambda ctx: ctx.system.get_one(Role, role).grants, write=False)


def sheet(page: Any) -> Any:
    return next(form for form in page.forms.values() if "reach" in form.fields)


def press(browser: Browser, form: Any, name: str, value: str, status: int = 200) -> Any:
    return form.submit(name, value=value, headers=browser.headers, status=status)


def test_the_table_shows_what_a_role_gives(site, admin, role):
    page = admin.get(f"/admin/roles/{role}")
    [row] = [line for line in page.html.select(".adm-matrix tr") if line.th and line.th.text == "Customers"]
    cells = [" ".join(cell.text.split()) for cell in row.select("td")]
    assert cells[:3] == ["—", "Own", "—"]
    assert "View Customers: Own records" in " ".join(page.html.select_one(".adm-said").text.split())
    assert f"/admin/roles/{role}" in [link["href"] for link in admin.get("/admin/roles").html.select(".adm-home a")]


def test_a_grant_with_a_condition_is_built_line_by_line_and_holds(site, admin, role, browser_of):
    person(site, "li", roles=("east",))
    site.customer("Mine", owner="li")
    site.customer("Big", annual_revenue="5000", state="target")
    site.customer("Small", annual_revenue="5")
    page = admin.get(f"/admin/roles/{role}/grant?entity=core.customer&action=view")
    page = press(admin, sheet(page), "add", "annual_revenue")
    assert grants(site, role)[1:] == []  # nothing is stored by adding a line
    form = sheet(page)
    form["reach"] = "all"
    form["o0"], form["a0"] = ">=", "1000"
    saved = press(admin, form, "do", "save", 303)
    assert grants(site, role)[1] == {
        **VIEW,
        "reach": "all",
        "condition": [">=", "annual_revenue", "1000.00"],
        "deny": False,
    }
    page = admin.follow(saved)
    assert "where Annual revenue ≥" in " ".join(page.html.select("#grant-1")[0].text.split())
    shown = [one.text.strip() for one in browser_of("li").get("/core/customers").html.select("tbody a.name")]
    assert sorted(shown) == ["Big", "Mine"]
    admin.post(page.html.select_one(".k-toast form")["action"])
    assert len(grants(site, role)) == 1


def test_a_grant_is_changed_and_taken_away(site, admin, role):
    form = sheet(admin.get(f"/admin/roles/{role}/grant?at=0"))
    form["reach"], form["deny"] = "subtree", True
    press(admin, form, "do", "save", 303)
    assert grants(site, role) == [{**VIEW, "reach": "subtree", "condition": None, "deny": True}]
    press(admin, sheet(admin.get(f"/admin/roles/{role}/grant?at=0")), "do", "remove", 303)
    assert grants(site, role) == []
    admin.get(f"/admin/roles/{role}/grant?at=0", status=404)


def test_what_is_wrong_is_said_at_its_line_and_kept(site, admin, role):
    page = press(admin, sheet(admin.get(f"/admin/roles/{role}/grant?at=0")), "add", "annual_revenue")
    page = press(admin, sheet(page), "do", "save", 422)
    assert page.html.select_one(".ls-line .k-error")
    page = press(admin, sheet(page), "do", "drop.0")
    assert not page.html.select(".ls-line")
    old = sheet(admin.get(f"/admin/roles/{role}/grant?at=0"))
    press(admin, sheet(admin.get(f"/admin/roles/{role}/grant?at=0")), "do", "save", 303)
    new = sheet(admin.get(f"/admin/roles/{role}/grant?at=0"))
    new["reach"] = "all"
    press(admin, new, "do", "save", 303)
    old["reach"] = "unit"
    assert press(admin, old, "do", "save", 409).html.select_one("[role=alert]")
    assert grants(site, role)[0]["reach"] == "all"


@pytest.mark.parametrize(
    "query", ["entity=core.nothing&action=view", "entity=core.customer&action=fly", "at=99", "at=x"]
)
def test_a_grant_that_there_is_not_is_no_page(admin, role, query):
    admin.get(f"/admin/roles/{role}/grant?{query}", status=404)


def test_the_administrator_s_own_role_stays_as_it_is(site, admin):
    first = site.run(lambda ctx: ctx.system.query(Role).filter_by(code="admin").one().id, write=False)
    page = admin.get(f"/admin/roles/{first}")
    assert not page.html.select("a.adm-cell")
    form = sheet(admin.get(f"/admin/roles/{first}/grant?at=0"))
    form["deny"] = True
    assert "stay as they are" in press(admin, form, "do", "save", 409).text


def test_only_who_may_edit_roles_gets_there(site, role, browser_of):
    person(site, "li")
    li = browser_of("li")
    for path in ("/admin/roles", f"/admin/roles/{role}", f"/admin/roles/{role}/grant?at=0"):
        li.get(path, status=404)
    li.post(f"/admin/roles/{role}/grant", {**VIEW, "reach": "all", "version": "1", "do": "save"}, status=404)
    assert len(grants(site, role)) == 1
