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
    assert step.a["href"] == f"{LIST}/{number}/actions/share"
    assert [one["class"] for one in page.html.select(".k-why > li")] == [["no"], ["na"]]
    admin.post(f"{LIST}/{number}/actions/share", {"to": "user:zhang"})
    assert verdict(admin.get(link)) == "zhang sees this"


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
