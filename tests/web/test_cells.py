"""Cells of a list that are edited in place: the field's own form, saved by itself."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from tests.support.shots import log_in
from tests.web.conftest import fact, person

LIST = "/core/customers"


def field(number, name, columns=""):
    return f"{LIST}/{number}/fields/{name}" + (f"?columns={columns}" if columns else "")


def opened(browser, number, name, columns=""):
    return browser.get(field(number, name, columns)).forms[0]


def test_a_cell_is_the_fields_own_form_and_leaves_the_row_as_it_is_now(admin, site):
    number = site.customer("Acme", phone="1")
    form = opened(admin, number, "phone", "name,phone,employees")
    assert form["phone"].value == "1"
    form["phone"] = "021"
    page = admin.send(form, 200)
    [row] = page.html.select("tr")
    assert row["data-record"] == f"core.customer/{number}"
    assert [cell["data-field"] for cell in row.select("[data-field]")] == ["name", "phone", "employees"]
    assert row.select_one("[data-field=phone]").text.strip() == "021"
    toast = page.html.select_one(".k-toast")
    assert "Saved: Acme" in toast.text
    admin.post(toast.form["action"], {})
    assert fact(admin.get(f"{LIST}/{number}"), "phone") == "1"


def test_what_is_wrong_is_told_at_the_cell(admin, site):
    number = site.customer("Acme", employees=5)
    form = opened(admin, number, "employees")
    form["employees"] = "many"
    page = admin.send(form, 422)
    assert page.html.select_one("[role=alert]").text.strip() == "Give a whole number."
    assert page.forms[0]["employees"].value == "many"
    form = opened(admin, number, "name")
    form["name"] = ""
    assert "This is needed." in admin.send(form, 422).html.select_one("[role=alert]").text
    form = opened(admin, number, "parent")
    form["parent"].force_value("C000001")
    assert "above itself" in admin.send(form, 422).html.select_one("[role=alert]").text


def test_what_others_did_to_other_fields_does_not_stand_in_the_way(admin, site):
    number = site.customer("Acme", phone="1", email="a@x.example")
    phone, email = opened(admin, number, "phone"), opened(admin, number, "email")
    phone["phone"] = "2"
    email["email"] = "b@x.example"
    admin.send(phone, 200)
    admin.send(email, 200)
    page = admin.get(f"{LIST}/{number}")
    assert (fact(page, "phone"), fact(page, "email")) == ("2", "b@x.example")


def test_what_others_did_to_the_same_field_is_shown_beside_it(admin, site):
    number = site.customer("Acme", phone="1")
    first, second = opened(admin, number, "phone"), opened(admin, number, "phone")
    first["phone"] = "2"
    admin.send(first, 200)
    second["phone"] = "3"
    page = admin.send(second, 409)
    assert page.html.main["data-view"] == "conflict"
    assert fact(admin.get(f"{LIST}/{number}"), "phone") == "2"


@pytest.mark.parametrize("base", ["", "x", "[]", "{}"])
def test_without_what_it_began_with_an_old_version_is_refused(admin, site, base):
    number = site.customer("Acme", phone="1")
    admin.get(LIST)
    admin.post(field(number, "phone"), {"phone": "2", "version": "9", "base": base}, 409)
    admin.post(field(number, "phone"), {"phone": "2"}, 409)
    admin.post(field(number, "phone"), {"phone": "2", "version": "1", "base": base}, 200)


def test_what_one_may_not_change_is_not_opened_nor_taken(site, browser_of):
    number = site.customer("Acme", "admin")
    person(site, "li")
    right = [{"entity": "core.customer", "field": "phone", "right": "read"}]
    site.role("careful", [{"entity": "core.customer", "action": "*", "reach": "all"}], right)
    person(site, "ann", roles=("careful",))
    ann, li = browser_of("ann"), browser_of("li")
    for name in ("code", "state", "phone"):
        ann.get(field(number, name), 403)
        ann.post(field(number, name), {name: "x", "version": "1"}, 403)
    for path in (field(number, "nothing"), field(number, "id"), field(999, "name")):
        ann.get(path, 404)
        ann.post(path, {"name": "x"}, 404)
    li.get(field(number, "name"), 404)
    li.post(field(number, "name"), {"name": "x", "version": "1"}, 404)
    ann.app.post(field(number, "email"), {"email": "x", "csrf_token": "forged"}, headers=ann.headers, status=400)


def test_only_the_field_of_the_address_is_changed(admin, site):
    number = site.customer("Acme", phone="1")
    admin.get(LIST)
    admin.post(field(number, "phone"), {"phone": "2", "name": "Evil", "version": "1"}, 200)
    assert fact(admin.get(f"{LIST}/{number}"), "phone") == "2"
    assert admin.get(f"{LIST}/{number}").html.h1.text == "Acme"


def test_what_is_given_away_leaves_the_list(site, browser_of):
    number = site.customer("Acme", "admin")
    person(site, "li")
    grants = [("*", "own"), ("assign", "all"), ("edit", "all")]
    site.role("giver", [{"entity": "core.customer", "action": one, "reach": reach} for one, reach in grants])
    person(site, "ann", roles=("giver",))
    number = site.customer("Bolt", "ann")
    ann = browser_of("ann")
    form = opened(ann, number, "owner")
    form["owner"] = "li"
    page = ann.send(form, 200)
    assert page.html.select("tr") == []
    assert "Saved" in page.html.select_one(".k-toast").text


def test_hostile_texts_stay_texts(admin, site):
    number = site.customer("Acme")
    for text in ("'\"><script>alert(1)</script>", "\u202eevil", "{{7*7}}", "=1+1"):
        form = opened(admin, number, "short_name", "name,short_name")
        form["short_name"] = text
        page = admin.send(form, 200)
        assert "<script>" not in page.text
        assert page.html.select_one("[data-field=short_name]").text.strip() == text
    admin.get(f"{LIST}/{number}/fields/{quote('<script>')}", 404)


# --- in a browser ---------------------------------------------------------------------------------------


@pytest.fixture
def grid(site, li, address, page: Page, faults):
    for name, phone in (("Acme", "1"), ("Bolt", "2"), ("Crane", "3")):
        site.customer(name, "li", phone=phone, employees=5)
    log_in(page, address, "li")
    page.goto(f"{address}{LIST}?columns=name,phone,employees,level,owner")
    return page


def cell(page, row, name):
    return page.locator(f"tbody tr:nth-child({row}) [data-field={name}]")


def slow(page):
    page.evaluate(
        """const fast = fetch; fetch = async (...asked) => {
          await new Promise((done) => setTimeout(done, 200));
          return fast(...asked);
        };"""
    )


def test_nobody_waits_for_a_field_or_an_answer(grid):
    slow(grid)
    cell(grid, 1, "phone").focus()
    keys = ("Enter", "9", "9", "Escape", "Enter", "7", "7", "Tab", "F2", "8", "Enter", "Enter", "6", "Enter")
    for key in keys:
        grid.keyboard.press(key)
    expect(cell(grid, 3, "employees")).to_be_focused()
    expect(cell(grid, 1, "phone")).to_have_text("77")
    expect(cell(grid, 1, "employees")).to_have_text("8")
    expect(cell(grid, 2, "employees")).to_have_text("6")


def test_keys_for_the_next_cell_are_dropped_where_a_text_is_refused(grid):
    slow(grid)
    cell(grid, 1, "employees").focus()
    for key in ("Enter", "x", "Enter", "Enter", "6", "Enter"):
        grid.keyboard.press(key)
    box = cell(grid, 1, "employees").get_by_role("textbox")
    expect(box).to_have_attribute("aria-invalid", "true")
    expect(box).to_have_value("x")
    expect(cell(grid, 2, "employees")).to_have_text("5")


def test_moving_editing_saving_and_undoing_by_keyboard_alone(grid):
    cell(grid, 1, "name").focus()
    for key in ("ArrowRight", "ArrowDown", "ArrowDown", "ArrowDown", "ArrowUp"):
        grid.keyboard.press(key)
    expect(cell(grid, 2, "phone")).to_be_focused()
    grid.keyboard.press("Enter")
    box = cell(grid, 2, "phone").get_by_role("textbox", name="Phone")
    expect(box).to_be_focused()
    grid.keyboard.type("021-55")  # takes the place of what was there
    grid.keyboard.press("ArrowLeft")  # inside the text
    grid.keyboard.press("Enter")
    expect(cell(grid, 3, "phone")).to_be_focused()
    expect(cell(grid, 2, "phone")).to_have_text("021-55")
    expect(grid.locator(".k-toast")).to_contain_text("Saved: Bolt")
    grid.keyboard.press("F2")
    grid.keyboard.type("99")
    grid.keyboard.press("Escape")
    expect(cell(grid, 3, "phone")).to_have_text("3")
    expect(cell(grid, 3, "phone")).to_be_focused()
    grid.keyboard.press("Enter")
    grid.keyboard.type("77")
    grid.keyboard.press("Tab")
    expect(cell(grid, 3, "employees")).to_be_focused()
    expect(cell(grid, 3, "phone")).to_have_text("77")
    grid.keyboard.press("z")
    expect(grid.locator(".k-toast")).to_contain_text("Undone")
    expect(cell(grid, 3, "phone")).to_have_text("3")
    expect(cell(grid, 2, "phone")).to_have_text("021-55")
    expect(cell(grid, 3, "employees")).to_be_focused()
    grid.keyboard.press("Home")
    expect(cell(grid, 3, "name")).to_be_focused()
    grid.keyboard.press("Control+Home")
    with grid.expect_navigation():
        grid.keyboard.press("Enter")  # a name leads to its record
    expect(grid.get_by_role("heading", level=1)).to_have_text("Acme")


def test_what_is_refused_stays_open_with_the_reason(grid):
    cell(grid, 1, "employees").dblclick()
    grid.keyboard.type("many")
    grid.keyboard.press("Enter")
    told = cell(grid, 1, "employees").get_by_role("alert")
    expect(told).to_have_text("Give a whole number.")
    expect(cell(grid, 1, "employees").get_by_role("textbox")).to_be_focused()
    grid.keyboard.press("Control+A")
    grid.keyboard.type("12")
    grid.keyboard.press("Enter")
    expect(cell(grid, 1, "employees")).to_have_text("12")
    expect(told).to_have_count(0)


def test_choices_are_chosen_where_they_stand(site, grid):
    cell(grid, 1, "level").dblclick()
    grid.keyboard.press("v")
    grid.keyboard.press("Enter")
    expect(cell(grid, 1, "level")).to_have_text("VIP")
    cell(grid, 2, "employees").dblclick()
    grid.keyboard.type("8")
    cell(grid, 3, "phone").click()  # leaving it saves it
    expect(cell(grid, 2, "employees")).to_have_text("8")


def test_what_cannot_be_changed_says_so(site, address, grid):
    grid.goto(f"{address}{LIST}?columns=name,code,state")
    cell(grid, 1, "code").focus()
    grid.keyboard.press("Enter")
    expect(cell(grid, 1, "code").get_by_role("alert")).to_contain_text("This cannot be changed here.")
    grid.keyboard.press("ArrowDown")
    expect(grid.get_by_role("alert")).to_have_count(0)


def test_two_at_the_same_cell(site, address, grid):
    cell(grid, 1, "phone").dblclick()
    grid.keyboard.type("mine")
    with site.acting() as ctx:
        from core.services import records

        records.change(ctx, ctx.catalog["core.customer"], 1, {"phone": "theirs"}, 1)
    with grid.expect_navigation():
        grid.keyboard.press("Enter")
    expect(grid.locator(".k-merge tbody tr")).to_contain_text("theirs")
    expect(grid.locator(".k-merge tbody tr")).to_contain_text("mine")


def test_the_keys_of_an_input_method_do_nothing_else(grid):
    cell(grid, 1, "phone").dblclick()
    pressed = "new KeyboardEvent('keydown', {key: 'Enter', isComposing: true, bubbles: true})"
    grid.evaluate(f"document.activeElement.dispatchEvent({pressed})")
    expect(cell(grid, 1, "phone").get_by_role("textbox")).to_be_focused()


def test_logged_out_in_the_middle_of_a_cell(site, address, grid):
    cell(grid, 1, "phone").dblclick()
    grid.keyboard.type("021")
    grid.context.clear_cookies(name="kehu")
    with grid.expect_navigation():
        grid.keyboard.press("Enter")
    expect(grid.get_by_role("alert")).to_contain_text("what you have typed is kept")
    grid.fill("#login", "li")
    grid.fill("#password", "x9-Long-Enough")
    for _step in range(2):
        with grid.expect_navigation():
            grid.click("button.btn-primary")
    expect(grid.get_by_role("status").first).to_have_text(re.compile("Saved: Acme"))


def test_a_record_is_made_over_the_list(grid):
    grid.locator("main a[data-action='core.customer.create']").first.click()
    dialog = grid.get_by_role("dialog", name="New customer")
    expect(dialog.get_by_label("Name")).to_be_focused()
    grid.keyboard.type("Dyna")
    with grid.expect_navigation():
        grid.keyboard.press("Enter")
    expect(grid.locator("tbody tr")).to_have_count(4)
    expect(grid.locator(".k-toast")).to_contain_text("Created: Dyna")
    grid.locator("main a[data-action='core.customer.create']").first.click()
    expect(dialog.get_by_label("Name")).to_be_focused()
    grid.keyboard.press("Escape")
    expect(grid.get_by_role("dialog")).to_have_count(0)
