"""The timeline of a record: what is on it, in which order, in pages that lose nothing, for whom."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import BadRequest, Forbidden
from core.services import attachments, records, timeline, undo
from core.services.timeline import CHANGES, Entry, sources
from core.services.work import Ctx
from tests.support.site import Site

CUSTOMER = "core.customer"


def page(ctx: Ctx, number: int, before: Any = None, limit: int = 30, key: str = CUSTOMER) -> Any:
    entity = ctx.catalog[key]
    record = records.find(ctx, entity, number)
    return timeline.timeline(ctx, entity, record, sources(ctx, entity, record), before, limit)


def said(entries: list[Entry]) -> list[str]:
    """Each entry in a word: the name of a record, the action of a change."""
    names = ("subject", "document", "name")
    return [
        one.fact.entry.action if one.fact else next(getattr(one.record, n) for n in names if hasattr(one.record, n))
        for one in entries
    ]


def read(site: Site, number: int, user: str = "admin", key: str = CUSTOMER) -> tuple[list[str], list[str]]:
    """Plans and entries of the first page."""
    with site.acting(user, write=False) as ctx:
        found = page(ctx, number, key=key)
        return said(found.plans), said(found.entries)


def activity(site: Site, customer: int, subject: str, user: str = "admin", **values: Any) -> int:
    return site.create("core.activity", {"customer": customer, "subject": subject, **values}, user)


def trade(site: Site, customer: int, document: str, on: str) -> int:
    values = {"source_key": document, "document": document, "kind": "order", "on": on, "amount_base": "1"}
    return site.create("core.trade", {"customer": customer, **values})


@pytest.mark.databases
def test_all_that_belongs_to_a_customer_stands_on_it(site: Site) -> None:
    number, other = site.customer("Acme"), site.customer("Other")
    contact = site.create("core.contact", {"customer": number, "name": "Zhao"})
    activity(site, number, "old talk", at="2001-02-03T04:05:06Z", done=True, contact=contact)
    activity(site, number, "later", due="2999-01-02")
    activity(site, number, "sooner", at="2998-01-01T08:00:00Z")
    activity(site, number, "some day")
    activity(site, other, "about it", at="2002-01-01T00:00:00Z", done=True, about={"entity": CUSTOMER, "id": number})
    activity(site, other, "elsewhere", done=True)
    trade(site, number, "SO-1", "2003-01-01")
    site.attach(number, "offer.pdf", b"%PDF-1.7")
    site.attach(other, "other.pdf", b"%PDF-1.7")
    plans, entries = read(site, number)
    assert plans == ["sooner", "later", "some day"]
    assert sorted(entries[:3]) == ["create", "edit", "offer.pdf"]  # a first deal makes it formal
    assert entries[3:] == ["SO-1", "about it", "old talk"]
    assert read(site, contact, key="core.contact") == ([], ["create", "old talk"])


@pytest.mark.databases
def test_pages_follow_each_other_without_a_gap(site: Site) -> None:
    number = site.customer("Acme")
    days = [f"2020-01-{day:02}" for day in (1, 1, 2, 3, 3, 3)]
    for place, day in enumerate(days):
        trade(site, number, f"T{place}", day)
        # The same moment as the day's beginning in Shanghai, and one within the day.
        midnight = dt.datetime.fromisoformat(f"{day}T00:00:00+08:00").astimezone(dt.UTC).isoformat()
        activity(site, number, f"M{place}", at=midnight, done=True)
        activity(site, number, f"D{place}", at=f"{day}T09:00:00Z", done=True)
    for phone in range(5):
        change(site, number, phone=str(phone))
    with site.acting(write=False) as ctx:
        whole = page(ctx, number, limit=200)
        assert whole.next is None
        for limit in (1, 2, 3, 7):
            walked: list[Entry] = []
            before = None
            while True:
                found = page(ctx, number, before, limit)
                walked += found.entries
                assert len(found.entries) <= limit
                if found.next is None:
                    break
                before = timeline.cursor(str(found.next))
            assert said(walked) == said(whole.entries)
    moments = [entry.at for entry in whole.entries]
    assert moments == sorted(moments, reverse=True)


def change(site: Site, number: int, user: str = "admin", **values: Any) -> str:
    """A change of the customer; its Change-Id."""
    with site.acting(user) as ctx:
        record = records.find(ctx, ctx.catalog[CUSTOMER], number)
        records.change(ctx, ctx.catalog[CUSTOMER], number, values, record.version)
        return ctx.journal.uuid


def test_nobody_reads_on_it_what_he_may_not_see(site: Site) -> None:
    site.user("li")
    site.user("wu")
    number = site.customer("Acme", owner="li")
    activity(site, number, "open", "li", done=True)
    about = {"entity": CUSTOMER, "id": number}
    hidden = site.customer("Hidden")
    activity(site, hidden, "hidden", done=True, about=about)
    assert "open" in read(site, number, "li")[1]
    assert "hidden" not in read(site, number, "li")[1]
    assert "hidden" in read(site, number)[1]


def test_a_closed_reference_leads_to_nothing(site: Site) -> None:
    rules = [{"entity": "core.activity", "field": name, "right": "none"} for name in ("customer", "about")]
    site.role("blind", [], rules)
    site.user("li", roles=("sales_rep", "blind"))
    number = site.customer("Acme", owner="li")
    activity(site, number, "talk", done=True)
    assert read(site, number, "li") == ([], ["create"])


def test_who_sees_a_record_by_its_public_fields_alone_sees_nothing_that_hangs_on_it(site: Site) -> None:
    site.user("li")
    with site.acting("li", write=False) as ctx:
        entity = ctx.catalog["core.user"]
        assert [one.key for one in sources(ctx, entity, records.find(ctx, entity, 1))] == [CHANGES]


def test_what_is_deleted_is_off_it(site: Site) -> None:
    number = site.customer("Acme")
    talk = activity(site, number, "talk", done=True)
    file = site.attach(number, "a.txt", b"a")

    def remove(ctx: Ctx) -> None:
        records.delete(ctx, ctx.catalog["core.activity"], talk, 1)
        records.delete(ctx, ctx.catalog[attachments.KEY], file, 1)

    site.run(remove)
    assert read(site, number) == ([], ["create"])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.text(max_size=60))
def test_any_text_is_a_cursor_or_refused(text: str) -> None:
    try:
        found = timeline.cursor(text)
    except BadRequest:
        return
    assert timeline.cursor(str(found)) == found


def test_a_cursor_of_another_record_is_refused(site: Site) -> None:
    number = site.customer("Acme")
    with site.acting(write=False) as ctx, pytest.raises(BadRequest):
        page(ctx, number, timeline.cursor("2020-01-01T00:00:00Z~gifts.gift~1"))


@pytest.mark.databases
def test_a_part_of_a_batch_is_set_back_for_one_record(site: Site) -> None:
    first, second = site.customer("A", phone="1"), site.customer("B", phone="1")
    with site.acting() as ctx:
        ctx.journal.batch = "00000000-0000-4000-8000-000000000001"
        for number in (first, second):
            records.change(ctx, ctx.catalog[CUSTOMER], number, {"phone": "2"}, 1)
        uuid = ctx.journal.uuid
    site.run(lambda ctx: undo.undo_one(ctx, uuid, (CUSTOMER, first)))
    with site.acting(write=False) as ctx:
        phones = [records.find(ctx, ctx.catalog[CUSTOMER], one).phone for one in (first, second)]
    assert phones == ["1", "2"]
    with site.acting() as ctx, pytest.raises(undo.UndoConflict):
        undo.undo_one(ctx, uuid, (CUSTOMER, first))
    site.run(lambda ctx: undo.undo_one(ctx, uuid, (CUSTOMER, second)))


def test_only_who_may_edit_sets_a_part_back(site: Site) -> None:
    site.user("li")
    site.user("boss", roles=("executive",))
    number = site.customer("A", owner="li")
    uuid = change(site, number, phone="2")
    with site.acting("boss") as ctx, pytest.raises(Forbidden):
        undo.undo_one(ctx, uuid, (CUSTOMER, number))
    site.run(lambda ctx: undo.undo_one(ctx, uuid, (CUSTOMER, number)))
