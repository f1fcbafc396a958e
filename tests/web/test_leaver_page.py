"""Handing over on the page: shown before it is done, done once, undone once."""

from __future__ import annotations

import pytest

from core.app import make_app
from tests.support.site import Site
from tests.web.conftest import Browser, names, person, sql


@pytest.fixture
def zhang(site):
    number = person(site, "zhang")
    for name in ("A", "B", "C"):
        site.customer(name, "zhang")
    site.user("li")
    site.user("wang")
    return number


def owners(browser: Browser) -> set[str]:
    page = browser.get("/core/customers?columns=name,owner")
    return {cell.text.strip() for cell in page.html.select("tbody [data-field=owner]")}


def test_from_the_user_s_page_to_the_undo(site, admin, zhang, browser_of):
    theirs = browser_of("zhang")
    [button] = admin.get(f"/core/users/{zhang}").html.select(".rec-status a[data-action='core.user.deactivate']")
    assert button.text == "Hand over and deactivate"
    link = button["href"]
    page = admin.get(link)
    assert [one["value"] for one in page.html.select("[name=heir][checked]")]
    [li] = [one.input["value"] for one in page.html.select(".adm-people li") if one.b.text == "li"]
    assert "总部" in page.html.select_one(".adm-people li").text
    page = admin.get(f"{link}?heir={li}")
    button = page.html.select_one("button[data-action='core.user.leave']")
    assert button.text.strip() == "Hand over 3 and deactivate"
    form = next(form for form in page.forms.values() if form.action == link and "csrf_token" in form.fields)
    one = next(name for name in form.fields if name and name.startswith("to/core.customer/"))
    form[one] = ""
    saved = admin.send(form)
    toast = admin.follow(saved).html.select_one(".k-toast")
    assert toast.span.text == "zhang is deactivated. 2 customers → li; 1 customer → Nobody"
    undo = toast.form["action"]
    assert owners(admin) == {"li", "—"}
    theirs.get("/core/customers", status=303)  # to the login
    admin.post(undo)
    assert owners(admin) == {"zhang"}
    assert names(admin.get("/core/customers"))


def test_without_anybody_nothing_happens_and_the_page_says_so(site, admin, zhang):
    site.create("core.activity", {"kind": "task", "subject": "x"}, "zhang")
    page = admin.post(f"/admin/leavers/{zhang}", {"pooled": "1"}, status=422)
    assert "Choose at least one person" in page.text
    assert owners(admin) == {"zhang"}


def test_only_who_may_shut_out_sees_it(site, admin, zhang, browser_of):
    person(site, "boss", roles=("sales_manager",))
    boss = browser_of("boss")
    assert boss.app.get(f"/admin/leavers/{zhang}", headers=boss.headers, expect_errors=True).status_int in (403, 404)
    assert boss.get(f"/core/users/{zhang}").html.select_one("[data-action='core.user.deactivate']") is None
    admin.get("/admin/leavers/999999", status=404)


def test_the_page_costs_the_same_for_many_records(database_url):
    site = Site(database_url, testing="true")
    zhang = person(site, "zhang")
    site.customer("A", "zhang")
    site.user("li")
    browser = Browser(make_app(site.kernel))
    browser.log_in()
    browser.get(f"/admin/leavers/{zhang}")
    few = sql(browser.get(f"/admin/leavers/{zhang}"))
    for at in range(20):
        site.customer(f"N{at}", "zhang")
    assert sql(browser.get(f"/admin/leavers/{zhang}")) == few <= 16
    site.close()
