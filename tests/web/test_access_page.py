"""Who sees a record, and why, on a page: to whoever may know it, and no more."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.site import Site
from tests.web.conftest import Browser, person

LIST = "/core/customers"


@pytest.fixture
def number(site: Site) -> int:
    site.unit("east")
    person(site, "li", "east")
    person(site, "zhang")
    return site.customer("Acme", "li")


def verdict(page: Any) -> str:
    return page.html.select_one("#verdict").text.strip()


def names(page: Any, head: str) -> list[str]:
    found = next((one for one in page.html.select(".k-section") if one.text.startswith(head)), None)
    return [one.text for one in found.find_next_sibling("ul").select("b")] if found else []


def test_the_verdict_with_the_change_that_turns_it(site: Site, browser_of: Any, number: int) -> None:
    admin = browser_of()
    record = admin.get(f"{LIST}/{number}")
    page = admin.get(record.html.select_one(".rec-head .see")["href"])
    assert verdict(page) == "You see this"
    assert (names(page, "See it"), names(page, "Do not see it")) == (["li", "管理员"], ["zhang"])
    [link] = [one["href"] for one in page.html.select(".k-who a") if "zhang" in one.text]
    page = admin.get(link)
    assert verdict(page) == "zhang does not see this"
    step = page.html.select_one(".k-fixes li")
    assert "Share the record with this user." in step.text
    assert [one["class"] for one in page.html.select(".k-why > li")] == [["no"], ["na"]]
    admin.send(shared(admin.get(step.a["href"]), "user:zhang", ["view"]))
    assert verdict(admin.get(link)) == "zhang sees this"


def shared(page: Any, to: str, actions: list[str]) -> Any:
    """The form of a share, which says that already."""
    form = next(one for one in page.forms.values() if "to" in one.fields)
    assert form["to"].value == to
    assert [box._value for box in form.fields["actions"] if box.checked] == actions
    return form


def test_what_is_proposed_stands_in_the_form(site: Site, browser_of: Any, number: int) -> None:
    admin = browser_of()
    page = admin.get(f"{LIST}/{number}/access?user=zhang&action=edit")
    admin.send(shared(admin.get(page.html.select_one(".k-fixes a")["href"]), "user:zhang", ["view", "edit"]))
    page = admin.get(f"{LIST}/{number}/access?user=zhang&action=edit")
    assert verdict(page) == "zhang may do this: Edit"
    plain = shared(admin.get(f"{LIST}/{number}/actions/share"), "", ["view"])
    plain["to"] = "user:zhang"
    for box in plain.fields["actions"]:
        box.checked = False
    admin.send(plain)
    assert verdict(admin.get(f"{LIST}/{number}/access?user=zhang&action=edit")) == "zhang may not do this: Edit"
    [row] = admin.get("/core/shares").html.select("tbody tr")
    form = admin.get(row.a["href"] + "/edit").forms
    assert any("actions" in one.fields and one.fields["actions"][0].checked for one in form.values())


def test_an_odd_address_fills_in_nothing_wrong(site: Site, browser_of: Any, number: int) -> None:
    admin, at = browser_of(), f"{LIST}/{number}/actions/share"
    page = admin.get(f"{at}?to=user:%3Cb%3E&actions=fly,%3Cscript%3E&until=never&csrf_token=x&version=1")
    assert "<script>" not in str(page.html.main)
    admin.post(at, {"to": "user:nobody", "actions": "fly"}, status=422)


def test_other_actions_can_be_asked_for(site: Site, browser_of: Any, number: int) -> None:
    li = browser_of("li")
    page = li.get(f"{LIST}/{number}/access?action=delete")
    assert verdict(page) == "You may not do this: Delete"
    assert page.html.select_one(".acc-asks [aria-current]").text == "Delete"
    assert "Edit" in [one.text for one in page.html.select(".acc-asks a")]
    li.get(f"{LIST}/{number}/access?action=fly", 400)
    li.get(f"{LIST}/{number}/access?user=%ff", 400)


def test_nobody_learns_of_others_without_the_right(site: Site, browser_of: Any, number: int) -> None:
    li: Browser = browser_of("li")
    page = li.get(f"{LIST}/{number}/access")
    assert verdict(page) == "You see this"
    assert page.html.select(".k-who") == []
    assert "zhang" not in page.html.main.text
    li.get(f"{LIST}/{number}/access?user=zhang", 403)
    browser_of("zhang").get(f"{LIST}/{number}/access", 404)
    admin = browser_of()
    evil = "<script>alert(1)</script>"
    assert evil not in admin.get(f"{LIST}/{number}/access?user={evil}", 400).text


def test_a_manager_is_offered_his_people_and_no_others(site: Site, browser_of: Any, number: int) -> None:
    person(site, "boss", "east", roles=("sales_manager",))
    boss = browser_of("boss")
    page = boss.get(f"{LIST}/{number}/access")
    assert (names(page, "See it"), names(page, "Do not see it")) == (["boss", "li"], [])
    assert verdict(boss.get(f"{LIST}/{number}/access?user=li")) == "li sees this"
    assert "only about people in the units that you manage" in boss.get(f"{LIST}/{number}/access?user=zhang", 403).text
