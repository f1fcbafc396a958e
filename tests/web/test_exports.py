"""What a list shows as a file."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from openpyxl import load_workbook

from core.models import Audit
from core.web.lists import exporting
from tests.support.site import Site
from tests.web.conftest import Browser, person

LIST = "/core/customers"


@pytest.fixture
def some(site: Site) -> Site:
    site.create("core.unit", {"code": "east", "name": "East", "kind": "branch", "parent": "hq"})
    person(site, "li", "east", name="李辉")
    for name, owner, values in (
        ("Alpha", "li", {"state": "prospect", "annual_revenue": "600000.5", "level": "vip", "phone": "13800138000"}),
        ("=1+1", "li", {"state": "target", "annual_revenue": "1000", "developed_on": "2026-01-05"}),
        ("Gamma", "admin", {"state": "prospect", "employees": 12}),
    ):
        site.customer(name, owner=owner, **values)
    return site


def rows(browser: Browser, status: int = 200, **query: Any) -> list[list[str]]:
    reply = save(browser, status, **query)
    return list(csv.reader(io.StringIO(reply.body.decode("utf-8-sig"))))


def save(browser: Browser, status: int = 200, **query: Any) -> Any:
    browser.get(LIST)
    texts = {key: value if isinstance(value, str) else json.dumps(value) for key, value in query.items()}
    return browser.post(f"{LIST}/export", {"format": "csv", **texts}, status)


@pytest.mark.databases
def test_a_file_has_just_what_the_list_shows(some: Site, admin: Browser) -> None:
    query: Any = {"columns": "level,name,state,owner,annual_revenue,developed_on,updated_at", "sort": "-annual_revenue"}
    found = rows(admin, filter=["in", "owner", ["li"]], **query)
    assert found[0] == ["Level", "Name", "State", "Owner", "Annual revenue", "Developed on", "Updated"]
    assert [row[1] for row in found[1:]] == ["Alpha", "'=1+1"]
    assert found[1][:5] == ["VIP", "Alpha", "Prospect", "李辉", "600000.50"]
    assert found[2][5] == "2026-01-05"
    assert found[2][0] == ""
    assert rows(admin, q="gam")[1][0] == "Gamma"


def test_a_workbook_keeps_numbers_and_days(some: Site, admin: Browser) -> None:
    reply = save(admin, format="xlsx", columns="name,annual_revenue,developed_on", sort="name")
    assert reply.headers["Content-Disposition"].endswith(".xlsx")
    sheet = load_workbook(io.BytesIO(reply.body)).active
    values = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert values[0] == ["Name", "Annual revenue", "Developed on"]
    assert values[2][:2] == ["Alpha", 600000.5]
    assert values[1][2].date().isoformat() == "2026-01-05"


def test_the_list_offers_it_with_its_own_query(some: Site, admin: Browser) -> None:
    page = admin.get(f"{LIST}?sort=-name&q=a")
    form = next(one for one in page.forms.values() if one.action.endswith("/export"))
    assert (form["sort"].value, form["q"].value) == ("-name", "a")
    reply = form.submit("format", value="csv", headers=admin.headers)
    assert reply.body.decode("utf-8-sig").splitlines()[1].startswith("Gamma")
    assert "attachment" in reply.headers["Content-Disposition"]
    assert admin.get(f"{LIST}?q=nothing").html.select("form[action$=export]") == []


def test_only_what_one_may_export_comes_and_it_is_written_down(some: Site, browser_of: Any) -> None:
    assert [row[0] for row in rows(browser_of("li"), sort="id")[1:]] == ["Alpha", "'=1+1"]
    with some.acting(write=False) as ctx:
        noted = [one for one in ctx.system.query(Audit).all() if one.action == "export"]
        told = {line["field"]: line["new"] for line in noted[-1].changes}
    assert told["rows"] == 2
    assert told["fields"][0] == "name"
    some.role("looker", [{"entity": "core.customer", "action": "view", "reach": "all"}])
    person(some, "sun", roles=("looker",))
    sun = browser_of("sun")
    assert sun.get(LIST).html.select("form[action$=export]") == []
    assert "may not export" in save(sun, 403).text


def test_fields_stay_as_closed_as_they_are(some: Site, browser_of: Any) -> None:
    rights = [{"entity": "core.customer", "field": name, "right": right} for name, right in
              (("annual_revenue", "none"), ("phone", "mask"))]  # fmt: skip
    some.role("blind", [], rights)
    person(some, "chen", "east", roles=("executive", "blind"))
    found = rows(browser_of("chen"), columns="name,annual_revenue,phone", sort="name")
    assert found[2] == ["Alpha", "Restricted", "138****8000"]
    assert "may not filter or sort" in save(browser_of("chen"), 403, sort="annual_revenue").text


def test_too_many_are_refused_before_anything_is_written(
    some: Site, admin: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "MOST", 2)
    assert "At most 2 records at once" in save(admin, 422).text


@pytest.mark.parametrize("values", [{"format": "pdf"}, {"columns": "nothing"}, {"filter": "{"}, {"sort": "nothing"}])
def test_what_cannot_be_asked_is_said(some: Site, admin: Browser, values: dict[str, str]) -> None:
    assert save(admin, 400, **values).html.select_one("nav.k-side")


def test_a_forged_form_exports_nothing(some: Site, admin: Browser) -> None:
    admin.get(LIST)
    reply = admin.app.post(f"{LIST}/export", {"format": "csv", "csrf_token": "x"}, expect_errors=True)
    assert reply.status_int in (400, 403)
