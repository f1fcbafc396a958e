"""Shares that follow a source: replaced as a whole, written only where they differ."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import time_machine
from sqlalchemy import func, select

from core.api import Invalid, shares
from core.models import Audit, Customer, Share
from core.security.store import MOST_SHARES
from tests.support.site import Site

TEAM = ("demo.project", 7)


def row(record: int, user: int, *actions: str, **more: Any) -> dict[str, Any]:
    return {"entity": "core.customer", "record": record, "to": {"user": user}, "actions": [*actions], **more}


def sync(site: Site, rows: list[dict[str, Any]], source: tuple[str, int] = TEAM, user: str = "admin") -> list[str]:
    """What was written down of it."""
    with site.acting(user) as ctx:
        shares.sync(ctx, source, rows)
        return [entry.action for entry in ctx.journal.entries]


def seen(site: Site, user: str) -> list[int]:
    with site.acting(user, write=False) as ctx:
        return list(ctx.db.scalars(select(Customer.id).order_by(Customer.id)))


@pytest.mark.databases
def test_a_source_s_shares_are_replaced_and_only_the_difference_is_written(site: Site) -> None:
    li, zhang = site.user("li"), site.user("zhang")
    one, two = site.customer("One"), site.customer("Two")
    by_hand = {"entity": "core.customer", "record": two, "to": {"user": "li"}, "actions": ["view"]}
    assert sync(site, [row(one, li, "view"), row(one, zhang, "view", "edit")]) == ["create", "create"]
    assert (seen(site, "li"), seen(site, "zhang")) == ([one], [one])
    assert sync(site, [row(one, zhang, "edit", "view"), row(one, li, "view")]) == []
    site.create("core.share", by_hand)
    assert sync(site, [row(one, zhang, "view")], ("demo.project", 8), user="li") == ["create"]
    assert sync(site, [row(two, zhang, "view"), row(one, li, "view", "edit")]) == ["delete", "create", "edit"]
    assert (seen(site, "li"), seen(site, "zhang")) == ([one, two], [one, two])
    assert sync(site, []) == ["delete", "delete"]
    assert (seen(site, "li"), seen(site, "zhang")) == ([two], [one])
    with site.acting(write=False) as ctx:
        assert ctx.system.scalar(select(func.count()).select_from(Audit).where(Audit.entity == "core.share")) == 9


def test_what_cannot_be_shared_changes_nothing(site: Site) -> None:
    li, one = site.user("li"), site.customer("One")
    sync(site, [row(one, li, "view")])
    for wrong in (
        row(one, li, "view") | {"entity": "core.role"},
        row(one, li, "delete"),
        row(one, li),
        row(
            one,
            li,
            "view",
            **{"from": dt.datetime(2026, 2, 1, tzinfo=dt.UTC), "until": dt.datetime(2026, 1, 1, tzinfo=dt.UTC)},
        ),
    ):
        with pytest.raises(Invalid):
            sync(site, [wrong])
    assert seen(site, "li") == [one]


def test_a_target_has_its_most(site: Site) -> None:
    li = site.user("li")
    customers = [site.customer(f"C{n}") for n in range(2)]
    with site.acting() as ctx:
        session = ctx.work.elevated("fill", write=True)
        for number in range(MOST_SHARES - 1):
            session.add(Share(entity="core.customer", record_id=10_000 + number, to={"user": li}, actions=["view"]))
    with pytest.raises(Invalid):
        sync(site, [row(one, li, "view") for one in customers])
    assert sync(site, [row(customers[0], li, "view")]) == ["create"]
    assert sync(site, [row(customers[1], li, "view")]) == ["delete", "create"]


def test_a_share_that_ends_while_a_page_is_open_ends_with_the_next_statement(site: Site) -> None:
    li, one = site.user("li"), site.customer("One")
    end = dt.datetime.now(dt.UTC) + dt.timedelta(minutes=5)
    sync(site, [row(one, li, "view", until=end)])
    with time_machine.travel(end - dt.timedelta(seconds=1)):
        assert seen(site, "li") == [one]
    with time_machine.travel(end):
        assert seen(site, "li") == []
