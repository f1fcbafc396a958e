"""Every entity has all its pages for nothing: the kernel's, and one that nobody has heard of."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from core.entities.table import Row
from core.http.paths import by_path
from core.i18n import _
from core.models import Customer
from core.security.catalog import is_business
from core.services.importing.store import keep
from core.services.jobs.queue import enqueue
from core.services.notices import notify
from core.web.frame import is_written
from tests.web.conftest import Browser, person

LANGUAGES = ("en", "zh-CN")
TABLE = SimpleNamespace(headers=("name",), encoding="xlsx", rows=lambda: iter([Row(2, ("Acme",))]))


@pytest.fixture
def full(site):
    number = site.customer("Acme", note="x", level="vip")
    site.create("core.contact", {"customer": number, "name": "Zhao"})
    site.create("core.activity", {"customer": number, "subject": "first talk"})
    order = {"source_key": "x/1", "document": "SO-1", "kind": "order", "on": "2026-03-02", "amount_base": "1"}
    site.create("core.trade", {"customer": number, **order})
    person(site, "li")
    share = {"entity": "core.customer", "record": number, "to": {"user": "li"}, "actions": ["view"]}
    site.create("core.share", share)
    site.create("core.token", {"name": "ERP"})
    site.create("core.saved_view", {"name": "All", "entity": "core.customer", "query": {"sort": "-name"}})
    site.attach(number, "offer.pdf", b"%PDF-1.7")
    labels = {"label_zh": "等级", "label_en": "Rank"}
    choice = {"entity": "core.customer", "name": "rank", "type": "choice", "choices": ["gold"], **labels}
    site.create("core.custom_field", choice)
    site.run(lambda ctx: enqueue(ctx, "core.housekeeping"))
    site.run(lambda ctx: keep(ctx, "core.customer", "old.csv", TABLE))
    site.run(lambda ctx: notify(ctx, 1, "core.test", _("${about} is due."), about=ctx.system.get(Customer, number)))
    return site


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_of_every_entity_opens_for_the_administrator(full, browser_of, language):
    browser = browser_of(**{"Accept-Language": language})
    for path, entity in by_path(full.kernel.catalog).items():
        page = browser.get(path)
        assert page.html.select("tbody tr"), path
        if not entity.rules.closed:
            here = path if is_business(entity) else "/admin"
            assert page.html.select_one("nav [aria-current=page]")["href"] == here
        record = page.html.select_one("tbody a.name")["href"]
        assert browser.get(record).html.main["data-record"] == f"{entity.key}/{record.rpartition('/')[2]}"
        if entity.rules.closed:
            browser.get(f"{path}/new", status=403)
            browser.get(f"{record}/edit", status=403)
            continue
        if not is_written(entity):
            browser.get(f"{path}/new", 404)
            browser.get(f"{record}/edit", 403)
            continue
        assert browser.get(f"{path}/new").forms["sheet"], path
        form = browser.form(f"{record}/edit")
        browser.send(form)  # what is written back unchanged is taken


def test_a_representative_never_sees_a_fault(full, browser_of):
    browser = browser_of("li")
    for path in by_path(full.kernel.catalog):
        for address in (path, f"{path}/new", f"{path}/1", f"{path}/1/edit", f"{path}/lookup"):
            status = browser.app.get(address, headers=browser.headers, expect_errors=True).status_int
            assert status in (200, 403, 404), (address, status)


def test_the_menu_has_the_business_and_the_way_to_the_settings(full, browser_of):
    def menu(browser: Browser) -> list[str]:
        side = browser.get("/core/customers").html.select_one("nav.k-side")
        return [one.text.strip() for one in side.select(".k-nav")]

    business = ["Today", "Customers", "Contacts", "Activities", "Trades", "Settings"]
    assert menu(browser_of()) == business
    assert menu(browser_of("li")) == business


def test_the_start_page_is_the_first_list_of_who_has_no_activities(full, browser_of):
    person(full, "sun", roles=("auditor",))
    auditor = browser_of("sun")
    assert auditor.follow(auditor.get("/", status=303)).html.main["data-view"] == "list"


@pytest.mark.parametrize("key", ["core.role", "core.share"])
def test_documents_read_as_tables_and_words(full, admin, key):
    page: Any = admin.get({"core.role": "/core/roles/1", "core.share": "/core/shares/1"}[key])
    if key == "core.role":
        assert [head.text for head in page.html.select("th")][:3] == ["Entity", "Action", "Reach"]
        assert "All business records" in page.text
    else:
        assert page.html.select_one("dd[data-field=actions]").text.strip() == "View"
        assert page.html.select_one("dd[data-field=entity]").text.strip() == "Customers"
