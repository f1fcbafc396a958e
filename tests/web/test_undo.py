"""The button beside "Saved": what a form, a verb or a new record did is set back, and done again."""

from __future__ import annotations

from typing import Any

import pytest

from core.services import records
from tests.support.site import Site
from tests.web.conftest import Browser, person

LIST = "/core/customers"


@pytest.fixture
def admin(site: Site, browser_of: Any) -> Browser:
    return browser_of()


def toast_of(page: Any) -> Any:
    return page.html.select_one(".k-toast")


def press_undo(browser: Browser, page: Any, at: str, status: int = 303) -> Any:
    """What follows on the button in the toast of a page at this address."""
    form = toast_of(page).form
    answer = browser.app.post(
        form["action"],
        {"csrf_token": form.select_one("[name=csrf_token]")["value"]},
        headers={**browser.headers, "Referer": f"http://localhost{at}"},
        status=status,
    )
    return browser.follow(answer) if status == 303 else answer


def save(browser: Browser, number: int, **values: str) -> Any:
    form = browser.form(f"{LIST}/{number}/edit")
    for name, value in values.items():
        form[name] = value
    return browser.follow(browser.send(form))


@pytest.mark.databases
def test_a_change_is_set_back_and_done_again(site: Site, admin: Browser) -> None:
    number = site.customer("Acme", phone="1")
    at = f"{LIST}/{number}"
    back = press_undo(admin, save(admin, number, phone="2"), at)
    assert "Undone" in toast_of(back).text
    assert back.html.select_one("dd[data-field=phone]").text == "1"
    again = press_undo(admin, back, at)
    assert again.html.select_one("dd[data-field=phone]").text == "2"
    assert toast_of(again).button.text == "Redo"  # of what was undone is undone


def test_a_new_record_is_taken_back_to_the_list(site: Site, admin: Browser) -> None:
    form = admin.form(f"{LIST}/new")
    form["name"] = "Mistake"
    page = admin.follow(admin.send(form))
    gone = press_undo(admin, page, page.request.path)
    assert gone.request.path == LIST
    assert "Mistake" not in gone.text


def test_a_verb_is_set_back(site: Site, admin: Browser) -> None:
    number = site.customer("Acme")
    form = admin.form(f"{LIST}/{number}/actions/qualify")
    form["reason"] = "budget"
    page = admin.follow(admin.send(form))
    assert "Prospect" in page.html.select_one("[aria-current=step]").text
    assert "Target" in press_undo(admin, page, f"{LIST}/{number}").html.select_one("[aria-current=step]").text


def test_nobody_is_offered_what_he_may_not_do(site: Site, browser_of: Any) -> None:
    person(site, "li")
    li = browser_of("li")
    form = li.form(f"{LIST}/new")
    form["name"] = "Mine"
    page = li.follow(li.send(form))
    assert "Created: Mine" in toast_of(page).text
    assert toast_of(page).form is None  # a representative deletes nothing
    unchanged = save(li, 1)
    assert toast_of(unchanged).form is None


def test_later_changes_stand_in_the_way_and_are_kept(site: Site, admin: Browser) -> None:
    number = site.customer("Acme", phone="1")
    page = save(admin, number, phone="2")
    site.run(lambda ctx: records.change(ctx, ctx.catalog["core.customer"], number, {"phone": "3"}, 2))
    refused = press_undo(admin, page, f"{LIST}/{number}", 409)
    assert "changed again later" in refused.text
    assert admin.get(f"{LIST}/{number}").html.select_one("dd[data-field=phone]").text == "3"


def test_other_peoples_changes_are_not_found(site: Site, admin: Browser, browser_of: Any) -> None:
    person(site, "wu")
    page = save(admin, site.customer("Acme", phone="1"), phone="2")
    wu = browser_of("wu")
    wu.post(toast_of(page).form["action"], {}, 404)
    wu.post("/changes/00000000-0000-0000-0000-000000000000/undo", {}, 404)
    admin.app.post(toast_of(page).form["action"], {}, headers=admin.headers, status=400)  # no token
