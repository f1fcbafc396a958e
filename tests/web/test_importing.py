"""A file is imported on the pages, without scripts: chosen, understood, tried, run, taken back."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from webtest import Upload

from core.db.folding import fold
from core.services.importing import store
from core.services.jobs.runner import work_off
from tests.web.conftest import Browser, form_token, person

PATH = "/core/customers/import"
FILE = """Customer name,Kind,Phone,Points
Acme,Company,1,7
Beta,Person,2,8
Gamma,Robot,3,9
,Company,4,1
"""


def upload(
    browser: Browser, text: str | bytes = FILE, name: str = "some.csv", path: str = PATH, status: int = 303
) -> Any:
    browser.get(path)
    content = text if isinstance(text, bytes) else text.encode()
    token = form_token(browser.app)
    return browser.app.post(path, token | {"file": Upload(name, content)}, headers=browser.headers, status=status)


def mapping(page: Any) -> Any:
    return next(form for form in page.forms.values() if "match" in form.fields)


def tally(page: Any) -> dict[str, int]:
    shown = page.html.select(".k-tally div, .k-outcome div")
    return {one.dt.text.strip().removeprefix("Rows "): int(one.dd.text.replace(",", "")) for one in shown}


def names(browser: Browser) -> set[str]:
    return {one.text.strip() for one in browser.get("/core/customers").html.select("tbody a.name")}


def test_a_text_is_told_by_the_name_of_what_it_means(site, admin):
    labels = {"label_zh": "织机", "label_en": "Looms"}
    site.create("core.term", {"list": "industry", "code": "looms", **labels})
    page = admin.follow(upload(admin, "name,industry\nAcme,Weaving\n"))
    form = mapping(page)
    form["to-industry"].value = "Looms"
    page = admin.follow(form.submit("check", headers=admin.headers))
    assert tally(page)["created"] == 1
    assert mapping(page)["to-industry"].value in ("Looms", "织机")


def test_who_may_not_delete_is_told_that_what_he_creates_stays(site, browser_of):
    person(site, "li", roles=("sales_rep",))
    li = browser_of("li")
    page = li.follow(upload(li, "name\nAcme\n"))
    assert "What is created stays: you may not delete it" in page.html.select_one(".k-dirty").text
    started = mapping(page).submit("start", headers=li.headers, status=303)
    work_off(site.kernel)
    page = li.follow(started)
    assert "You may not delete this record." in page.text
    assert "/revert" not in page.text


def test_what_an_import_changed_leads_back_to_it(site, browser_of):
    admin = browser_of()
    page = admin.follow(upload(admin, "name\nAcme\nBeta\n", name="a & b.csv"))
    started = mapping(page).submit("start", headers=admin.headers, status=303)
    work_off(site.kernel)
    result = admin.follow(started).request.path
    row = admin.get("/changes").html.select_one(".adm-changes a")
    page = admin.get(row["href"])
    assert page.html.h1.text == "Import of a & b.csv: New: Customers 2"
    assert page.html.select_one(".k-head a.btn")["href"] == result
    assert page.html.select_one("form[action$='/undo']") is None
    person(site, "audit", roles=("auditor",))
    assert browser_of("audit").get(row["href"]).html.h1.text == "New: Customers 2"


def test_a_file_goes_its_way_and_comes_back(site, admin):
    assert admin.get("/core/customers").html.select_one("[data-action='core.customer.import']")["href"] == PATH
    page = admin.follow(upload(admin))
    assert tally(page) == {"created": 2, "updated": 0, "skipped": 0, "failed": 2}
    assert page.html.select_one("[data-action='core.import.start']").text.strip() == "Import 2 rows"
    reasons = {one.text.strip(): one.get("href") for one in page.html.select(".k-reasons > li > :first-child")}
    kind = next(path for text, path in reasons.items() if text.startswith("Kind: "))
    assert page.html.select_one(kind).th.text == "Kind"  # the reason leads to what mends it
    form = mapping(page)
    form.fields["to-kind"][2].value = "company"
    page = admin.follow(form.submit("check", headers=admin.headers))
    assert tally(page)["created"] == 3
    started = mapping(page).submit("start", headers=admin.headers, status=303)
    page = admin.follow(started)
    assert page.html.select_one("[data-progress]")
    assert "/stop" in page.text
    work_off(site.kernel)
    page = admin.follow(started)
    assert tally(page) == {"created": 3, "updated": 0, "skipped": 0, "failed": 1}
    assert names(admin) == {"Acme", "Beta", "Gamma"}
    errors = admin.get(page.html.select_one("a[download]")["href"])
    assert errors.content_type == "text/csv"
    head, row = errors.text.removeprefix("\ufeff").splitlines()
    assert head == "Customer name,Kind,Phone,Points,line,reason"
    assert row.startswith(",Company,4,1,5,Name: ")
    where = started.location.removeprefix("http://localhost")
    admin.post(f"{where}/revert")
    work_off(site.kernel)
    assert "3 records taken back" in admin.get(where).text
    assert names(admin) == set()
    admin.post(f"{where}/revert", status=409)


HEADS = {
    "公司名称,联系电话,电子邮箱,公司网址,统一社会信用代码,备注信息": "name,phone,email,website,tax_no,note",
    "客户名称,手机号码,邮件,网址,所属行业,省份": "name,phone,email,website,industry,region",
    "Company,Tel,E-mail,Homepage,VAT number,Comments": "name,phone,email,website,tax_no,note",
    "单位名称,手机,电话,客户等级": "name,,phone,level",  # the title counts before a synonym
}


@pytest.mark.parametrize("heads", HEADS)
def test_usual_heads_are_understood(admin, heads):
    page = admin.follow(upload(admin, f"{heads}\nx{',x' * heads.count(',')}\n"))
    form = mapping(page)
    assert [form[f"column-{at}"].value for at in range(heads.count(",") + 1)] == HEADS[heads].split(",")


def test_heads_of_contacts_are_understood(site, admin):
    heads = "联系人姓名,公司名称,职位,办公电话,手机号码,电子邮箱"
    page = admin.follow(upload(admin, f"{heads}\nx,x,x,x,x,x\n", path="/core/contacts/import"))
    form = mapping(page)
    found = [form[f"column-{at}"].value for at in range(6)]
    assert found == ["name", "customer", "title", "phone", "mobile", "email"]


def test_no_two_fields_share_a_synonym(site):
    for entity in site.kernel.catalog:
        words = [fold(word) for field in entity.fields for word in {*field.synonyms, field.name}]
        assert [word for word, times in Counter(words).items() if times > 1] == [], entity.key


def test_after_an_import_one_sees_what_it_stored(site, admin):
    site.customer("Other")
    site.customer("Beta", phone="7")
    page = admin.follow(upload(admin, "Name,Phone\nAcme,1\nBeta,2\n"))
    form = mapping(page)
    form["match"] = "name"
    page = admin.follow(form.submit("check", headers=admin.headers))
    assert tally(page) == {"created": 1, "updated": 1, "skipped": 0, "failed": 0}
    started = mapping(page).submit("start", headers=admin.headers, status=303)
    work_off(site.kernel)
    page = admin.follow(started)
    link = page.html.select_one(".k-dirty .btn-primary")
    assert link.text.strip() == "Show these customers"
    site.customer("Later")
    shown = {one.text.strip() for one in admin.get(link["href"]).html.select("tbody a.name")}
    assert shown == {"Acme", "Beta"}
    admin.post(f"{started.location.removeprefix('http://localhost')}/revert")
    work_off(site.kernel)
    assert admin.follow(started).html.select_one(".k-dirty .btn-primary")["href"] == "/core/customers"


def test_a_choice_that_was_not_tried_is_not_imported(site, admin):
    page = admin.follow(upload(admin, "Name,Phone\nAcme,1\n"))
    form = mapping(page)
    form["column-1"] = ""
    page = admin.follow(form.submit("start", headers=admin.headers))
    assert page.html.select_one("[data-action='core.import.start']")  # tried anew, and still to be started
    assert mapping(page)["column-1"].value == ""
    work_off(site.kernel)
    assert names(admin) == set()


def test_a_double_start_is_one_import(site, admin):
    page = admin.follow(upload(admin, "Name\nAcme\n"))
    form = mapping(page)
    form.submit("start", headers=admin.headers, status=303)
    form.submit("start", headers=admin.headers, status=303)
    work_off(site.kernel)
    assert names(admin) == {"Acme"}


def test_two_columns_for_one_field_are_refused_on_the_page(site, admin):
    form = mapping(admin.follow(upload(admin, "Name,Phone\nAcme,1\n")))
    form["column-1"] = "name"
    page = form.submit("check", headers=admin.headers, status=422)
    assert "Two columns feed the field Name" in page.text
    assert mapping(page)


def test_a_doubtful_column_is_asked_about(site, admin):
    page = admin.follow(upload(admin, "Name,founded_on\nAcme,03/04/2020\n"))
    assert "2020-04-03 or 2020-03-04" in page.text
    assert page.html.select_one("[data-action='core.import.start']") is None
    form = mapping(page)
    form["reading-founded_on"] = "dmy"
    page = admin.follow(form.submit("check", headers=admin.headers))
    assert tally(page)["created"] == 1
    assert mapping(page)["reading-founded_on"].value == "dmy"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (b"", "a.csv"),
        (b"name\n", "a.csv"),
        (b"name,name\n1,2\n", "a.csv"),
        (b"<svg onload=alert(1)>", "a.svg"),
        (bytes(range(256)) * 20, "a.csv"),
        (b"PK\x03\x04garbage", "a.xlsx"),
        (b"\xff\xfen\0a\0", "a.csv"),
    ],
)
def test_what_is_no_table_is_refused_in_words(admin, text, name):
    page = upload(admin, text, name, status=422)
    assert page.html.select_one("[role=alert]").text.strip()
    assert page.html.select_one("input[type=file]")
    assert not admin.get("/core/imports").html.select("tbody tr")


def test_no_file_and_a_forged_form_change_nothing(admin):
    admin.get(PATH)
    admin.post(PATH, {}, status=422)
    admin.app.post(PATH, {"csrf_token": "x", "file": Upload("a.csv", b"name\nA\n")}, headers=admin.headers, status=400)
    assert not admin.get("/core/imports").html.select("tbody tr")


def test_hostile_text_is_shown_as_text(site, admin):
    text = "<script>alert(1)</script>,\"{{7*7}}\",=cmd|' /C calc'!A0\n<img src=x onerror=alert(1)>,\u202eevil,=1+1\n"
    page = admin.follow(upload(admin, text, "<b>x</b>.csv"))
    assert "<script>alert" not in page.text
    assert "<img src=x" not in page.text
    assert "{{7*7}}" in page.text


def test_who_may_not_write_has_no_import(site, browser_of):
    person(site, "li")
    person(site, "sun", roles=("executive",))
    number = upload(browser_of("li"), "name\nAcme\n").location.rpartition("/")[2]
    sun = browser_of("sun")
    assert sun.get("/core/customers").html.select_one("[data-action='core.customer.import']") is None
    sun.get(PATH, status=403)
    upload_denied = form_token(sun.app) | {"file": Upload("a.csv", b"name\nA\n")}
    sun.app.post(PATH, upload_denied, headers=sun.headers, status=403)
    for path in ("", "/errors"):
        sun.get(f"/core/imports/{number}{path}", status=404)
        browser_of().get(f"/core/imports/{number}{path}", status=404)
    for verb in ("", "/stop", "/continue", "/revert"):
        sun.post(f"/core/imports/{number}{verb}", status=404)


def test_every_entity_that_people_write_is_offered_an_import(site, admin):
    for path in ("/core/contacts", "/core/activities", "/core/users", "/core/terms"):
        assert admin.get(f"{path}/import").html.select_one("input[type=file]"), path
    admin.get("/core/jobs/import", status=403)
    admin.get("/core/attachments/import", status=403)


def test_a_stopped_import_says_so_and_goes_on(site, admin, monkeypatch):
    monkeypatch.setattr(store, "CHUNK", 2)
    page = admin.follow(upload(admin, "Name\nA\nB\nC\n"))
    where = mapping(page).submit("start", headers=admin.headers).location.removeprefix("http://localhost")
    admin.post(f"{where}/stop")
    work_off(site.kernel)
    page = admin.get(where)
    assert "Stopped after 0 of 3 rows" in page.text
    admin.post(f"{where}/continue")
    work_off(site.kernel)
    assert "3 records imported" in admin.get(where).text
