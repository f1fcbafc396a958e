"""Two customers become one on the pages: chosen, compared, done, and all of it undone."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.support.shots import log_in
from tests.web.conftest import fact, person
from tests.web.test_safety import PAYLOAD, strictly

LIST = "/core/customers"


def two(site: Any, **more: str) -> tuple[int, int]:
    """Acme with one contact and a phone, Bolt with two, an activity and a note; both have an address."""
    acme = site.customer("Acme", phone="021-1", address="Acme Road", source="referral")
    bolt = site.customer("Bolt", phone="021-2", address="Bolt Road", note="of Bolt", **more)
    site.create("core.contact", {"customer": acme, "name": "Ann"})
    for name in ("Ben", "Bob"):
        site.create("core.contact", {"customer": bolt, "name": name})
    site.create("core.activity", {"customer": bolt, "subject": "Call Bolt"})
    return acme, bolt


def merge_page(target: int, source: int | None = None) -> str:
    return f"{LIST}/{target}/merge" + (f"?source={source}" if source else "")


def differences(page: Any) -> dict[str, list[str]]:
    """What can be chosen, and what is chosen unless somebody says otherwise."""
    return {
        row["data-field"]: [
            ("*" if cell.input.has_attr("checked") else "") + cell.label.span.get_text(" ").split(" ", 1)[1].strip()
            for cell in row.select("td")
        ]
        for row in page.html.select(".k-merge tbody tr")
    }


def test_the_other_customer_is_asked_for_and_nothing_is_filled_in(site, admin):
    acme, bolt = two(site)
    form = admin.form(merge_page(acme))
    assert form["source"].value == ""  # a customer's source is something else
    assert "This is needed." in admin.send(form, 422).text
    admin.post(merge_page(acme), {"source": "nothing of that name"}, 422)
    form["source"].select(text="Bolt")
    assert admin.send(form).location.endswith(merge_page(acme, bolt))


def test_what_differs_is_compared_and_what_moves_is_counted(site, admin):
    acme, bolt = two(site)
    page = admin.get(merge_page(acme, bolt))
    assert differences(page) == {
        "phone": ["*021-1", "021-2"],
        "address": ["*Acme Road", "Bolt Road"],
        "note": ["empty", "*of Bolt"],
    }
    moving = page.html.select_one(".k-dialog").get_text(" ")
    assert "Contacts 2" in moving
    assert "Activities 1" in moving
    back = admin.get(page.html.select_one(".dlg-foot a[href*=merge]")["href"])
    assert back.html.h1.text == "Merge Acme into Bolt"


def test_what_was_chosen_is_taken(site, admin):
    acme, bolt = two(site)
    form = next(one for one in admin.get(merge_page(acme, bolt)).forms.values() if "compared" in one.fields)
    form["take.phone"] = "source"
    form["take.note"] = "target"
    page = admin.follow(admin.send(form))
    assert [fact(page, name) for name in ("phone", "address", "note")] == ["021-2", "Acme Road", "—"]


def test_what_cannot_be_merged_is_said_where_one_is(site, admin):
    acme, bolt = two(site)
    below = site.customer("Below", parent=bolt)
    refused = admin.post(merge_page(below, bolt), {"compared": str(bolt)}, 409)
    assert "stands below the other one" in refused.html.select_one("[role=alert]").text
    itself = admin.post(merge_page(acme, acme), {"compared": str(acme), "take.phone": "source"}, 422)
    assert "into itself" in itself.html.select_one("[role=alert]").text
    for take in ({"take.phone": "theirs"}, {"take.code": "source"}, {"take.": "source"}):
        admin.post(merge_page(acme, bolt), {"compared": str(bolt)} | take, 422)
    admin.get(merge_page(acme, 999999), 404)
    assert fact(admin.get(f"{LIST}/{acme}"), "phone") == "021-1"


def test_who_may_not_merge_or_see_gets_nothing(site, browser_of, admin):
    person(site, "li")
    acme, bolt = two(site)
    own = site.customer("Own", "li")
    li = browser_of("li")
    li.get(merge_page(own), 403)
    li.get(merge_page(acme, own), 404)
    li.post(merge_page(own, bolt), {"compared": str(bolt)}, 403)
    li.post(merge_page(acme, bolt), {"compared": str(bolt)}, 404)
    assert "021-2" not in li.get(merge_page(own, bolt), 403).text
    admin.app.post(merge_page(acme, bolt), {"compared": str(bolt), "csrf_token": "x"}, status=400)


def test_hostile_names_stay_text(site, admin):
    acme, _bolt = two(site)
    evil = site.customer(PAYLOAD, note=PAYLOAD)
    page = admin.get(merge_page(acme, evil))
    assert strictly(page.text) == []
    assert "<script>alert" not in page.text


@pytest.mark.parametrize("right", ["read", "none"])
def test_a_source_that_one_may_not_edit_is_not_the_source_of_a_merge(site, browser_of, right):
    grants = [{"entity": "core.customer", "action": one, "reach": "all"} for one in ("view", "edit", "merge")]
    site.role("ma", grants, [{"entity": "core.customer", "field": "source", "right": right}])
    person(site, "ma", roles=("ma",))
    acme, bolt = two(site)
    ma = browser_of("ma")
    ma.post(merge_page(acme, bolt), {"compared": str(bolt)})
    assert ma.get(f"{LIST}/{bolt}", 308).location.endswith(f"{LIST}/{acme}")


def test_a_merge_and_its_undo_by_hand(site, address, page: Page, faults):
    acme, bolt = two(site)
    log_in(page, address)
    page.goto(f"{address}{LIST}/{acme}")
    page.get_by_label("More actions").click()
    with page.expect_navigation():
        page.get_by_role("link", name="Merge").click()
    page.locator("[role=combobox]:near(:text('Other customer'))").first.click()
    page.keyboard.type("bol")
    expect(page.get_by_role("option", name="Bolt").first).to_be_visible()
    page.get_by_role("option", name="Bolt").first.click()
    with page.expect_navigation():
        page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Merge Bolt into Acme")
    page.locator("tr[data-field=phone]").get_by_text("021-2").click()
    with page.expect_navigation():
        page.get_by_role("button", name="Merge").click()
    expect(page.get_by_role("status")).to_contain_text("Done: Acme")
    related = page.locator("[data-panel='core.contact.customer']")
    for name in ("Ann", "Ben", "Bob"):
        expect(related).to_contain_text(name)
    expect(page.locator("dd[data-field=phone]")).to_have_text("021-2")
    with page.expect_navigation():
        page.keyboard.press("z")
    expect(page.get_by_role("status")).to_contain_text("Undone")
    page.goto(f"{address}{LIST}/{acme}")
    expect(related).to_contain_text("Ann")
    expect(related).not_to_contain_text("Ben")
    expect(page.locator("dd[data-field=phone]")).to_have_text("021-1")
    page.goto(f"{address}{LIST}/{bolt}")
    expect(page.get_by_role("heading", level=1)).to_have_text("Bolt")
    for name in ("Ben", "Bob"):
        expect(related).to_contain_text(name)
    expect(page.locator("#timeline")).to_contain_text("Call Bolt")
