"""Pages for what goes wrong: what they say, and what they never say."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from core.db.database import LostCommit
from core.services import records
from tests.web.conftest import Browser

LIST = "/core/customers"


def test_a_fault_of_ours_has_a_number_and_no_inside(admin, monkeypatch, caplog):
    def fails(*_args, **_kw):
        raise ZeroDivisionError("secret of the inside")

    monkeypatch.setattr(records, "listing", fails)
    with caplog.at_level(logging.ERROR):
        page = admin.get(LIST, status=500)
    number = page.html.select_one(".er-no b").text
    assert number in caplog.text
    assert "secret of the inside" in caplog.text
    for inside in ("secret", "Traceback", "ZeroDivision", str(Path(__file__).parent), ".py"):
        assert inside not in page.text
    assert page.html.select_one("nav.k-side")  # the way out


def test_a_fault_while_nothing_works_still_has_a_page(admin, monkeypatch):
    def fails(*_args, **_kw):
        raise ZeroDivisionError

    monkeypatch.setattr(type(admin.app.app.registry["kehu"]), "work", fails)
    page = admin.get(LIST, status=500)
    assert "Something went wrong here, not with you" in page.text
    assert page.html.select("nav.k-side") == []


@pytest.mark.parametrize("error", [LostCommit(), OperationalError("x", {}, Exception("database is locked"))])
def test_what_passes_is_said_to_pass(admin, monkeypatch, error):
    def fails(*_args, **_kw):
        raise error

    monkeypatch.setattr(records, "listing", fails)
    page = admin.get(LIST, status=503)
    assert page.headers["Retry-After"] == "2"
    assert "Not available at the moment" in page.text


def test_an_address_that_leads_nowhere_has_a_page_for_strangers_too(app):
    page = Browser(app).get("/nothing", status=404)
    assert "There is no such page" in page.text
    assert page.html.select("nav") == []


def test_programs_get_problems_not_pages(app):
    answer = Browser(app).get("/api/v1/nothing", status=401)
    assert answer.content_type == "application/problem+json"


def test_a_refusal_offers_the_way_back(admin, site):
    admin.headers["Referer"] = f"http://localhost{LIST}"
    page = admin.get(f"{LIST}?sort=x", status=400)
    assert page.html.select_one(".er-act a.btn-primary")["href"] == LIST
    admin.headers["Referer"] = "http://elsewhere.example/"
    page = admin.get(f"{LIST}?sort=x", status=400)
    assert page.html.select_one(".er-act a.btn-primary")["href"] == "/"
