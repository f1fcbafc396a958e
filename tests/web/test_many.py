"""Choosing rows of a list and doing something with all of them."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import Page, expect

from core.services.jobs.runner import work_off
from tests.support.shots import log_in
from tests.web.conftest import form_token, names, person

LIST = "/core/customers"


@pytest.fixture
def three(site):
    return [site.customer(name) for name in ("Acme", "Bolt", "Crane")]


def choose(browser, do, ids=(), status=200, **values):
    browser.get(LIST)
    return browser.post(f"{LIST}/bulk", [("do", do), *(("id", str(one)) for one in ids), *values.items()], status)


def figures(page):
    return [int(one.text.replace(",", "")) for one in page.html.select(".mn-tally dd")]


def phones(browser):
    page = browser.get(f"{LIST}?columns=name,phone")
    return [cell.text.strip() for cell in page.html.select("tbody td[data-field=phone]")]


def test_a_list_offers_what_can_be_done_with_many(admin, site, browser_of, three):
    page = admin.get(LIST)
    assert len(page.html.select("tbody input[name=id][form=many]")) == 3
    offered = [one["value"] for one in page.html.select("#many button[name=do]")]
    assert offered == ["edit", "qualify", "unqualify", "seal", "unseal", "assign", "share", "delete"]
    site.role("reader", [{"entity": "core.customer", "action": "view", "reach": "all"}])
    person(site, "ann", roles=("reader",))
    page = browser_of("ann").get(LIST)
    assert page.html.select("tbody tr")
    assert not page.html.select("#many, input[name=id]")
    assert not admin.get("/core/users").html.select("#many, input[name=id]")


def test_a_field_of_many_is_chosen_tried_changed_followed_and_taken_back(admin, site, three):
    page = choose(admin, "edit", three[:2])
    assert "The 2 chosen customers" in page.text
    form = page.forms["deed"]
    form["phone"], form["email"] = "021", "left@out.example"
    for box in form.fields["change"]:
        box.checked = box._value == "phone"
    page = admin.send(form, 200)
    assert figures(page) == [2, 0, 0]
    assert "Nothing is changed yet" in page.text
    assert phones(admin) == ["—"] * 3
    page = admin.follow(admin.send(page.forms["deed"]))
    assert page.html.select_one("[data-progress]")
    work_off(site.kernel)
    page = admin.get(page.request.path)
    assert page.html.h2.text.strip() == "Done"
    assert not page.html.select("[data-progress]")
    assert phones(admin) == ["021", "021", "—"]
    admin.post(page.request.path + "/undo")
    work_off(site.kernel)
    page = admin.get(page.request.path)
    assert "2 of 2 records taken back" in page.html.h2.text
    assert not page.html.select("[data-action='core.undo']")
    assert phones(admin) == ["—"] * 3


def test_all_that_match_are_a_question_and_not_a_list(admin, site, three):
    narrowed = json.dumps(["contains", "name", "o"])
    page = choose(admin, "edit", (), all="1", filter=narrowed, q="")
    assert "All 1 customers that match" in page.text
    form = page.forms["deed"]
    assert "id" not in form.fields
    form["phone"] = "9"
    for box in form.fields["change"]:
        box.checked = box._value == "phone"
    page = admin.send(form, 200)
    admin.send(page.forms["deed"])
    work_off(site.kernel)
    assert phones(admin) == ["—", "9", "—"]


def test_all_that_match_may_be_told_by_an_amount_with_decimals(admin, site, three):
    site.customer("Dyne", annual_revenue="0.5")
    meant = {"all": "1", "q": "", "filter": '["=","annual_revenue",0.5]'}
    page = choose(admin, "delete", **meant)
    assert figures(page) == [1, 0, 0]
    admin.follow(admin.send(page.forms["deed"]))
    work_off(site.kernel)
    assert names(admin.get(LIST)) == ["Acme", "Bolt", "Crane"]


def test_what_is_set_is_said_before(admin, site, three):
    person(site, "li")
    site.customer("Dyne", phone="021", owner="li")
    page = choose(admin, "edit", all="1", q="", filter="")
    form = page.forms["deed"]
    form["phone"], form["owner"] = "021", "li"
    for box in form.fields["change"]:
        box.checked = box._value in ("phone", "owner", "email")
    page = admin.send(form, 200)
    news = {one.dt.text: one.dd.text.strip() for one in page.html.select(".mn-news > div")}
    assert news == {"Phone": "021", "Email": "emptied", "Owner": "li"}
    assert figures(page) == [3, 1, 0]


def test_what_a_verb_is_told_is_said_before(admin, site, three):
    person(site, "li")
    page = choose(admin, "assign", three[:2])
    form = page.forms["deed"]
    form["owner"] = "li"
    page = admin.send(form, 200)
    assert [one.text.strip() for one in page.html.select(".mn-news dd")] == ["li"]
    evil = "<script>alert(1)</script>"
    page = choose(admin, "seal", three[:1])
    form = page.forms["deed"]
    form["reason"] = evil
    page = admin.send(form, 200)
    assert evil not in page.text
    assert evil in [one.text.strip() for one in page.html.select(".mn-news dd")]


def test_why_some_are_skipped_is_said_before(admin, site, three):
    prospect = site.customer("Dyna", state="prospect")
    page = choose(admin, "qualify", [three[0], prospect])
    page = admin.send(page.forms["deed"], 200)  # a reason can be given, but need not
    assert figures(page) == [1, 0, 1]
    [why] = page.html.select(".mn-why li")
    assert "This cannot be done with it as it is now." in why.text
    assert "Dyna" in why.text


def test_a_hidden_one_is_skipped_without_a_name(site, browser_of, three):
    person(site, "li")
    mine = site.customer("Mine", "li")
    li = browser_of("li")
    page = choose(li, "edit", [mine, three[0]])
    form = page.forms["deed"]
    form["phone"] = "1"
    for box in form.fields["change"]:
        box.checked = box._value == "phone"
    page = li.send(form, 200)
    assert figures(page) == [1, 0, 1]
    assert "Acme" not in page.text


def test_deleting_is_tried_at_once_and_asks_nothing(admin, site, three):
    page = choose(admin, "delete", three)
    assert figures(page) == [3, 0, 0]
    admin.send(page.forms["deed"])
    work_off(site.kernel)
    assert names(admin.get(LIST)) == []


@pytest.mark.parametrize(
    ("ticked", "text", "said"),
    [([], "x", "Tick at least one field."), (["employees"], "x", "Give a whole number."), (["secrecy"], "", "needed")],
)
def test_what_is_wrong_with_the_values_is_said_before_they_are_tried(admin, three, ticked, text, said):
    form = choose(admin, "edit", three).forms["deed"]
    form["employees"] = form["secrecy"] = text
    for box in form.fields["change"]:
        box.checked = box._value in ticked
    page = admin.send(form, 422)
    assert said in page.text
    assert page.forms["deed"]["employees"].value == text


@pytest.mark.parametrize(
    "values",
    [
        {"do": "edit"}, {"do": "edit", "id": "x"}, {"do": "edit", "id": "-1"}, {"do": "edit", "id": "9" * 40},
        {"do": "edit", "all": "1", "filter": "["}, {"do": "edit", "all": "1", "filter": '["=","nothing",1]'},
        {"do": "edit", "all": "1", "q": "\u0000"}, {"do": "nothing", "id": "1"}, {"do": "merge", "id": "1"}, {},
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused(admin, three, values):
    admin.get(LIST)
    for path in ("bulk", "bulk/preview", "bulk/run"):
        answer = admin.app.post(
            f"{LIST}/{path}",
            values | form_token(admin.app),
            headers=admin.headers,
            expect_errors=True,
        )
        assert answer.status_int in (400, 403, 422), (path, answer.status_int)
        assert "Incident" not in answer.text


def test_forged_forms_and_others_jobs(admin, site, browser_of, three):
    admin.app.post(f"{LIST}/bulk/run", {"do": "delete", "id": "1"}, headers=admin.headers, status=400)
    page = choose(admin, "delete", three)
    at = admin.send(page.forms["deed"]).location.removeprefix("http://localhost")
    person(site, "li")
    li = browser_of("li")
    li.get(at, 404)
    li.post(f"{at}/undo", {}, 404)
    admin.get(at.replace("customers", "contacts"), 404)
    admin.get(f"{LIST}/bulk/999999999999", 404)


# --- in a browser ---------------------------------------------------------------------------------------


@pytest.fixture
def grid(site, li, address, page: Page, faults):
    for at in range(60):
        site.customer(f"C{at:02}", "li")
    log_in(page, address, "li")
    page.goto(f"{address}{LIST}?sort=name&columns=name,phone")
    return page


def test_choosing_one_a_range_the_page_and_all(grid):
    bar, said = grid.locator(".k-selbar"), grid.locator("[data-said]")
    boxes = grid.locator("input[data-pick]")
    expect(bar).to_be_hidden()
    boxes.nth(1).check()
    expect(said).to_have_text("1 chosen")
    boxes.nth(4).click(modifiers=["Shift"])
    expect(said).to_have_text("4 chosen")
    expect(grid.locator("tr.is-selected")).to_have_count(4)
    grid.locator("[data-pick-page]").check()
    expect(said).to_have_text(re.compile(r"All \d+ on this page"))
    expect(grid.locator("tr[data-record]")).to_have_count(50)
    grid.get_by_label("All 60 that match").check()
    expect(said).to_have_text("All 60 chosen")
    boxes.nth(0).uncheck()
    expect(said).to_have_text("49 chosen")
    grid.get_by_role("button", name="Choose none").click()
    expect(bar).to_be_hidden()
    grid.locator("tbody tr:nth-child(2) [data-field=name]").focus()
    grid.keyboard.press(" ")
    expect(said).to_have_text("1 chosen")
    grid.keyboard.press("Escape")
    expect(bar).to_be_hidden()


def test_changing_all_and_taking_it_back_by_the_pages_alone(site, grid):
    grid.locator("[data-pick-page]").check()
    grid.get_by_label("All 60 that match").check()
    with grid.expect_navigation():
        grid.get_by_role("button", name="Edit").click()
    expect(grid.locator(".k-head")).to_contain_text("All 60 customers that match")
    grid.fill("#f-phone", "021")
    expect(grid.get_by_label("Change: Phone")).to_be_checked()
    for name in ("See what it will do", "Edit: 60"):
        with grid.expect_navigation():
            grid.get_by_role("button", name=name).click()
    work_off(site.kernel)
    expect(grid.get_by_role("heading", name="Done")).to_be_visible()
    with grid.expect_navigation():
        grid.get_by_role("button", name="Take all of it back").click()
    work_off(site.kernel)
    expect(grid.get_by_role("heading", name="60 of 60 records taken back")).to_be_visible()
