"""The search over everything, as a page and as suggestions; the box for records and actions."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from core.app import make_app
from tests.support.shots import log_in
from tests.support.site import Site
from tests.web.conftest import Browser, person, sql
from tests.web.test_safety import PAYLOAD, strictly

LIST = "/core/customers"


@pytest.fixture
def staffed(site: Site) -> Site:
    person(site, "li")
    acme = site.customer("Acme 北京华科", "li", phone="010-6243 1234")
    site.customer("Hidden 华科")
    site.create("core.contact", {"customer": acme, "name": "赵总", "mobile": "13855501234"}, "li")
    return site


def lines(found: Any) -> list[tuple[str, str, str, str]]:
    return [(group["title"], one["label"], one["note"], one["value"]) for group in found for one in group["found"]]


def test_suggestions_say_whose_a_record_is_and_by_what_it_was_found(staffed, browser_of):
    li = browser_of("li")
    assert lines(li.get("/search/suggest?q=huake").json) == [("Customers", "Acme 北京华科", "li", "Target")]
    assert lines(li.get("/search/suggest?q=1234").json) == [
        ("Customers", "Acme 北京华科", "Target · li", "010-6243 1234"),
        ("Contacts", "赵总", "Acme 北京华科", "13855501234"),
    ]
    group = li.get(f"/search/suggest?q={quote('赵总')}").json[0]
    assert li.get(group["found"][0]["path"]).html.h1.text == "赵总"
    assert li.get(group["url"]).html.select_one("tbody a.name").text == "赵总"


def test_the_page_shows_all_hits_and_leads_on(staffed, browser_of):
    page = browser_of("li").get(f"/search?q={quote('华科')}")
    assert [link.text for link in page.html.select(".k-results li .t")] == ["Acme 北京华科li"]
    assert page.html.select_one(".k-results header a")["href"] == f"{LIST}?q=%E5%8D%8E%E7%A7%91"
    assert "Hidden" not in page.text
    assert len(browser_of().get(f"/search?q={quote('华科')}").html.select(".k-results li")) == 2


def test_what_cannot_be_looked_for_is_said(staffed, browser_of):
    li = browser_of("li")
    assert "Find anything by a part of it" in li.get("/search").text
    assert "at least 2 characters" in li.get("/search?q=a").text
    assert "Nothing found" in li.get("/search?q=nobody").text
    li.get("/search/suggest?q=a", 400)
    li.get("/search?q=%00", 400)
    assert "cannot be stored" in li.get("/search?q=a%1fb").text
    li.get(f"{LIST}?q=a%1fb", 400)
    li.get("/search?q=%ff%fe", 400)
    assert Browser(li.app.app).get("/search?q=ab", 303).location.endswith("/login?next=%2Fsearch%3Fq%3Dab")


def test_a_closed_field_is_neither_found_by_nor_shown(site, browser_of):
    rule = {"entity": "core.customer", "field": "phone", "right": "mask"}
    view = {"entity": "core.customer", "action": "view", "reach": "all"}
    site.role("masked", [view], [rule])
    person(site, "wu", roles=["masked"])
    site.customer("Acme", phone="13855501234")
    wu = browser_of("wu")
    assert wu.get("/search/suggest?q=5501234").json == []
    assert lines(wu.get("/search/suggest?q=acme").json) == [("Customers", "Acme", "管理员", "Target")]


def test_what_has_the_same_name_is_told_apart(site, browser_of):
    person(site, "li")
    person(site, "wang")
    site.create("core.term", {"list": "region", "code": "x1", "label_en": "Sichuan", "label_zh": "四川"})
    first = site.customer("Acme", "li", region="x1")
    site.customer("Acme", "wang", state="prospect")
    site.create("core.activity", {"subject": "Acme", "customer": first, "assignee": "wang"}, "li")
    told = lines(browser_of().get("/search/suggest?q=acme").json)
    assert sorted(told) == [
        ("Activities", "Acme", "Acme · wang", ""),
        ("Customers", "Acme", "li · Sichuan", "Target"),
        ("Customers", "Acme", "wang", "Prospect"),
    ]
    page = browser_of().get("/search?q=acme")
    assert {one.text for one in page.html.select(".k-results small")} == {"Acme · wang", "li · Sichuan", "wang"}
    hidden = browser_of("wang").get("/search/suggest?q=acme").json
    assert all("Sichuan" not in note for _title, _label, note, _value in lines(hidden))


def test_names_are_text(site, browser_of):
    site.customer(PAYLOAD, phone="13855501234")
    page = browser_of().get("/search?q=5501234")
    assert strictly(page.text) == []
    assert page.html.select_one(".k-results .t").text.startswith(PAYLOAD)


@pytest.mark.databases
def test_the_statements_do_not_grow_with_the_hits(database_url):
    site = Site(database_url, testing="true")
    for number in range(40):
        customer = site.customer(f"Acme {number}")
        site.create("core.contact", {"customer": customer, "name": f"Acme {number}"})
    admin = Browser(make_app(site.kernel))
    admin.log_in()
    admin.get("/search/suggest?q=acme")
    assert sql(admin.get("/search?q=acme")) == sql(admin.get("/search?q=acme 39")) <= 1 + 4 + 2 + 1
    site.close()


# --- in a real browser --------------------------------------------------------------------------------


def test_a_record_is_one_key_and_its_last_digits_away(staffed, address, page: Page, faults):
    log_in(page, address, "li")
    page.goto(f"{address}{LIST}")
    page.keyboard.press("/")
    page.keyboard.type("1234")
    option = page.get_by_role("option", name=re.compile("赵总.*13855501234"))
    expect(option).to_be_visible()
    page.keyboard.press("ArrowDown")
    expect(option).to_have_attribute("aria-selected", "true")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("赵总")


def test_enter_means_what_was_typed_last(staffed, address, page: Page, faults):
    log_in(page, address, "li")
    page.goto(f"{address}{LIST}")
    page.keyboard.press("/")
    page.keyboard.type("华科")
    expect(page.get_by_role("option")).to_have_count(2)
    page.locator("#palette input").fill("13855")
    with page.expect_navigation():
        page.keyboard.press("Enter")  # before the hits are there
    expect(page.get_by_role("heading", level=1)).to_have_text("赵总")


def test_actions_stand_in_the_same_box(staffed, address, page: Page, faults):
    log_in(page, address, "li")
    page.goto(f"{address}{LIST}/1")
    page.locator("body").press("Control+k")
    page.keyboard.type("make pros")
    option = page.get_by_role("option", selected=True)
    expect(option).to_have_text("Make prospect")
    with page.expect_navigation():
        option.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Make prospect")
    page.locator("body").press("Control+k")
    page.keyboard.type("activ")
    page.keyboard.press("Escape")
    expect(page.locator("#palette")).to_be_hidden()


def test_all_that_is_found_is_the_last_option(staffed, address, page: Page, faults):
    log_in(page, address, "li")
    page.goto(f"{address}{LIST}")
    page.locator(".k-search").first.click()
    page.keyboard.type("华科")
    expect(page.get_by_role("option")).to_have_count(2)
    page.keyboard.press("ArrowUp")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.locator(".k-results li")).to_have_count(1)


def test_two_keys_lead_to_a_list_and_to_a_form(staffed, address, page: Page, faults):
    log_in(page, address, "li")
    page.goto(f"{address}{LIST}")
    with page.expect_navigation(url="**/core/contacts"):
        page.keyboard.press("g")
        page.keyboard.press("o")
    page.keyboard.press("c")
    expect(page.locator("[data-keys='c c']")).to_be_visible()
    with page.expect_navigation(url="**/core/customers/new"):
        page.keyboard.press("c")
    page.locator("#f-name").press("g")
    page.locator("#f-name").press("o")
    page.locator("#f-name").press("?")
    expect(page.locator("#f-name")).to_have_value("go?")  # while somebody types, keys are letters
    page.locator("h1").click()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_contain_text("Contacts")


def test_a_composed_character_asks_for_nothing_before_it_is_there(staffed, address, page: Page, faults):
    log_in(page, address, "li")
    page.goto(f"{address}{LIST}")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/suggest" in request.url else None)
    page.keyboard.press("/")
    box = page.get_by_role("combobox")
    box.evaluate(
        "box => { box.value = 'hk'; box.dispatchEvent(new InputEvent('input', {isComposing: true}));"
        " box.dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter', isComposing: true, bubbles: true})); }"
    )
    page.wait_for_timeout(400)
    assert asked == []
    assert page.url == f"{address}{LIST}"
    box.evaluate("box => { box.value = '华科'; box.dispatchEvent(new CompositionEvent('compositionend')); }")
    expect(page.get_by_role("option", name=re.compile("Acme"))).to_be_visible()
