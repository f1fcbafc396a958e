"""The start page follows the role (M32): a day, a department, an overview; cards of the kernel and of plugins."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select

from core.models import User
from core.services import figures, periods, records
from core.services.periods import Period
from tests.support.site import Site
from tests.web.conftest import person, sql
from tests.web.test_safety import PAYLOAD


def cards(page: Any) -> list[str]:
    return [one["data-card"] for one in page.html.select("[data-card]")]


@pytest.fixture
def site(database_url: str) -> Iterator[Site]:
    """A site that says how many statements a page took."""
    made = Site(database_url, testing="true")
    yield made
    made.close()


@pytest.fixture
def company(site: Site) -> Site:
    """A unit with a manager and two representatives; one has a customer whom he has called, late with a task."""
    site.unit("east")
    for login, role in (("li", "sales_rep"), ("wang", "sales_rep"), ("chen", "sales_manager"), ("shen", "executive")):
        person(site, login, "hq" if login == "shen" else "east", [role])
    customer = site.customer("Acme", "li")
    site.customer("Pooled", owner=None, unit="east")
    now = site.kernel.clock.now()
    yesterday = (site.kernel.clock.day(now) - dt.timedelta(days=1)).isoformat()
    call = {"kind": "call", "subject": "Call", "at": now.isoformat(), "done": True, "customer": customer}
    site.create("core.activity", call, "li")
    site.create("core.activity", {"kind": "task", "subject": "Late", "due": yesterday, "customer": customer}, "li")
    return site


def test_a_role_gives_a_start_page(company, browser_of):
    assert cards(browser_of("li").get("/")) == ["core.own"]
    assert cards(browser_of("chen").get("/")) == ["core.team", "core.customers"]
    overview = browser_of("shen").get("/")
    assert cards(overview) == ["core.customers", "core.contacts", "core.units"]
    assert overview.html.h1.text == "总部"


def test_an_executive_has_no_menu_for_entering_data_and_may_still_do_what_he_may(company, browser_of):
    """M32: the same user, switched to the executive's profile."""
    assert browser_of("li").get("/").html.select("[data-action='core.customer.create']")
    company.create("core.role", {"code": "looks", "name": "looks", "profile": "executive"})
    li = company.run(lambda ctx: ctx.db.scalars(select(User).where(User.login == "li")).one())
    roles = {"roles": ["sales_rep", "looks"]}
    company.run(lambda ctx: records.change(ctx, ctx.catalog["core.user"], li.id, roles, li.version))
    browser = browser_of("li")
    page = browser.get("/")
    assert not page.html.select("[data-action$='.create']")
    assert not page.html.select(".hm-queue")
    assert page.html.select_one("nav [aria-current=page]").text.strip() == "Overview"
    assert browser.get("/core/customers/new").status_int == 200


def test_each_figure_leads_to_the_records_behind_it(company, browser_of):
    for login in ("li", "chen", "shen"):
        browser = browser_of(login)
        page = browser.get("/?period=year")
        figs = page.html.select("[data-card] a.fig, [data-card] .hm-kpi a")
        assert figs
        for link in figs:
            number = (link.select_one("b") or link).text.strip()
            if number.isdigit() and "reached" not in link.text:  # customers, of whom the list shows the follow-ups
                assert browser.get(link["href"]).html.select_one("#total").text == number, (login, link["href"])


def test_a_team_is_counted_person_by_person(company):
    chen = company.run(lambda ctx: figures.team(ctx, periods.around("year", ctx.today)), "chen", write=False)
    assert [(one.login, one.customers, one.contacts, one.overdue) for one in chen] == [
        ("chen", 0, 0, 0),
        ("li", 1, 1, 1),
        ("wang", 0, 0, 0),
    ]
    assert chen[1].last is not None
    assert chen[2].last is None


def test_figures_count_what_their_reader_sees(company):
    def new(login: str) -> int:
        year = company.run(lambda ctx: figures.customers(ctx, periods.around("year", ctx.today)), login, write=False)
        return int(year.new)

    assert [new(login) for login in ("li", "wang", "chen", "shen")] == [1, 0, 2, 2]


def test_trade_is_summed_by_kind(company):
    today = company.kernel.clock.day(company.kernel.clock.now()).isoformat()
    for number, effective in ((1, True), (2, True), (3, False)):
        values = {"customer": "C000001", "source_key": f"t/{number}", "document": f"T{number}", "kind": "order"}
        company.create("core.trade", values | {"on": today, "amount_base": "1000.50", "effective": effective})
    found = company.run(lambda ctx: figures.trade(ctx, periods.around("month", ctx.today)), "shen", write=False)
    assert found == {"order": Decimal("2001.00")}


def test_the_units_are_summed_up_the_tree(company, browser_of):
    page = browser_of("shen").get("/?period=year")
    lines = [[cell.text.strip() for cell in row.select("th, td")] for row in page.html.select(".hm-fc tbody tr")]
    assert lines == [["总部", "2", "0", "2", "1"], ["east", "2", "0", "2", "1"]]


@pytest.mark.parametrize(
    ("name", "first", "last", "before"),
    [
        ("month", "2026-02-01", "2026-02-28", "2026-01-01"),
        ("quarter", "2026-01-01", "2026-03-31", "2025-10-01"),
        ("year", "2026-01-01", "2026-12-31", "2025-01-01"),
    ],
)
def test_a_period_is_the_one_of_the_day(name, first, last, before):
    found = periods.around(name, dt.date(2026, 2, 14))
    assert found == Period(name, dt.date.fromisoformat(first), dt.date.fromisoformat(last))
    assert found.before.first == dt.date.fromisoformat(before)
    assert found.before.last + dt.timedelta(days=1) == found.first


@pytest.mark.parametrize(
    ("day", "last"),
    [
        ("2026-04-01", "2026-01-01"),
        ("2026-05-20", "2026-02-19"),
        ("2026-06-29", "2026-03-31"),
        ("2026-06-30", "2026-03-31"),
    ],
)
def test_what_has_come_so_far_is_compared_with_as_many_days(day, last):
    found = periods.around("quarter", dt.date(2026, 5, 20)).so_far_before(dt.date.fromisoformat(day))
    assert (found.first, found.last) == (dt.date(2026, 1, 1), dt.date.fromisoformat(last))


@pytest.mark.parametrize(
    ("now", "before", "said"), [(2, 1, "more"), (1, 2, "less"), (1, 1, ""), (0, 0, ""), (1, 0, "more")]
)
def test_the_sign_beside_a_figure_says_how_it_is(company, browser_of, monkeypatch, now, before, said):
    row = SimpleNamespace(now=now, before=before, reached=now, overdue=0)
    monkeypatch.setattr(figures, "contacts", lambda ctx, period: row)
    lines = browser_of("shen").get("/").html.select("[data-card='core.contacts'] .hm-kpi li")
    signs = [line.select_one("[role=img]") for line in lines]
    assert [sign and sign["aria-label"] for sign in signs] == [f"{said} than before" if said else None, None, None]


def test_all_customers_are_a_figure(company, browser_of):
    card = browser_of("shen").get("/?period=year").html.select_one("[data-card='core.customers']")
    told = [(one.select_one(".l").text, one.select_one("b").text) for one in card.select(".hm-kpi a")]
    assert told[0] == ("All customers", "2")
    assert "of all: 0 %" in card.text


def test_another_period_is_refused_in_words(company, browser_of):
    page = browser_of("shen").get("/?period=decade", status=400)
    assert "quarter" in page.text


def test_names_do_no_harm_on_any_start_page(company, browser_of):
    company.create("core.user", {"login": "evil", "name": PAYLOAD, "unit": "east", "roles": ["sales_rep"]})
    company.unit("odd")
    for login in ("chen", "shen"):
        assert PAYLOAD not in browser_of(login).get("/").text


def test_a_start_page_costs_the_same_with_many_people(company, browser_of):
    browser = browser_of("chen")
    browser.get("/")
    few = sql(browser.get("/"))
    for number in range(12):
        company.user(f"more{number}", "east")
        company.customer(f"More {number}", f"more{number}")
    browser.get("/")
    assert sql(browser.get("/")) == few


def test_a_failing_card_harms_only_itself(company, browser_of, monkeypatch):
    from core.web.home import cards as module

    def fail(ctx: Any, period: Period) -> Any:
        raise LookupError("no")

    broken = SimpleNamespace(**{**vars(module.CARDS[2]), "render": fail})
    monkeypatch.setattr(module, "CARDS", (broken, *module.CARDS[3:]))
    page = browser_of("chen").get("/")
    assert "Incident" in page.html.select_one("[data-card='core.team']").text
    assert "core.customers" in cards(page)
