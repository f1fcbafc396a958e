"""Changes can be looked at and undone long after their toast has gone."""

from __future__ import annotations

import pytest

from core.app import make_app
from core.services import many, records
from core.services.jobs.runner import work_off
from core.services.many import Deed, Which
from tests.support.site import Site
from tests.web.conftest import Browser, person, sql


@pytest.fixture
def acme(site):
    person(site, "li")
    number = site.customer("Acme <b>", "li", phone="1")
    site.run(lambda ctx: records.change(ctx, ctx.catalog["core.customer"], number, {"phone": "2"}, 1), "li")
    return number


def first(page):
    return page.html.select_one(".adm-changes a")["href"]


def test_a_change_says_what_it_did_and_is_undone(site, browser_of, acme):
    li = browser_of("li")
    li.post(f"/core/customers/{acme}/edit", {"phone": "3", "version": "2"})
    page = li.get(first(li.get("/changes")))
    [row] = page.html.select(".adm-table tbody tr")
    assert [cell.text.strip() for cell in row.select("th, td")] == ["Phone", "2", "3"]
    assert page.html.select_one("h2 a").text == "Customer Acme <b>"
    li.post(page.html.select_one("form[action$='/undo']")["action"])
    assert site.run(lambda ctx: records.find(ctx, ctx.catalog["core.customer"], acme).phone, "li") == "2"
    assert "Undone" in li.get("/changes").html.select_one(".adm-changes b").text


def test_each_sees_his_own_and_who_reads_the_trail_all(site, browser_of, acme):
    person(site, "wang")
    person(site, "audit", roles=("auditor",))
    wang, auditor = browser_of("wang"), browser_of("audit")
    mine = [row.text for row in wang.get("/changes?logins=1").html.select(".adm-changes small")]
    assert mine
    assert all("wang" in text for text in mine)
    theirs = first(auditor.get("/changes?who=li"))
    assert auditor.get(theirs)
    assert "Acme" not in auditor.get(theirs).text or auditor.get(f"/core/customers/{acme}")
    wang.get(theirs, status=404)
    wang.get("/changes/00000000-0000-0000-0000-000000000000", status=404)
    assert not auditor.get("/changes?who=nobody").html.select(".adm-changes li")
    told = [auditor.get(f"/changes{query}").html.h1.text for query in ("", "?who=li", "?who=audit", "?who=<b>")]
    assert told == ["Changes of everybody", "Changes of li", "My changes", "Changes of <b>"]
    assert [wang.get(f"/changes{query}").html.h1.text for query in ("", "?who=wang")] == ["My changes"] * 2


def test_a_login_is_no_change_to_undo(site, browser_of, acme):
    admin = browser_of()
    assert "Logged in" not in admin.get("/changes").text
    page = admin.get(first(admin.get("/changes?logins=1")))
    assert "Logged in" in page.html.h1.text
    assert page.html.select_one("form[action$='/undo']") is None


@pytest.mark.parametrize("query", ["before=x", "before=99999999999999999999", "who=%00", "who=" + "x" * 300])
def test_odd_queries_are_taken(admin, query):
    admin.get(f"/changes?{query}")


def test_pages_cost_the_same_however_much_there_is(database_url):
    site = Site(database_url, testing="true")
    browser = Browser(make_app(site.kernel))
    browser.log_in()
    site.customer("A")
    browser.get("/changes")
    few = sql(browser.get("/changes"))
    for name in "BCDEF":
        site.customer(name)
    browser.get("/changes")
    assert sql(browser.get("/changes")) == few <= 8
    site.close()


def test_a_change_without_a_reason_says_none(site, browser_of):
    site.customer("Acme")
    page = browser_of(**{"Accept-Language": "zh-CN"}).get("/changes")
    assert "Acme" not in page.html.main.select_one("small").text
    assert "Kehu" not in page.html.main.text


def done_with_many(site, deed, ids, login="admin"):
    """The change page of a deed that took more than one transaction."""
    site.run(lambda ctx: many.start(ctx, ctx.catalog["core.customer"], Which.named(ids), deed), login)
    work_off(site.kernel)


def test_a_change_of_many_is_said_in_words_and_taken_back_where_its_result_is(site, browser_of, monkeypatch):
    monkeypatch.setattr(many, "PART", 2)
    ids = [site.customer(f"C{at} <i>", phone="1") for at in range(5)]
    person(site, "li")
    done_with_many(site, Deed(many.EDIT, {"phone": "<b>2</b>", "owner": "li"}), ids)
    admin = browser_of()
    page = admin.get(first(admin.get("/changes")))
    assert page.html.h1.text == "Edit 5 customers: Phone → <b>2</b>, Owner → li"
    result = page.html.select_one(".k-head a.btn")["href"]
    assert f"/changes/{page.request.path.rpartition('/')[2]}" in admin.get(result).text
    page = admin.follow(admin.post(page.html.select_one("form[action$='/undo']")["action"]))
    assert page.request.path == result
    work_off(site.kernel)
    assert "5 of 5 records taken back" in admin.get(result).html.h2.text
    [_back, deed] = admin.get("/changes").html.select(".adm-changes a")[:2]
    assert admin.get(deed["href"]).html.select_one("form[action$='/undo']") is None


def test_others_read_what_was_done_with_many_and_do_not_take_it_back(site, browser_of):
    person(site, "audit", roles=("auditor",))
    ids = [site.customer(f"C{at}") for at in range(3)]
    done_with_many(site, Deed("delete"), ids)
    auditor = browser_of("audit")
    page = auditor.get(first(auditor.get("/changes")))
    assert page.html.h1.text == "Delete 3 customers"
    assert page.html.select("form[action$='/undo'], .k-head a.btn") == []


def test_what_is_named_by_a_key_is_shown_in_words(site, browser_of):
    number = person(site, "li")
    browser_of("li")
    done_with_many(site, Deed("qualify"), [site.customer("Acme")])
    admin = browser_of()
    [job] = admin.get("/core/jobs").html.select("tbody tr")
    assert job.a.text == "Change of many records"
    assert admin.get(job.a["href"]).html.h1.text == "Change of many records"
    told = [
        [cell.text.strip() for cell in row.select("td")] for row in admin.get("/core/audit").html.select("tbody tr")
    ]
    assert [line for line in told if "Make prospect" in line and "in the background" in line and "Customers" in line]
    assert [line for line in told if "Logged in" in line and "on the pages" in line]
    assert "Logged in" in admin.get(f"/core/users/{number}").html.select_one(".k-tl").text
    page = browser_of(**{"Accept-Language": "zh-CN"}).get("/core/jobs")
    assert "core.many" not in page.html.select_one("tbody").text
