"""Forms: new records, changes, mistakes, and two people at the same record."""

from __future__ import annotations

import datetime as dt
import json
import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from webtest import TestApp

from core import fields
from core.web.forms import choices
from plugins import Field
from tests.web.conftest import Browser, fact, names, person

LIST = "/core/customers"


def errors(page: Any) -> dict[str, str]:
    """The messages at the fields."""
    return {
        box["data-field"]: box.select_one(".k-error").text.strip()
        for box in page.html.select(".fld")
        if box.select_one(".k-error")
    }


def options(page: Any, name: str) -> dict[str, str]:
    """What a select offers: labels by value, the tree's indentation as blanks."""
    [select] = page.html.select(f"select[name={name}]")
    return {one["value"]: one.text.replace("\N{EM SPACE}", "  ") for one in select.select("option")}


# --- new -------------------------------------------------------------------------------------------


def test_a_new_record_begins_with_its_defaults(admin, site):
    page = admin.get(f"{LIST}/new")
    form = page.forms["sheet"]
    assert page.html.main["data-view"] == "form"
    assert form["kind"].value == "company"
    assert form["state"].value == "target"
    assert form["owner"].value == "admin"
    assert form["secrecy"].value == "1"
    assert form["developed_on"].value == site.kernel.clock.day(site.kernel.clock.now()).isoformat()
    assert form["unit"].value == ""
    assert page.html.select_one("[autofocus]")["name"] == "name"


def test_a_new_record_is_stored_and_shown(admin, site):
    site.user("li")
    form = admin.form(f"{LIST}/new")
    values = {
        "name": " Acme ", "kind": "person", "state": "prospect", "level": "vip", "region": "310000", "owner": "li",
        "annual_revenue": "1,234.50", "founded_on": "1999-12-31", "employees": "12", "note": "one\r\ntwo",
    }  # fmt: skip
    for name, value in values.items():
        form[name] = value
    page = admin.follow(admin.send(form))
    assert page.html.h1.text == "Acme"
    assert "Created: Acme" in page.html.select_one(".k-toast").text
    assert fact(page, "kind") == "Person"
    assert fact(page, "owner") == "li"
    assert fact(page, "unit") == "总部"
    assert fact(page, "annual_revenue") == "¥1,234.50"
    assert fact(page, "code") == "C000001"
    assert "one\ntwo" in page.text
    assert "\r" not in page.html.select_one("dd[data-field=note]").text


def test_a_form_that_is_sent_twice_makes_one_record(admin, site):
    form = admin.form(f"{LIST}/new")
    form["name"] = "Acme"
    first = admin.send(form)
    assert admin.send(form).location == first.location
    assert names(admin.get(LIST)) == ["Acme"]
    form["name"] = "Bolt"  # back in the browser, and something else is typed
    assert admin.send(form).location != first.location
    assert names(admin.get(LIST)) == ["Acme", "Bolt"]


@pytest.mark.databases
def test_a_form_that_is_sent_twice_at_the_same_moment_makes_one_record(site, app):
    browser = Browser(app)
    browser.log_in()
    form = browser.form(f"{LIST}/new")
    form["name"] = "Acme"
    fields, cookies = form.submit_fields(), dict(browser.app.cookies)

    def send(_number: int) -> Any:
        client = TestApp(app)
        for name, value in cookies.items():
            client.set_cookie(name, value)
        return client.post(f"{LIST}/new", fields, headers=browser.headers)

    with ThreadPoolExecutor(4) as pool:
        replies = list(pool.map(send, range(4)))
    assert {reply.status_int for reply in replies} == {303}
    assert len({reply.location for reply in replies}) == 1
    assert names(browser.get(LIST)) == ["Acme"]


def test_what_was_refused_can_be_sent_again(admin):
    form = admin.form(f"{LIST}/new")
    admin.send(form, 422)
    page = admin.send(form, 422)
    assert errors(page) == {"name": "This is needed."}
    form = page.forms["sheet"]
    form["name"] = "Acme"
    admin.send(form)


@pytest.mark.parametrize("ticket", ["", "x", "9" * 36, "\u5ba2" * 36])
def test_a_ticket_that_is_none_of_ours_counts_for_nothing(admin, ticket):
    admin.get(LIST)
    for _time in range(2):
        admin.post(f"{LIST}/new", {"name": "Acme", "once": ticket, "allow_duplicate": "true"})
    assert names(admin.get(LIST)) == ["Acme", "Acme"]


def test_a_change_that_is_sent_twice_is_one_change(admin, site):
    number = site.customer("Acme")
    form = admin.form(f"{LIST}/{number}/edit")
    form["phone"] = "021"
    admin.send(form)
    assert admin.send(form).location == f"http://localhost{LIST}/{number}"


def test_references_are_chosen_from_what_one_sees_terms_as_a_tree(admin, site):
    site.unit("east")
    site.unit("shanghai", "department", "east")
    page = admin.get(f"{LIST}/new")
    industries = options(page, "industry")
    assert industries["it"] == "Information technology"
    assert industries["software"] == "  Software"
    assert list(industries) == ["", *list(industries)[1:]]
    assert options(page, "unit") == {"": "", "hq": "总部", "east": "  east", "shanghai": "    shanghai"}
    assert options(page, "level").keys() == {"", "vip", "key", "normal", "small"}


def test_who_may_not_assign_is_not_asked_for_an_owner(site, browser_of):
    person(site, "li")
    browser = browser_of("li")
    form = browser.form(f"{LIST}/new")
    assert "owner" not in form.fields
    assert "unit" not in form.fields
    form["name"] = "Acme"
    assert fact(browser.follow(browser.send(form)), "owner") == "li"


@pytest.mark.databases
def test_mistakes_come_back_at_their_fields_with_everything_that_was_typed(admin, site):
    form = admin.form(f"{LIST}/new")
    typed = {
        "short_name": "Acme", "employees": "many", "annual_revenue": "1.23456", "founded_on": "2026-02-30",
        "level": "vip", "note": "\n one\n\ntwo", "secrecy": "3",
    }  # fmt: skip
    for name, value in typed.items():
        form[name] = value
    page = admin.send(form, 422)
    assert errors(page) == {
        "name": "This is needed.",
        "employees": "Give a whole number.",
        "annual_revenue": "At most 4 decimals.",
        "founded_on": "There is no such day.",
    }
    again = page.forms["sheet"]
    for name, value in typed.items():
        assert again[name].value.replace("\r\n", "\n") == value, name
    assert page.html.select_one("[autofocus]")["name"] == "name"
    assert page.html.select_one("[name=name]")["aria-invalid"] == "true"
    assert page.html.select_one("[name=name]")["aria-describedby"] == "f-name-e"
    assert [link["href"] for link in page.html.select(".k-dirty .bad a")] == [
        "#f-name", "#f-employees", "#f-annual_revenue", "#f-founded_on",
    ]  # fmt: skip
    assert "4 things to correct" in page.text
    assert names(admin.get(LIST)) == []
    again["name"], again["employees"], again["annual_revenue"], again["founded_on"] = "Acme", "5", "1.2", ""
    assert admin.follow(admin.send(again)).html.h1.text == "Acme"
    assert fact(admin.get(f"{LIST}/1"), "code") == "C000001"  # the first attempt took no number


def test_a_rule_of_the_business_speaks_at_its_field(admin):
    form = admin.form(f"{LIST}/new")
    form["name"] = "Acme"
    form["state"].force_value("formal")
    assert "orders make it formal" in errors(admin.send(form, 422))["state"]


@pytest.mark.databases
def test_a_taken_key_is_said_at_its_field(admin, site):
    site.customer("First", code="X1")
    form = admin.form(f"{LIST}/new")
    form["name"], form["code"] = "Second", "X1"
    page = admin.send(form, 409)
    assert errors(page) == {"code": "This is taken already."}
    assert names(admin.get(LIST)) == ["First"]


def test_a_refusal_without_a_field_is_said_above_the_button(admin):
    form = admin.form("/core/roles/1/edit")
    form["grants"] = "[]"
    page = admin.send(form, 409)
    assert "rights stay as they are" in page.html.select_one(".k-dirty .bad").text
    form = admin.form("/core/roles/1/edit")
    form["grants"] = "[nonsense"
    assert errors(admin.send(form, 422)) == {"grants": "Give a JSON value."}


def test_who_may_not_create_has_no_form(site, browser_of):
    person(site, "boss", roles=("executive",))
    browser_of("boss").get(f"{LIST}/new", status=403)
    browser_of("boss").post(f"{LIST}/new", {"name": "A"}, status=403)


# --- changes ---------------------------------------------------------------------------------------


def test_a_change_stores_what_differs_and_says_so(admin, site):
    number = site.customer("Acme", level="vip", annual_revenue="1234.50", note="one\ntwo", founded_on="1999-12-31")
    form = admin.form(f"{LIST}/{number}/edit")
    assert form["annual_revenue"].value == "1234.50"
    assert "code" not in form.fields  # create-only values are shown, not asked for
    form["phone"] = "021-5555"
    page = admin.follow(admin.send(form))
    assert "Saved: Acme" in page.html.select_one(".k-toast").text
    assert fact(page, "phone") == "021-5555"
    with site.kernel.work(write=False) as work:
        from core.models import Audit

        last = work.system.query(Audit).order_by(Audit.id.desc()).first()
        assert last.changes == [{"field": "phone", "old": None, "new": "021-5555"}]


def test_saving_without_a_change_changes_nothing(admin, site):
    number = site.customer("Acme", level="vip", annual_revenue="1234.5", note="one\ntwo", owner="admin")
    admin.send(admin.form(f"{LIST}/{number}/edit"))
    assert admin.form(f"{LIST}/{number}/edit")["version"].value == "1"


def test_a_value_can_be_taken_away(admin, site):
    number = site.customer("Acme", level="vip", phone="1")
    form = admin.form(f"{LIST}/{number}/edit")
    form["level"], form["phone"] = "", ""
    page = admin.follow(admin.send(form))
    assert (fact(page, "level"), fact(page, "phone")) == ("—", "—")


def test_a_new_owner_takes_the_record_to_his_unit(admin, site):
    site.unit("east")
    site.user("wang", "east")
    number = site.customer("Acme")
    form = admin.form(f"{LIST}/{number}/edit")
    form["owner"] = "wang"
    assert fact(admin.follow(admin.send(form)), "unit") == "east"


def test_who_gives_a_record_away_lands_on_the_list(site, browser_of):
    site.unit("east")
    site.user("wang", "hq")
    person(site, "boss", "east", roles=("sales_manager",))
    site.role("giver", [{"entity": "core.customer", "action": "assign", "reach": "all"}])
    person(site, "giver", "east", roles=("sales_rep", "giver"))
    number = site.customer("Acme", "giver")
    browser = browser_of("giver")
    form = browser.form(f"{LIST}/{number}/edit")
    form["owner"] = "wang"
    page = browser.follow(browser.send(form))
    assert page.request.path == LIST
    assert names(page) == []


def test_boxes_can_be_ticked_and_emptied(admin, site):
    number = site.user("li", roles=("sales_rep", "auditor"))
    form = admin.form(f"/core/users/{number}/edit")
    assert [box.value for box in form.fields["roles"] if box.checked] == ["auditor", "sales_rep"]
    for box in form.fields["roles"]:
        box.checked = box._value == "dealer"
    form.fields["active"][-1].checked = False
    page = admin.follow(admin.send(form))
    assert fact(page, "roles") == "经销商"
    assert fact(page, "active") == "No"
    form = admin.form(f"/core/users/{number}/edit")
    assert not form.fields["active"][-1].checked
    for box in form.fields["roles"]:
        box.checked = False
    form.fields["active"][-1].checked = True
    page = admin.follow(admin.send(form))
    assert (fact(page, "roles"), fact(page, "active")) == ("—", "Yes")


def test_a_moment_is_asked_for_in_the_sites_time(admin, site):
    number = site.customer("Acme")
    site.user("li")
    form = admin.form("/core/shares/new")
    form["entity"], form["record"], form["actions"] = "core.customer", str(number), ["view"]
    form["to"], form["until"] = "user:li", "2030-06-01T09:30"
    page = admin.follow(admin.send(form))
    assert fact(page, "until") == "1 Jun 2030 09:30"
    assert fact(page, "to") == "li"
    with site.kernel.work(write=False) as work:
        from core.models import Share

        assert work.system.query(Share).one().until_at == dt.datetime(2030, 6, 1, 1, 30, tzinfo=dt.UTC)
    form = admin.form("/core/shares/1/edit")
    assert form["until"].value == "2030-06-01T09:30"
    form["until"] = "soon"
    assert "until" in errors(admin.send(form, 422))


def test_a_reference_that_one_may_not_see_stays_as_it_is(site, browser_of):
    hidden = site.customer("Hidden")
    site.role("seer", [{"entity": "core.customer", "action": "edit", "reach": "all"}])
    person(site, "li", roles=("sales_rep",))
    number = site.customer("Acme", "admin", parent=hidden, owner="li")
    browser = browser_of("li")
    page = browser.get(f"{LIST}/{number}/edit")
    assert "Hidden" not in page.text
    form = page.forms["sheet"]
    form["phone"] = "1"
    page = browser.follow(browser.send(form))
    assert (fact(page, "phone"), fact(page, "parent")) == ("1", "Restricted")
    assert fact(browser_of().get(f"{LIST}/{number}"), "parent") == "Hidden"


def test_a_retired_choice_stays_until_another_is_made(admin, site):
    retired = site.user("gone")
    number = site.customer("Acme", owner="gone")
    admin.post(f"/core/users/{retired}/actions/deactivate")
    page = admin.get(f"{LIST}/{number}/edit")
    assert "gone" in options(page, "owner")
    assert "gone" not in options(admin.get(f"{LIST}/new"), "owner")
    form = page.forms["sheet"]
    form["phone"] = "1"
    assert fact(admin.follow(admin.send(form)), "owner") == "gone"


def test_a_long_list_is_typed_in_with_suggestions(admin, site, monkeypatch):
    monkeypatch.setattr(choices, "MOST", 2)
    for name in ("Alpha", "Beta", "Gamma"):
        site.customer(name)
    page = admin.get(f"{LIST}/1/edit")
    box = page.html.select_one("input[name=parent]")
    assert [one["value"] for one in page.html.select(f"#{box['list']} option")] == ["C000001", "C000002"]
    form = page.forms["sheet"]
    form["parent"] = "C000003"
    assert fact(admin.follow(admin.send(form)), "parent") == "Gamma"
    form = admin.form(f"{LIST}/1/edit")
    assert form["parent"].value == "C000003"
    form["parent"] = "nobody"
    assert "There is no such record" in errors(admin.send(form, 422))["parent"]
    assert admin.get(f"{box['data-lookup']}?q=gam").json == [{"key": "C000003", "label": "Gamma", "disc": "target"}]


def test_suggestions_show_only_what_one_sees(site, browser_of):
    person(site, "li")
    site.customer("Hidden")
    site.customer("Seen", "li")
    assert [one["label"] for one in browser_of("li").get(f"{LIST}/lookup?q=e").json] == ["Seen"]
    browser_of("li").get("/core/roles/lookup", status=404)


# --- two at the same record ------------------------------------------------------------------------


@pytest.fixture
def stale(site, browser_of):
    """A form that Li opened before the administrator saved name and phone."""
    person(site, "li")
    number = site.customer("Acme", "li", phone="1", level="vip", email="old@x.example")
    browser = browser_of("li")
    form = browser.form(f"{LIST}/{number}/edit")
    other = browser_of()
    first = other.form(f"{LIST}/{number}/edit")
    first["name"], first["phone"], first["level"] = "Acme Ltd", "2", "key"
    other.send(first)
    return browser, form, number


def differences(page: Any) -> dict[str, list[str]]:
    return {
        row["data-field"]: [
            choice.text.replace("Theirs", "").replace("Mine", "").strip() for choice in row.select("td")
        ]
        for row in page.html.select(".k-merge tbody tr")
    }


def test_a_stale_save_shows_both_versions_and_keeps_what_was_stored(stale):
    browser, form, number = stale
    form["phone"], form["email"], form["level"] = "3", "new@x.example", "small"
    page = browser.send(form, 409)
    assert differences(page) == {"phone": ["1", "2", "3"], "level": ["VIP", "Key", "Small"]}
    merged = {one["data-field"]: " ".join(one.get_text(" ").split()) for one in page.html.select(".diff li")}
    assert merged == {"name": "Name Acme Acme Ltd Theirs", "email": "Email old@x.example new@x.example Mine"}
    assert "管理员 saved this first" in page.text
    shown = browser.get(f"{LIST}/{number}")
    assert (fact(shown, "phone"), fact(shown, "email")) == ("2", "old@x.example")


@pytest.mark.databases
def test_what_was_chosen_is_saved_on_the_new_version(stale):
    browser, form, _number = stale
    form["phone"], form["email"], form["level"] = "3", "new@x.example", "small"
    [again] = [one for one in browser.send(form, 409).forms.values() if one.action.endswith("/edit")]
    again["level"] = "key"
    page = browser.follow(browser.send(again))
    assert page.html.h1.text == "Acme Ltd"
    assert [fact(page, name) for name in ("phone", "level", "email")] == ["3", "Key", "new@x.example"]


def test_changes_of_different_fields_are_merged_and_still_asked_about(stale):
    browser, form, _number = stale
    form["email"] = "new@x.example"
    page = browser.send(form, 409)
    assert differences(page) == {}
    assert "both changes can be kept" in page.text
    [again] = [one for one in page.forms.values() if one.action.endswith("/edit")]
    page = browser.follow(browser.send(again))
    assert [fact(page, name) for name in ("phone", "level", "email")] == ["2", "Key", "new@x.example"]


def test_without_knowing_where_both_began_every_difference_is_a_choice(stale):
    browser, form, _number = stale
    form["email"], form["base"] = "new@x.example", "[not json"
    page = browser.send(form, 409)
    assert set(differences(page)) == {"name", "phone", "level", "email"}


def test_a_third_save_in_between_is_found_as_well(stale, browser_of):
    browser, form, number = stale
    form["phone"] = "3"
    [again] = [one for one in browser.send(form, 409).forms.values() if one.action.endswith("/edit")]
    other = browser_of()
    third = other.form(f"{LIST}/{number}/edit")
    third["phone"] = "4"
    other.send(third)
    page = browser.send(again, 409)
    assert differences(page) == {"phone": ["2", "4", "3"]}


def test_a_mistake_does_not_hide_that_the_version_is_old(stale):
    browser, form, _number = stale
    form["employees"] = "many"
    page = browser.send(form, 409)
    assert "Somebody saved first" in page.html.title.text
    [again] = [one for one in page.forms.values() if one.action.endswith("/edit")]
    assert errors(browser.send(again, 422)) == {"employees": "Give a whole number."}


def test_a_form_that_comes_back_remembers_its_version_and_where_it_began(stale, browser_of):
    browser, _form, number = stale
    form = browser.form(f"{LIST}/{number}/edit")
    form["employees"] = "many"
    form["phone"] = "9"
    again = browser.send(form, 422).forms["sheet"]
    assert again["version"].value == "2"
    assert json.loads(again["base"].value)["phone"] == "2"


def test_a_record_that_went_while_its_form_was_open_is_not_found(stale, browser_of):
    browser, form, number = stale
    browser_of().post(f"{LIST}/{number}/delete", {"version": "2"})
    form["phone"] = "3"
    browser.send(form, 404)


# --- verbs -----------------------------------------------------------------------------------------


def test_assigning_asks_for_an_owner_and_gives_the_record_away(admin, site):
    site.unit("east")
    site.user("wang", "east")
    number = site.customer("Acme")
    form = admin.form(f"{LIST}/{number}/actions/assign")
    assert (form["owner"].value, form["unit"].value) == ("admin", "")
    form["owner"] = "wang"
    page = admin.follow(admin.send(form))
    assert (fact(page, "owner"), fact(page, "unit")) == ("wang", "east")
    assert "Done: Acme" in page.html.select_one(".k-toast").text


def test_a_record_that_is_assigned_to_nobody_is_pooled(admin, site):
    number = site.customer("Acme")
    form = admin.form(f"{LIST}/{number}/actions/assign")
    form["owner"] = ""
    assert fact(admin.follow(admin.send(form)), "owner") == "—"


def test_a_right_that_is_missing_is_said_in_the_form(site, browser_of):
    site.unit("east")
    site.user("wang", "east")
    site.role("giver", [{"entity": "core.customer", "action": "assign", "reach": "own"}])
    person(site, "li", roles=("sales_rep", "giver"))
    number = site.customer("Acme", "li")
    browser = browser_of("li")
    form = browser.form(f"{LIST}/{number}/edit")
    form["owner"], form["phone"] = "wang", "1"
    page = browser.send(form, 403)
    assert "Your role does not let you" in page.html.select_one(".k-dirty .bad").text
    assert page.forms["sheet"]["phone"].value == "1"


def test_a_field_that_is_closed_is_not_asked_for_in_a_new_record(site, browser_of):
    rules = [{"entity": "core.customer", "field": name, "right": "read"} for name in ("developed_on", "name")]
    site.role("blind", [], rules)
    person(site, "li", roles=("sales_rep", "blind"))
    form = browser_of("li").form(f"{LIST}/new")
    assert "developed_on" not in form.fields
    assert "name" in form.fields


def test_a_password_is_never_written_back(admin, site):
    number = site.user("li")
    form = admin.form(f"/core/users/{number}/actions/set-password")
    form["password"] = "short"
    page = admin.send(form, 422)
    assert "short" not in re.sub("<[^>]*class[^>]*>", "", page.html.select_one("form#sheet").decode())
    assert "characters or more" in errors(page)["password"]
    form = page.forms["sheet"]
    assert page.html.select_one("[name=password]")["type"] == "password"
    form["password"] = "Quite-Long-Enough-1"
    admin.send(form)


def test_a_verb_without_questions_is_one_button(admin, site):
    number = site.user("li")
    admin.get(f"/core/users/{number}/actions/deactivate", status=404)
    page = admin.follow(admin.post(f"/core/users/{number}/actions/deactivate"))
    assert fact(page, "active") == "No"
    page = admin.post("/core/users/1/actions/deactivate", status=409)
    assert "You cannot deactivate yourself." in page.text
    admin.post(f"/core/users/{number}/actions/nothing", status=404)


def test_a_share_asks_for_its_target(admin, site):
    site.user("li")
    number = site.customer("Acme")
    form = admin.form(f"{LIST}/{number}/actions/share")
    form["to"] = "user:li"
    admin.send(form)
    assert names(admin.get("/core/shares")) == ["Customers"]


def test_a_reference_that_agrees_with_another_offers_what_fits(site):
    acme, other = site.customer("Acme"), site.customer("Globex")
    site.create("core.contact", {"customer": acme, "name": "Ann"})
    site.create("core.contact", {"customer": other, "name": "Bob"})
    field = Field("contact", fields.Reference("core.contact", same=("customer",)), "Contact")

    def offered(customer: Any) -> list[str]:
        found = site.run(lambda ctx: choices.Chooser(ctx, "en").of(field, {"customer": customer}))
        return [one.label for one in found.choices]

    assert offered({"id": acme, "label": "Acme", "key": "C000001"}) == ["Ann"]
    assert offered({"restricted": True}) == []
    assert offered(None) == ["Ann", "Bob"]


def test_who_enters_what_is_alike_is_told_of_it(site, browser_of):
    site.unit("east")
    person(site, "li", "east")
    site.customer("蓝海星辰数据科技")
    site.customer("北京蓝海星辰有限公司", "li")
    li = browser_of("li")
    for name, told in (
        ("蓝海星辰数据科技园", "Created: 蓝海星辰数据科技园. It may be the same as: a customer of 总部"),
        (
            "蓝海星辰数据科研",
            "Created: 蓝海星辰数据科研. It may be the same as: a customer of 总部, 蓝海星辰数据科技园",
        ),
        ("Nobody like it", "Created: Nobody like it"),
    ):
        form = li.form("/core/customers/new")
        form["name"] = name
        page = li.follow(li.send(form))
        assert page.html.select_one(".k-toast").get_text(" ", strip=True) == told


def test_one_of_the_same_name_is_made_only_when_somebody_says_that_it_is_another(site, browser_of):
    site.unit("east")
    person(site, "li", "east")
    acme = site.customer("北京蓝海星辰有限公司", "li", phone="010-6243 1234")
    li = browser_of("li")
    form = li.form("/core/customers/new")
    form["name"] = "蓝海星辰（上海）"
    page = li.send(form, 409)
    assert "A customer of this name is there already" in page.html.select_one(".k-dirty .bad").text
    others = page.html.select_one("[data-alike-told]")
    assert "Very likely the same" in others.text
    assert others.a["href"] == f"/core/customers/{acme}"
    form = page.forms["sheet"]
    assert form["name"].value == "蓝海星辰（上海）"
    page = li.send(form, 409)  # nothing was said: asked again
    form = page.forms["sheet"]
    form["allow_duplicate"].checked = True
    page = li.follow(li.send(form))
    assert "Created: 蓝海星辰（上海）" in page.html.select_one(".k-toast").get_text(" ", strip=True)
    form = li.form("/core/customers/new")
    form["name"], form["phone"] = "蓝海星辰", "010 62431234"
    page = li.send(form, 409)  # there for certain: who may not merge may not say otherwise
    assert "This customer is there already" in page.text
    assert "allow_duplicate" not in page.forms["sheet"].fields
    li.post("/core/customers/new", {"name": "蓝海星辰", "phone": "010 62431234", "allow_duplicate": "true"}, 409)


def test_of_a_hidden_one_of_the_same_name_only_the_unit_is_told(site, browser_of):
    site.unit("east")
    person(site, "li", "east")
    site.customer("云帆软件有限公司")
    li = browser_of("li")
    form = li.form("/core/customers/new")
    form["name"] = "云帆软件(北京)有限公司"
    page = li.send(form, 409)
    assert "A customer of 总部 that you may not see has this name." in page.text
    assert "云帆软件有限公司" not in page.text
