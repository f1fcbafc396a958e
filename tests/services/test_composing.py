"""What was done, written down in one go with what comes next."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import func, select

from core.errors import Invalid
from core.models import Activity, Change
from core.services import composing, records, undo
from tests.support.site import Site
from tests.web.conftest import in_an_hour

CUSTOMER = "core.customer"


def write(site: Site, number: int, user: str = "admin", key: str = CUSTOMER, **said: Any) -> str:
    """Write it down; the Change-Id."""
    with site.acting(user) as ctx:
        entity = ctx.catalog[key]
        composing.write_down(ctx, entity, records.find(ctx, entity, number), {"kind": "note", **said})
        return ctx.journal.uuid


def stored(site: Site) -> list[Any]:
    with site.acting(write=False) as ctx:
        return list(ctx.system.scalars(select(Activity).order_by(Activity.id)))


@pytest.mark.databases
def test_a_call_and_its_next_step_are_one_change(site: Site) -> None:
    number = site.customer("Acme")
    contact = site.create("core.contact", {"customer": number, "name": "Zhao", "code": "Z1"})
    with site.acting(write=False) as ctx:
        before = ctx.system.scalar(select(func.count()).select_from(Change)) or 0
    step = {"next_step": "send the offer", "next_at": in_an_hour()}
    uuid = write(site, number, kind="call", text="Budget is there\nin December", contact="Z1", **step)
    call, following = stored(site)
    assert (call.kind, call.subject, call.content, call.done) == (
        "call",
        "Budget is there",
        "Budget is there\nin December",
        True,
    )
    assert (call.customer_id, call.contact_id) == (number, contact)
    assert call.happens_at is not None
    assert (following.subject, following.done, following.contact_id) == ("send the offer", False, contact)
    with site.acting(write=False) as ctx:
        assert ctx.system.scalar(select(func.count()).select_from(Change)) == before + 1
    site.run(lambda ctx: undo.undo(ctx, uuid))
    assert all(one.deleted_at is not None for one in stored(site))


@pytest.mark.parametrize(
    ("said", "done", "has_time"),
    [
        ({"kind": "visit", "at": "2999-01-01T00:00:00Z"}, False, True),
        ({"kind": "visit", "at": "2001-01-01T00:00:00Z"}, True, True),
        ({"kind": "note"}, True, True),
        ({"kind": "task", "due": "2999-01-01"}, False, False),
        ({"kind": "task"}, False, False),
    ],
)
def test_what_lies_ahead_is_planned(site: Site, said: dict[str, Any], done: bool, has_time: bool) -> None:
    write(site, site.customer("Acme"), text="x", **said)
    [one] = stored(site)
    assert (one.done, one.happens_at is not None) == (done, has_time)


def test_it_is_of_whatever_record_it_was_written_on(site: Site) -> None:
    number = site.customer("Acme")
    contact = site.create("core.contact", {"customer": number, "name": "Zhao"})
    trade = {"source_key": "x", "document": "SO-1", "kind": "order", "on": "2020-01-01", "amount_base": "1"}
    order = site.create("core.trade", {"customer": number, **trade})
    write(site, contact, key="core.contact", text="to her")
    write(site, order, key="core.trade", text="on it")
    to_her, on_it = stored(site)
    assert (to_her.contact_id, to_her.customer_id) == (contact, number)
    assert on_it.about == ("core.trade", order)


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ({"text": " \n "}, "text"),
        ({"text": "x", "kind": "smoke"}, "kind"),
        ({"text": "x", "kind": ""}, "kind"),
        ({"text": "x", "at": "soon"}, "at"),
        ({"text": "x", "due": "32"}, "due"),
        ({"text": "x", "next_step": "then"}, "next_at"),
        ({"text": "x", "contact": "nobody"}, "contact"),
        ({"text": "x" * 20_001}, "text"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(site: Site, said: dict[str, Any], name: str) -> None:
    number = site.customer("Acme")
    with pytest.raises(Invalid) as refused:
        write(site, number, **said)
    assert set(refused.value.errors) == {name}
    assert stored(site) == []


def test_a_long_line_is_shortened_and_kept_whole(site: Site) -> None:
    write(site, site.customer("Acme"), text="很" * 300)
    [one] = stored(site)
    assert len(one.subject) == 200
    assert one.content == "很" * 300
