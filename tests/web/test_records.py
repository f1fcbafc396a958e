"""A record's page: its facts as the reader may see them, its buttons, its panels."""

from __future__ import annotations

import base64
import dataclasses
import json
import logging
import re
from typing import Any

import pytest
from sqlalchemy import select, text

from core.app import make_app
from core.describe import CUSTOMER
from core.fields import Choice
from core.models import Customer
from core.web.facets import states
from core.web.panels import ordered
from core.web.track import disc, track
from plugins import Panel, Registry
from tests.web.conftest import Browser, fact, names, person, spoken

LIST = "/core/customers"
PANEL = "tests.web:templates/panel.jinja2"


def actions(page: Any) -> set[str]:
    """What the record's head offers, not what its panels do."""
    return {one["data-action"] for one in page.html.select("main .rec-head [data-action]")}


def test_the_facts_stand_in_their_groups(site, admin):
    parent = site.customer("Head")
    number = site.customer(
        "Acme",
        parent=parent,
        level="vip",
        annual_revenue="1234.5",
        founded_on="1999-12-31",
        website="www.acme.example",
        phone="+86 21-5555",
        note="one\ntwo",
        employees=12345,
    )
    page = admin.get(f"{LIST}/{number}")
    assert page.html.h1.text == "Acme"
    assert page.html.title.text == "Acme · Kehu"
    main = page.html.main
    assert (main["data-view"], main["data-record"]) == ("record", f"core.customer/{number}")
    assert [head.text for head in page.html.select(".rec-group h2")] == [
        "Profile", "Contact details", "Business", "Responsibility", "Remarks", "Record",
    ]  # fmt: skip
    assert fact(page, "level") == "VIP"
    assert fact(page, "annual_revenue") == "¥1,234.50"
    assert fact(page, "founded_on") == "31 Dec 1999"
    assert fact(page, "employees") == "12,345"
    assert fact(page, "short_name") == "—"
    links = {link.text: link["href"] for link in page.html.select("dd a")}
    assert links["Head"] == f"{LIST}/{parent}"
    assert links["www.acme.example"] == "https://www.acme.example"
    assert links["+86 21-5555"] == "tel:+86215555"
    assert "one\ntwo" in page.text


def test_the_state_bar_shows_past_now_and_to_come(site, admin):
    page = admin.get(f"{LIST}/{site.customer('A', state='prospect')}")
    steps = [(step.text.strip(), step["class"]) for step in page.html.select(".k-track li")]
    assert steps == [
        ("Target", ["past", "target"]),
        ("Prospect", ["now", "prospect"]),
        ("Formal", ["todo", "formal"]),
    ]
    assert [button.text for button in page.html.select(".rec-status .btn")] == ["Back to target", "Archive"]


def test_a_states_sign_fills_along_its_way() -> None:
    """Whoever declares them: nobody names a sign. A customer's keep the colours that everybody knows."""
    kind = Choice({"open": "Open", "sent": "Sent", "paid": "Paid", "lost": "Lost"}, aside=("lost",))
    assert [disc(kind, code) for code in kind.choices] == ["s-first", "s-half", "s-last", "s-aside"]
    assert [step.disc for step in track(kind, "lost")] == ["s-first", "s-half", "s-last", "s-aside"]
    assert [disc(states(CUSTOMER), code) for code in states(CUSTOMER).choices] == [*states(CUSTOMER).choices]


def test_a_sealed_record_says_so_once_beside_its_way(site, admin):
    number = site.customer("A", state="prospect")
    admin.post(f"{LIST}/{number}/actions/seal", {"reason": "gone"})
    page = admin.get(f"{LIST}/{number}")
    steps = [(step.text.strip(), step["class"]) for step in page.html.select(".k-track li")]
    assert steps == [
        ("Target", ["todo", "target"]),
        ("Prospect", ["todo", "prospect"]),
        ("Formal", ["todo", "formal"]),
        ("Archived", ["now", "sealed", "apart"]),
    ]
    assert [button.text for button in page.html.select(".rec-status .btn")] == ["Reopen"]


def test_what_one_may_not_see_is_said_and_not_shown(site, browser_of):
    rules = [
        {"entity": "core.customer", "field": "tax_no", "right": "none"},
        {"entity": "core.customer", "field": "phone", "right": "mask"},
        {"entity": "core.customer", "field": "annual_revenue", "right": "mask"},
        {"entity": "core.customer", "field": "state", "right": "none"},
    ]
    site.role("blind", [], rules)
    person(site, "li", roles=("sales_rep", "blind"))
    hidden, binned = site.customer("Hidden parent"), site.customer("Old parent", "li")
    number = site.customer("A", owner="li", tax_no="91310115MA1", phone="02155556666", annual_revenue="7654321")
    other = site.customer("B", "li", parent=binned)
    with site.kernel.work(write=True) as work:
        work.connection.execution_options(kehu_tables="*").execute(
            text(f"update core_customer set parent_id = {hidden} where id = {number}")
        )
    browser = browser_of("li")
    page = browser.get(f"{LIST}/{number}")
    assert fact(page, "tax_no") == "Restricted"
    assert fact(page, "phone") == "021****6666"
    assert fact(page, "annual_revenue") == "****"
    assert fact(page, "state") == "Restricted"
    assert fact(page, "parent") == "Restricted"
    for secret in ("91310115MA1", "02155556666", "7654321", "7,654,321", "Hidden parent"):
        assert secret not in page.text
    form = browser.get(f"{LIST}/{number}/edit")
    assert form.html.select("[name=phone], [name=tax_no], [name=annual_revenue]") == []
    browser.post(f"{LIST}/{binned}/delete", {"version": "1"}, status=403)
    browser_of().post(f"{LIST}/{binned}/delete", {"version": "1"})
    assert fact(browser.get(f"{LIST}/{other}"), "parent") == "Old parent deleted"


def test_a_hidden_record_an_absent_one_and_a_wrong_address_are_the_same_page(site, browser_of):
    person(site, "li")
    hidden = site.customer("Secret")
    browser = browser_of("li")
    pages = [
        browser.get(path, status=404)
        for path in (f"{LIST}/{hidden}", f"{LIST}/{hidden}/edit", f"{LIST}/999", f"{LIST}/99999999999999999999",
                     f"{LIST}/0", f"{LIST}/x", "/nothing/here", f"{LIST}/{hidden}/actions/assign", "/core/roles/1")
    ]  # fmt: skip
    pages += [
        browser.post(f"{LIST}/{number}/{what}", {"version": "1", "name": "X"}, status=404)
        for number in (hidden, 999)
        for what in ("edit", "delete", "actions/assign", "actions/restore")
    ]
    assert len({spoken(page) for page in pages}) == 1
    assert len({(page.status, page.content_type) for page in pages}) == 1
    assert "There is no such page, or you may not see it" in pages[0].text


def test_buttons_are_there_for_those_who_may(site, browser_of):
    person(site, "li")
    person(site, "boss", roles=("executive",))
    number = site.customer("A", "li")
    assert actions(browser_of().get(f"{LIST}/{number}")) == {
        *(f"core.customer.{name}" for name in ("edit", "delete", "assign", "share", "unshare", "merge")),
        *(f"core.customer.{name}" for name in ("qualify", "seal")),  # what leads on from a target
    }
    mine = {"core.customer.edit", "core.customer.qualify"}
    assert actions(browser_of("li").get(f"{LIST}/{number}")) == mine
    assert actions(browser_of("boss").get(f"{LIST}/{number}")) == set()
    browser_of("boss").get(f"{LIST}/{number}/edit", status=403)
    refused = browser_of("boss").post(f"{LIST}/{number}/edit", {"version": "1", "name": "B"}, status=403)
    assert "You may see this, but not do it" in refused.text


@pytest.mark.databases
def test_deleting_can_be_undone_from_the_list(site, admin):
    number = site.customer("Acme")
    form = admin.get(f"{LIST}/{number}").forms
    [delete] = [one for one in form.values() if one.action.endswith("/delete")]
    page = admin.follow(admin.send(delete))
    assert page.request.path == LIST
    assert "Deleted: Acme" in page.html.select_one(".k-toast").text
    admin.get(f"{LIST}/{number}", status=404)
    assert "k-toast" not in admin.get(LIST).text  # said once
    [undo] = [one for one in page.forms.values() if one.action.endswith("/restore")]
    page = admin.follow(admin.send(undo))
    assert page.html.h1.text == "Acme"
    assert "Restored: Acme" in page.html.select_one(".k-toast").text


@pytest.mark.parametrize("version", ["", "2", "x", "9" * 30])
def test_a_deletion_on_an_old_version_is_refused(site, admin, version):
    number = site.customer("Acme")
    page = admin.post(f"{LIST}/{number}/delete", {"version": version}, status=409)
    assert "Somebody saved first" in page.text
    assert names(admin.get(LIST)) == ["Acme"]


def test_a_unit_in_use_stays_and_says_why(site, admin):
    page = admin.post("/core/units/1/delete", {"version": "1"}, status=409)
    assert "The top unit stays." in page.text


def test_a_toast_that_was_made_up_is_not_shown(site, admin):
    for text_ in ("x", "eyJraW5kIjoiZXZpbCJ9", "e30", "%%%"):
        admin.app.set_cookie("kehu_toast", text_)
        assert "k-toast" not in admin.get(LIST).text
    evil = {"kind": "deleted", "label": "A", "undo": "https://elsewhere.example/"}
    admin.app.set_cookie("kehu_toast", base64.urlsafe_b64encode(json.dumps(evil).encode()).decode().rstrip("="))
    assert "elsewhere" not in admin.get(LIST).text


# --- panels ----------------------------------------------------------------------------------------


def _panel(key: str, render: Any, after: str | None = None) -> Panel:
    return Panel(key=key, entity="core.customer", title=f"Panel {key}", render=render, after=after)


@pytest.mark.databases
def test_panels_stand_in_order_and_a_broken_one_alone_fails(site, caplog):
    def fails(ctx: Any, record: Any) -> Any:
        ctx.db.execute(select(Customer.id / 0)).all()  # an error on servers, which spoils their transaction
        raise LookupError

    def fails_late(ctx: Any, record: Any) -> Any:
        return "tests.web:templates/broken.jinja2", {"words": ""}

    registry: Registry[Panel] = Registry("panel")
    for panel in (
        _panel("t.c", lambda ctx, record: (PANEL, {"words": f"C of {record.name}"}), after="t.a"),
        _panel("t.b", fails),
        _panel("t.a", lambda ctx, record: (PANEL, {"words": "A <b>"})),
        _panel("t.d", fails_late),
    ):
        registry.add("test", panel.key, panel)
    browser = Browser(make_app(dataclasses.replace(site.kernel, panels=registry)))
    browser.log_in()
    number = site.customer("Acme")
    with caplog.at_level(logging.ERROR):
        page = browser.get(f"{LIST}/{number}")
    panels = [panel["data-panel"] for panel in page.html.select("[data-panel]")]
    lists = ["core.customer.parent", "core.contact.customer", "core.trade.customer"]
    assert panels == [*lists, "t.b", "t.a", "t.c", "t.d", "core.attachment"]
    assert [one.text for one in page.html.select(".from-panel")] == ["A <b>", "C of Acme"]
    assert "A &lt;b&gt;" in page.text
    incidents = re.findall(r"Incident ([0-9a-f]{8})", " ".join(page.html.text.split()))
    assert len(incidents) == 2
    assert all(any(number in record.getMessage() for record in caplog.records) for number in incidents)
    assert "Traceback" not in page.text
    assert fact(page, "code") == "C000001"


def test_panels_that_wait_for_each_other_are_shown_all_the_same():
    made = [_panel("a", None, after="b"), _panel("b", None, after="a"), _panel("c", None, after="gone")]
    assert [panel.key for panel in ordered(made)] == ["c", "a", "b"]
