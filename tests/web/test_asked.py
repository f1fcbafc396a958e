"""Fields that are asked for with some values of another one: on forms, on the record's page, and by the script."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from core.describe.customer import REASON
from tests.support.shots import log_in, press
from tests.support.site import Site
from tests.web.conftest import Browser, fact, person
from tests.web.test_axe import grave

CUSTOMERS, CUSTOM = "/core/customers", "/core/custom-fields"
ACME: dict[str, Any] = {"kind": "company", "employees": 12}


def lines(page: Any) -> set[str]:
    """The fields that a form has a place for."""
    return {one["data-field"] for one in page.html.select("#sheet [data-field]")}


def facts(page: Any) -> set[str]:
    return {one["data-field"] for one in page.html.select("dd[data-field]")}


def declare(site: Site, key: str, **asked: Any) -> None:
    """Let fields of an entity be asked for in other ways."""
    catalog = site.kernel.catalog
    entity = catalog[key]
    fields = tuple(replace(one, asked_when=asked.get(one.name, one.asked_when)) for one in entity.fields)
    changed = replace(entity, fields=fields)
    catalog._by_key[key] = catalog._by_model[entity.model] = changed


def customize(site: Site, kind: str, **values: Any) -> int:
    given = {"name": f"my_{kind}", "type": kind, "label_zh": kind, "label_en": kind}
    return site.create("core.custom_field", {"entity": "core.customer", **given, **values})


# --- without scripts -----------------------------------------------------------------------------------


def test_all_fields_are_there_and_work(site: Site, admin: Browser) -> None:
    page = admin.get(f"{CUSTOM}/new")
    [line] = page.html.select(".fld[data-field=choices]")
    assert line["data-asked"] == '["type", ["choice"]]'
    assert "unasked" in line["class"]
    assert not page.html.select("#sheet [disabled], #sheet .fld[hidden]")
    form = page.forms["sheet"]
    for name, value in {"name": "rank", "type": "choice", "label_zh": "级", "label_en": "Rank"}.items():
        form[name] = value
    form["choices"] = "gold | 金 | Gold"
    page = admin.follow(admin.send(form))
    assert fact(page, "choices") == "Gold"


def test_what_is_wrong_is_shown_whether_it_is_asked_for_or_not(admin: Browser) -> None:
    form = admin.form(f"{CUSTOM}/new")
    for name, value in {
        "name": "rank",
        "type": "text",
        "label_zh": "级",
        "label_en": "Rank",
        "choices": "gold",
    }.items():
        form[name] = value
    page = admin.send(form, 422)
    [line] = page.html.select(".fld[data-field=choices]")
    assert "Only a field of type choice has choices." in line.text
    assert "data-asked" not in line.attrs
    assert "unasked" not in line["class"]


def test_the_page_decides_where_the_other_field_cannot_be_changed(site: Site, admin: Browser) -> None:
    text, choice = customize(site, "text"), customize(site, "choice", choices=["gold"])
    page = admin.get(f"{CUSTOM}/{choice}/edit")
    assert {"type", "choices"} <= lines(page)
    assert not page.html.select("[data-asked]")
    page = admin.get(f"{CUSTOM}/{text}/edit")
    assert lines(page) & {"type", "choices"} == {"type"}
    assert "choices" not in facts(admin.get(f"{CUSTOM}/{text}"))


def test_what_is_not_asked_for_and_not_there_is_no_fact(site: Site, admin: Browser) -> None:
    company, empty = site.customer("Acme", **ACME), site.customer("Bolt")
    zhao, wang = site.customer("Zhao", kind="person"), site.customer("Wang", kind="person", employees=0)
    of_companies = {"employees", "founded_on", "parent"}
    assert facts(admin.get(f"{CUSTOMERS}/{company}")) >= of_companies
    assert facts(admin.get(f"{CUSTOMERS}/{empty}")) >= of_companies
    assert facts(admin.get(f"{CUSTOMERS}/{zhao}")) & of_companies == set()
    page = admin.get(f"{CUSTOMERS}/{wang}")
    assert facts(page) & of_companies == {"employees"}
    assert fact(page, "employees") == "0"
    # The page's own editing finds its input on the form.
    assert page.html.select("dd[data-field=employees] [data-edit=employees]")
    assert "employees" in lines(admin.get(f"{CUSTOMERS}/{wang}/edit"))


def test_a_field_that_is_not_sent_stays_as_it_is_and_where_it_can_be_seen(site: Site, admin: Browser) -> None:
    number = site.customer("Acme", **ACME)
    form = admin.form(f"{CUSTOMERS}/{number}/edit")
    form["kind"] = "person"
    for name in ("employees", "founded_on", "parent"):
        del form.fields[name]
    form.field_order = [(name, field) for name, field in form.field_order if name in form.fields]
    page = admin.follow(admin.send(form))
    assert (fact(page, "kind"), fact(page, "employees")) == ("Person", "12")
    assert "founded_on" not in facts(page)


def test_who_does_not_see_the_other_field_is_asked_for_all(site: Site, browser_of: Any) -> None:
    grants = [{"entity": "core.customer", "action": "*", "reach": "all"}]
    site.role("half", grants, [{"entity": "core.customer", "field": "kind", "right": "none"}])
    site.role("masked", grants, [{"entity": "core.customer", "field": "kind", "right": "mask"}])
    number = site.customer("Zhao", kind="person")
    for role in ("half", "masked"):
        person(site, role, roles=(role,))
        reader = browser_of(role)
        assert "employees" in facts(reader.get(f"{CUSTOMERS}/{number}"))
        page = reader.get(f"{CUSTOMERS}/{number}/edit")
        assert "employees" in lines(page)
        assert not page.html.select("[data-asked]")


def test_arguments_of_a_verb_ask_for_each_other(site: Site, admin: Browser) -> None:
    entity = site.kernel.catalog["core.customer"]
    why = replace(REASON, asked_when=("kind", ("person",)))
    verbs = tuple(replace(one, arguments=(entity.field("kind"), why)) for one in entity.verbs if one.name == "qualify")
    site.kernel.catalog._by_key[entity.key] = replace(entity, verbs=verbs)
    page = admin.get(f"{CUSTOMERS}/{site.customer('Acme')}/actions/qualify")
    [line] = page.html.select(".fld[data-field=reason]")
    assert line["data-asked"] == '["kind", ["person"]]'
    assert "unasked" in line["class"]


def test_a_short_form_goes_by_what_the_other_field_begins_with(site: Site, admin: Browser) -> None:
    declare(site, "core.customer", level=("kind", ("person",)), region=("kind", ("company",)))
    page = admin.get(f"{CUSTOMERS}/new?form=short")
    inputs = {one["data-field"] for one in page.html.select("#short .fld")}
    assert inputs & {"kind", "level", "region"} == {"region"}


# --- with scripts --------------------------------------------------------------------------------------


def test_it_comes_and_goes_with_the_other_field_by_keyboard(site, address, page: Page, browser_of, faults):
    log_in(page, address)
    page.goto(f"{address}{CUSTOM}/new")
    choices = page.get_by_label("Choices")
    expect(choices).to_be_hidden()
    expect(page.locator("#f-choices")).to_be_disabled()
    page.fill("#f-name", "rank")
    page.keyboard.press("Tab")
    expect(page.locator("#f-type")).to_be_focused()
    page.keyboard.type("Cho")
    expect(page.locator("#f-type")).to_have_value("choice")
    expect(choices).to_be_visible()
    for text in ("级", "Rank"):
        page.keyboard.press("Tab")
        page.keyboard.type(text)
    page.keyboard.press("Tab")
    expect(choices).to_be_focused()
    page.keyboard.type("gold | 金 | Gold")
    page.select_option("#f-type", "text")
    expect(choices).to_be_hidden()
    expect(page.locator("#f-choices")).to_be_disabled()
    page.select_option("#f-type", "choice")
    expect(choices).to_have_value("gold | 金 | Gold")
    page.select_option("#f-type", "text")
    with page.expect_request(lambda one: one.method == "POST") as sent:  # would be refused with choices
        press(page, "button[form=sheet]")
    assert "choices" not in (sent.value.post_data or "")
    expect(page.locator("h1")).to_have_text("Rank")
    expect(page.locator("dd[data-field=choices]")).to_have_count(0)


def test_a_form_that_nobody_touched_is_not_changed(site, li, address, page: Page, faults):
    number = site.customer("Zhao", "li", kind="person", employees=3)
    log_in(page, address, "li")
    page.goto(f"{address}{CUSTOMERS}/{number}/edit")
    expect(page.locator("#f-employees")).to_be_disabled()
    expect(page.locator(".k-unsaved")).to_be_hidden()
    page.select_option("#f-kind", "company")
    expect(page.locator("#f-employees")).to_have_value("3")
    expect(page.locator(".k-unsaved")).to_be_visible()
    page.select_option("#f-kind", "person")
    expect(page.locator(".k-unsaved")).to_be_hidden()
    press(page, "text=Cancel")  # without a question


def test_what_is_stored_stays_is_seen_and_is_changed_on_the_page(site, li, address, page: Page, faults):
    number = site.customer("Acme", "li", **ACME)
    log_in(page, address, "li")
    page.goto(f"{address}{CUSTOMERS}/{number}/edit")
    page.fill("#f-employees", "99")
    page.select_option("#f-kind", "person")
    press(page, "button[form=sheet]")
    expect(page.locator("dd[data-field=kind]")).to_have_text("Person")
    expect(page.locator("dd[data-field=employees]")).to_have_text("12")
    page.locator("dd[data-field=employees] [data-edit]").click()
    page.locator(".k-inplace input[name=employees]").fill("")
    page.keyboard.press("Enter")
    expect(page.locator("dd[data-field=employees]")).to_have_count(0)
    page.locator("dd[data-field=kind] [data-edit]").click()
    page.locator(".k-inplace select").select_option("company")
    page.keyboard.press("Enter")
    expect(page.locator("dd[data-field=employees]")).to_have_text("—")


def test_a_draft_brings_back_what_is_not_asked_for_too(site, li, address, page: Page, faults):
    log_in(page, address, "li")
    page.on("dialog", lambda one: one.accept())
    page.goto(f"{address}{CUSTOMERS}/new")
    page.fill("#f-employees", "99")
    page.select_option("#f-kind", "person")
    page.wait_for_timeout(500)
    page.reload()
    expect(page.locator("[data-draft]")).to_be_visible()
    expect(page.locator("#f-kind")).to_have_value("person")
    expect(page.locator("#f-employees")).to_be_hidden()
    page.select_option("#f-kind", "company")
    expect(page.locator("#f-employees")).to_have_value("99")


def test_one_asks_for_the_other_and_a_group_of_none_is_gone(site, li, address, page: Page, faults):
    """A contact's: a box asks for a choice, that one for a reference and for all of a group."""
    declare(
        site, "core.contact",
        buying_role=("is_main", (True,)), owner=("buying_role", ("coach", "user")), birthday=("buying_role", ("user",)),
        birthday_lunar=("buying_role", ("user",)),
    )  # fmt: skip
    log_in(page, address, "li")
    page.goto(f"{address}/core/contacts/new")
    role, owner = page.get_by_label("Buying role"), page.get_by_role("combobox", name="Owner")
    personal = page.get_by_role("heading", name="Personal")

    def shows(is_role: bool, is_owner: bool, is_personal: bool) -> None:
        for where, is_there in ((role, is_role), (owner, is_owner), (personal, is_personal)):
            expect(where).to_be_visible(visible=is_there)
        assert page.locator("[name=owner]").is_enabled() is is_owner
        assert page.locator("[name=birthday_lunar]").first.is_enabled() is is_personal

    shows(False, False, False)
    page.get_by_label("Main contact").focus()
    page.keyboard.press("Space")
    shows(True, False, False)
    role.select_option("user")
    shows(True, True, True)
    assert grave(page) == []
    page.get_by_label("Main contact").uncheck()
    shows(False, False, False)
    assert grave(page) == []
    page.get_by_label("Main contact").check()
    shows(True, True, True)
    role.select_option("coach")
    shows(True, True, False)


@pytest.mark.parametrize("path", [f"{CUSTOM}/new", f"{CUSTOMERS}/1/edit"])
def test_nothing_moves_when_the_form_comes(site, address, page: Page, faults, path):
    """Also when the script comes late."""
    site.customer("Zhao", kind="person")
    log_in(page, address)

    def late(route: Route) -> None:
        page.wait_for_timeout(300)
        route.continue_()

    page.route("**/fields.js*", late)
    page.goto(f"{address}{path}")
    moved = """() => new Promise((done) => {
        const found = [];
        new PerformanceObserver((list) => list.getEntries().forEach((one) => found.push(...one.sources)))
            .observe({ type: "layout-shift", buffered: true });
        setTimeout(() => done(found.map((one) => one.node).filter((node) => node?.closest?.(".k-form"))
            .map((node) => node.outerHTML.slice(0, 80))), 300);
    })"""
    assert page.evaluate(moved) == []
