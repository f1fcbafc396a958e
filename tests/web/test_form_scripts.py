"""What scripts add to forms: search in a field, hints of duplicates, drafts, and questions before one leaves."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Dialog, Page, expect

from core.web.forms import choices
from tests.support.shots import log_in, press
from tests.web.conftest import fact, names, person

CUSTOMERS, CONTACTS = "/core/customers", "/core/contacts"


@pytest.fixture(params=["a select behind it", "a text behind it"])
def many(request, monkeypatch, site, li):
    """Customers of Li's, fewer and more than a select takes."""
    if request.param == "a text behind it":
        monkeypatch.setattr(choices, "MOST", 1)
    for name in ("Acme", "Bolt", "Crane", "Crab & <b>Sons</b>"):
        site.customer(name, "li")


def test_a_reference_is_found_and_chosen_by_keyboard(site, many, address, page: Page, browser_of, faults):
    log_in(page, address, "li")
    page.goto(f"{address}{CONTACTS}/new")
    page.fill("#f-name", "Zhao")
    page.keyboard.press("Tab")
    box = page.get_by_role("combobox", name="Customer")
    expect(box).to_be_focused()
    page.keyboard.type("cra")
    expect(page.locator(".k-options [role=option]")).to_have_text(
        [re.compile("Crab & <b>Sons</b>"), re.compile("Crane"), "New customer “cra”"]
    )
    page.keyboard.press("ArrowDown")
    expect(page.locator(".k-options [aria-selected=true]")).to_contain_text("Crane")
    page.keyboard.press("Enter")
    expect(box).to_have_value("Crane")
    expect(page.get_by_role("listbox")).to_be_hidden()
    page.keyboard.type("zzz")
    expect(page.locator(".k-options .none")).to_be_visible()
    page.keyboard.press("Escape")
    expect(box).to_have_value("Crane")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.locator("dd[data-field=customer]")).to_have_text("Crane")
    press(page, "text=Edit")
    expect(page.get_by_role("combobox", name="Customer")).to_have_value("Crane")
    expect(page.locator(".k-unsaved")).to_be_hidden()


def test_a_name_that_is_typed_whole_needs_no_choosing(site, many, address, page: Page, faults):
    log_in(page, address, "li")
    page.goto(f"{address}{CONTACTS}/new")
    page.fill("#f-name", "Zhao")
    with page.expect_response("**/lookup?q=Bolt"):
        page.fill("#f-customer", "Bolt")
        page.locator("#f-title").focus()
    expect(page.locator("[name=customer]")).to_have_value("C000002")
    press(page, "button[form=sheet]")
    expect(page.locator("dd[data-field=customer]")).to_have_text("Bolt")


def test_what_is_the_name_of_nothing_is_told_at_the_field(site, many, address, page: Page, faults):
    log_in(page, address, "li")
    page.goto(f"{address}{CONTACTS}/new")
    page.fill("#f-name", "Zhao")
    page.fill("#f-customer", "Nobody")
    press(page, "button[form=sheet]")
    expect(page.locator(".fld[data-field=customer] .k-error")).to_contain_text("There is no such record")
    expect(page.locator("#f-customer")).to_be_focused()
    page.get_by_role("alert").get_by_role("link", name="Customer").click()
    expect(page.locator("#f-customer")).to_be_focused()


def test_what_is_missing_is_made_on_the_way(site, many, address, page: Page, browser_of, faults):
    log_in(page, address, "li")
    page.goto(f"{address}{CONTACTS}/new")
    page.fill("#f-name", "Zhao")
    page.locator("#f-customer").focus()
    page.keyboard.type("Dyna & Co")
    page.get_by_role("option", name="New customer “Dyna & Co”").wait_for()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("heading")).to_have_text("New customer")
    name = dialog.get_by_label("Name")
    expect(name).to_be_focused()
    expect(name).to_have_value("Dyna & Co")
    name.fill("")
    page.keyboard.press("Enter")
    expect(dialog.locator(".k-error")).to_have_text("This is needed.")
    expect(name).to_be_focused()
    name.fill("Dyna & Co")
    page.keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    expect(page.locator("#f-customer")).to_have_value("Dyna & Co")
    expect(page.locator("#f-name")).to_have_value("Zhao")
    press(page, "button[form=sheet]")
    expect(page.locator("dd[data-field=customer]")).to_have_text("Dyna & Co")
    assert "Dyna & Co" in names(browser_of("li").get(CUSTOMERS))


def test_the_whole_form_begins_with_what_the_short_one_had(site, li, address, page: Page, faults):
    site.customer("Acme", "li")
    log_in(page, address, "li")
    page.goto(f"{address}{CONTACTS}/new")
    page.locator("#f-customer").focus()
    page.keyboard.type("Bolt")
    page.get_by_role("option", name="New customer “Bolt”").wait_for()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    page.get_by_role("dialog").get_by_label("Level").select_option("vip")
    page.on("dialog", lambda one: one.accept())
    with page.expect_navigation():
        page.get_by_role("link", name="All fields").click()
    expect(page.locator("#f-name")).to_have_value("Bolt")
    expect(page.locator("#f-level")).to_have_value("vip")


def test_who_may_not_make_one_is_not_offered_it(site, address, page: Page, faults):
    site.role("reader", [{"entity": "core.customer", "action": "view", "reach": "all"}])
    site.role("writer", [{"entity": "core.contact", "action": "*", "reach": "all"}])
    person(site, "ann", roles=("reader", "writer"))
    site.customer("Acme")
    log_in(page, address, "ann")
    page.goto(f"{address}{CONTACTS}/new")
    page.fill("#f-customer", "ac")
    expect(page.locator(".k-options [role=option]")).to_have_text([re.compile("Acme")])


def test_others_that_may_be_the_same_are_told_under_the_name(site, li, address, page: Page, faults):
    site.unit("east")
    site.customer("华信软件有限公司", "li")
    site.customer("云帆软件有限公司", unit="east", owner=None)
    log_in(page, address, "li")
    page.goto(f"{address}{CUSTOMERS}/new")
    page.fill("#f-name", "华信软件(北京)有限公司")
    hint = page.locator(".fld[data-field=name] .k-dup")
    expect(hint).to_contain_text("Very likely the same (Name) 华信软件有限公司")
    page.fill("#f-name", "云帆软件(北京)有限公司")
    expect(hint).to_contain_text(re.compile("one of east that you may not see, there since"))
    expect(hint).not_to_contain_text("云帆")
    page.get_by_role("button", name="Not the same").click()
    expect(hint).to_have_count(0)
    page.fill("#f-name", "Quite another")
    page.wait_for_timeout(700)
    expect(hint).to_have_count(0)


def test_who_has_said_that_it_is_another_one_is_not_asked_again(site, li, address, page: Page, faults):
    site.customer("华信软件有限公司", "li")
    log_in(page, address, "li")
    page.goto(f"{address}{CUSTOMERS}/new")
    page.fill("#f-name", "华信软件(北京)有限公司")
    page.get_by_role("button", name="Not the same").click()
    with page.expect_navigation():
        page.locator("button[form=sheet]").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("华信软件(北京)有限公司")


def test_an_amount_is_read_back_in_words(site, li, address, page: Page, faults):
    log_in(page, address, "li")
    page.goto(f"{address}{CUSTOMERS}/new")
    page.fill("#f-annual_revenue", "1,250,000")
    expect(page.locator(".fld[data-field=annual_revenue] .k-hint")).to_have_text("1,250,000 · 1.25M")
    page.fill("#f-annual_revenue", "12x")
    expect(page.locator(".fld[data-field=annual_revenue] .k-hint")).to_be_hidden()


# --- leaving, and coming back --------------------------------------------------------------------------


def test_a_changed_form_is_not_left_without_a_question(site, li, address, page: Page, faults):
    number = site.customer("Acme", "li")
    log_in(page, address, "li")
    page.goto(f"{address}{CUSTOMERS}/{number}/edit")
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    page.fill("#f-phone", "1")
    page.get_by_role("link", name="Cancel").click()
    page.wait_for_timeout(200)
    assert asked == ["beforeunload"]
    assert page.url.endswith("/edit")
    page.fill("#f-phone", "")
    press(page, "text=Cancel")
    assert page.url.endswith(f"{CUSTOMERS}/{number}")


def test_what_was_typed_survives_an_accident_and_is_gone_once_it_is_saved_or_given_up(
    site, li, many, address, page: Page, faults
):
    log_in(page, address, "li")
    page.on("dialog", lambda one: one.accept())
    page.goto(f"{address}{CUSTOMERS}/1/edit")
    page.fill("#f-phone", "021-1234")
    page.fill("#f-note", "<b>long</b>\nthought")
    page.locator("#f-parent").focus()
    page.keyboard.type("bolt")
    page.get_by_role("option", name="Bolt").first.wait_for()
    page.keyboard.press("Enter")
    page.wait_for_timeout(500)
    page.goto(f"{address}{CUSTOMERS}")
    page.goto(f"{address}{CUSTOMERS}/1/edit")
    told = page.locator("[data-draft]")
    expect(told).to_contain_text("What you had typed and not saved is here again.")
    expect(page.locator("#f-phone")).to_have_value("021-1234")
    expect(page.locator("#f-note")).to_have_value("<b>long</b>\nthought")
    expect(page.locator("#f-parent")).to_have_value("Bolt")
    expect(page.locator(".k-unsaved")).to_be_visible()
    press(page, "button[form=sheet]")
    expect(page.locator("dd[data-field=phone]")).to_have_text("021-1234")
    expect(page.locator("dd[data-field=parent]")).to_have_text("Bolt")
    page.goto(f"{address}{CUSTOMERS}/1/edit")
    expect(told).to_be_hidden()

    page.fill("#f-phone", "5")
    page.wait_for_timeout(500)
    press(page, "text=Cancel")
    page.goto(f"{address}{CUSTOMERS}/1/edit")
    expect(told).to_be_hidden()

    page.fill("#f-phone", "6")
    page.wait_for_timeout(500)
    page.goto(f"{address}{CUSTOMERS}/1/edit")
    expect(page.locator("#f-phone")).to_have_value("6")
    with page.expect_navigation():
        page.get_by_role("button", name="Start afresh").click()
    expect(page.locator("#f-phone")).to_have_value("021-1234")
    expect(told).to_be_hidden()


def test_a_draft_knows_the_version_that_it_was_typed_on(site, li, address, page: Page, faults):
    number = site.customer("Acme", "li", phone="1")
    log_in(page, address, "li")
    page.on("dialog", lambda one: one.accept())
    path = f"{address}{CUSTOMERS}/{number}/edit"
    page.goto(path)
    page.fill("#f-phone", "2")
    page.wait_for_timeout(500)
    page.goto(f"{address}{CUSTOMERS}")
    other = page.context.new_page()
    other.goto(path)
    other.fill("#f-phone", "3")
    press(other, "button[form=sheet]")
    page.goto(path)
    expect(page.locator("#f-phone")).to_have_value("2")
    press(page, "button[form=sheet]")
    expect(page.get_by_role("heading", level=1)).to_have_text("Acme")
    expect(page.locator(".k-merge tbody tr")).to_contain_text(["1"])
    assert page.locator("main").get_attribute("data-view") == "conflict"


def test_a_draft_is_its_writers_alone(site, li, address, page: Page, faults):
    number = site.customer("Acme", "li")
    log_in(page, address, "li")
    page.on("dialog", lambda one: one.accept())
    page.goto(f"{address}{CUSTOMERS}/{number}/edit")
    page.fill("#f-phone", "secret")
    page.wait_for_timeout(500)
    page.goto(f"{address}{CUSTOMERS}")
    page.get_by_label("You: li").click()
    press(page, "text=Log out")
    log_in(page, address)
    page.goto(f"{address}{CUSTOMERS}/{number}/edit")
    expect(page.locator("#f-phone")).to_have_value("")


def test_a_form_is_saved_by_keyboard(site, li, address, page: Page, browser_of, faults):
    log_in(page, address, "li")
    page.goto(f"{address}{CUSTOMERS}/new")
    page.keyboard.type("Acme")
    with page.expect_navigation():
        page.keyboard.press("Control+s")
    expect(page.get_by_role("heading", level=1)).to_have_text("Acme")


def test_without_scripts_a_reference_is_chosen_or_its_code_typed(site, many, address, browser, browser_of):
    context = browser.new_context(java_script_enabled=False, locale="en-GB")
    page = context.new_page()
    log_in(page, address, "li")
    page.goto(f"{address}{CONTACTS}/new")
    page.fill("#f-name", "Zhao")
    if page.locator("select[name=customer]").count():
        page.select_option("#f-customer", "C000002")
    else:
        page.fill("#f-customer", "C000002")
    press(page, "button[form=sheet]")
    assert fact(browser_of("li").get(f"{CONTACTS}/1"), "customer") == "Bolt"
    context.close()
