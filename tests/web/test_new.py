"""New records: forms that the address fills in, short ones for a dialog, and others that may be the same."""

from __future__ import annotations

import json

import pytest

from core.app import make_app
from core.http.paths import by_path
from core.security.catalog import is_business
from core.web.frame import is_written
from tests.support.site import Site
from tests.web.conftest import Browser, fact, person, sql

CUSTOMERS, CONTACTS = "/core/customers", "/core/contacts"
HOSTILE = ["'\"><script>alert(1)</script>", "\u202eevil", "=1+1", "{{7*7}}", "%s%n", "\u0000", "a" * 5000, "😀\u200b"]


def alike(browser, status=200, **values):
    browser.get(CUSTOMERS)
    return browser.post(f"{CUSTOMERS}/alike", values, status)


# --- what the address says -----------------------------------------------------------------------------


def test_the_address_fills_the_form_in(admin, site):
    site.customer("Acme")
    form = admin.form(f"{CONTACTS}/new?customer=C000001&name=Zhao&is_main=true&owner=admin&nothing=1")
    assert {name: form[name].value for name in ("customer", "name", "owner")} == {
        "customer": "C000001", "name": "Zhao", "owner": "admin",
    }  # fmt: skip
    assert form.fields["is_main"][1].checked
    page = admin.follow(admin.send(form))
    assert fact(page, "customer") == "Acme"


def test_what_the_address_says_wrongly_is_left_out(admin, site, browser_of):
    site.unit("east")
    person(site, "li", "east")
    site.customer("Hidden")
    form = browser_of("li").form(f"{CONTACTS}/new?customer=C000001&name=Zhao&owner=nobody")
    assert form["customer"].value == ""
    assert form["name"].value == "Zhao"
    assert form["owner"].value == "li"
    for text in HOSTILE[:-2]:
        page = admin.app.get(f"{CUSTOMERS}/new", {"name": text, "employees": text}, headers=admin.headers)
        assert page.forms["sheet"]["employees"].value == ""
        assert "<script>alert" not in page.text


# --- the short form ------------------------------------------------------------------------------------


def test_the_short_form_asks_for_little_and_says_what_was_made(admin, site):
    page = admin.get(f"{CUSTOMERS}/new?form=short&name=Acme")
    assert not page.html.select("nav, header.k-top")
    form = page.forms["short"]
    asked = [box["data-field"] for box in page.html.select(".fld")]
    assert asked == ["name", "state", "level", "region", "annual_revenue", "owner"]
    assert form["name"].value == "Acme"
    reply = admin.send(form, 201)
    assert reply.json == {"id": 1, "key": "C000001", "label": "Acme"}
    page = admin.get(f"{CUSTOMERS}/1")
    assert "Created: Acme" in page.html.select_one(".k-toast").text
    assert fact(page, "kind") == "Company"  # what was not asked begins as always


def test_what_is_wrong_with_it_comes_back_as_a_fragment(admin, site):
    form = admin.get(f"{CUSTOMERS}/new?form=short").forms["short"]
    form["annual_revenue"] = "much"
    page = admin.send(form, 422)
    assert "<html" not in page.text
    assert {box.parent["data-field"] for box in page.html.select(".k-error")} == {"name", "annual_revenue"}
    assert page.forms["short"]["annual_revenue"].value == "much"


def test_every_entity_of_the_business_has_one_and_no_other_has(admin, site):
    for path, entity in by_path(site.kernel.catalog).items():
        if entity.rules.closed or not is_written(entity):
            continue
        page = admin.get(f"{path}/new?form=short")
        assert ("short" in page.forms) is is_business(entity), path
        if is_business(entity):
            needed = {field.name for field in entity.fields if field.required and field.default is None}
            assert needed <= {box["data-field"] for box in page.html.select(".fld")}, path


def test_who_may_not_create_gets_no_form(site, browser_of):
    site.role("reader", [{"entity": "core.customer", "action": "view", "reach": "all"}])
    person(site, "ann", roles=("reader",))
    browser_of("ann").get(f"{CUSTOMERS}/new?form=short", 403)


# --- suggestions ---------------------------------------------------------------------------------------


def test_suggestions_hold_what_the_field_takes(admin, site):
    site.customer("Acme", state="prospect")
    site.customer("Acre")
    found = admin.get(f"{CUSTOMERS}/lookup?q=ac").json
    assert found == [
        {"key": "C000001", "label": "Acme", "disc": "prospect"},
        {"key": "C000002", "label": "Acre", "disc": "target"},
    ]
    narrowed = json.dumps(["=", "state", "target"])
    assert [one["label"] for one in admin.get(f"{CUSTOMERS}/lookup?q=ac&filter={narrowed}").json] == ["Acre"]
    regions = admin.get('/core/terms/lookup?q=&filter=["=","list","region"]').json
    assert {"310000"} <= {one["key"] for one in regions}
    assert not {"vip"} & {one["key"] for one in regions}


# --- others that may be the same -----------------------------------------------------------------------


def test_a_new_record_is_held_against_those_that_are_there(admin, site):
    number = site.customer("华信软件有限公司", tax_no="A1")
    page = alike(admin, name="华信软件", phone="", tax_no="a-1")
    assert " ".join(page.html.li.text.split()) == "Already there (Tax number) 华信软件有限公司 C000001"
    assert page.html.a["href"] == f"{CUSTOMERS}/{number}"
    assert alike(admin, name="Nobody").text.strip() == ""
    assert alike(admin, name="").text.strip() == ""


def test_of_a_hidden_one_unit_and_day_are_told_and_nothing_else(site, browser_of):
    site.unit("east")
    person(site, "li", "east")
    site.customer("云帆软件有限公司", phone="010-6243 1234")
    page = alike(browser_of("li"), name="云帆软件(北京)有限公司")
    assert "one of 总部 that you may not see, there since" in page.text
    for secret in ("云帆", "6243", "C000001", "<a", CUSTOMERS):
        assert secret not in page.text


def test_it_costs_the_same_whatever_there_is(database_url):
    site = Site(database_url, testing="true")
    admin = Browser(make_app(site.kernel))
    admin.log_in()

    def cost():
        return sql(alike(admin, name="华信软件", phone="010-6243 1234"))

    site.customer("华信软件有限公司")
    cost()  # compiles the rights
    few = cost()
    for at in range(8):
        site.customer(f"华信软件(第{at}厂)", phone="010-6243 1234")
    assert cost() == few
    page = alike(admin, name="华信软件", phone="010-6243 1234")
    assert len(page.html.select("li a")) == 3
    assert "more" in page.html.select("li")[-1].text
    site.close()


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_are_told_as_they_are_or_not_at_all(admin, site, text):
    if len(text) < 200 and "\0" not in text:
        site.customer(text)
    page = alike(admin, name=text, phone=text, tax_no=text, email=text)
    assert "<script>" not in page.text


def test_only_who_may_create_is_told_and_only_where_there_is_something_to_tell(site, browser_of, admin):
    site.role("reader", [{"entity": "core.customer", "action": "view", "reach": "all"}])
    person(site, "ann", roles=("reader",))
    alike(browser_of("ann"), 403, name="x")
    admin.get(CUSTOMERS)
    admin.post(f"{CONTACTS}/alike", {"name": "x"}, 404)
    admin.app.post(f"{CUSTOMERS}/alike", {"name": "x", "csrf_token": "forged"}, headers=admin.headers, status=400)
    assert "data-alike=" not in admin.get(f"{CONTACTS}/new").text
