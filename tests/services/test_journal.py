"""What the journal writes down of a flush that goes past the services."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from core.db.guard import Refused
from core.errors import Forbidden
from core.models import Audit, Change, Customer, Role, Share
from core.services import records, writes
from core.services.images import exact

pytestmark = pytest.mark.databases


def last_rows(kernel: Any) -> list[Any]:
    with kernel.work(write=False) as work:
        last = work.system.scalars(select(Change.id).order_by(Change.number.desc()).limit(1)).one()
        return list(work.system.scalars(select(Audit).where(Audit.change_id == last).order_by(Audit.seq)))


def test_roles_that_the_writer_does_not_see_are_in_the_old_and_the_new_value(site):
    """His session loads only the roles that he may see; the others are kept, and written down."""
    site.role("people", [{"entity": "core.user", "action": "*", "reach": "all"}])
    seen = site.role("seen", [])
    everything = {"entity": "core.role", "action": "view", "reach": "all", "condition": ["=", "code", "seen"]}
    site.role("some", [everything])
    site.user("clerk", roles=("people", "some", "seen"), clearance=1)
    with site.kernel.work(write=False) as work:
        hidden = work.system.scalar(select(Role.id).where(Role.code == "people"))
    number = site.user("li", roles=("people", "some"))
    with site.kernel.work(write=False) as work:
        some = work.system.scalar(select(Role.id).where(Role.code == "some"))

    def give(ctx: Any) -> None:
        user = records.find(ctx, ctx.catalog["core.user"], number)
        user.roles = [*user.roles, records.find(ctx, ctx.catalog["core.role"], seen)]

    site.run(give, "clerk")
    (row,) = last_rows(site.kernel)
    assert row.changes == [{"field": "roles", "old": sorted([hidden, some]), "new": sorted([hidden, some, seen])}]


def test_an_old_value_that_was_never_loaded_is_read(site):
    number = site.customer("before", employees=7)

    def blindly(ctx: Any) -> None:
        customer = ctx.db.get(Customer, number)
        ctx.db.expire(customer, ["name", "employees"])
        customer.name, customer.employees = "after", 8

    site.run(blindly)
    (row,) = last_rows(site.kernel)
    assert row.changes == [
        {"field": "name", "old": "before", "new": "after"},
        {"field": "employees", "old": 7, "new": 8},
    ]


def test_binning_says_when(site):
    number = site.customer("x")
    entity = site.kernel.catalog["core.customer"]
    with site.acting() as ctx:
        records.delete(ctx, entity, number, 1)
        moment = ctx.now
    (row,) = last_rows(site.kernel)
    assert row.changes == [{"field": "deleted_at", "old": None, "new": exact(moment)}]


def test_a_refusal_that_was_swallowed_is_named(site):
    """A refused write rolls the transaction back; nothing of it can be kept, and whoever goes on is told."""
    site.user("li")

    def swallow(ctx: Any) -> None:
        ctx.db.add(Customer(code="A", name="B", kind="company", state="target", owner_id=1, unit_id=1))
        with pytest.raises(Forbidden):
            writes.flush(ctx)

    with pytest.raises(Refused, match="savepoint"):
        site.run(swallow, "li")
    with site.kernel.work(write=False) as work:
        assert work.system.scalar(select(Customer.id)) is None


def test_nobody_writes_the_trail_himself(site):
    site.customer("x")

    def forge(ctx: Any) -> None:
        row = ctx.work.elevated("forging", write=True).scalars(select(Audit).limit(1)).one()
        row.action = "view"

    with pytest.raises(Refused, match="journal"):
        site.run(forge)

    def bluntly(ctx: Any) -> None:
        row = ctx.db.scalars(select(Audit).limit(1)).one()
        row.action = "view"

    with pytest.raises(Forbidden, match="audit trail"):
        site.run(bluntly)


def test_what_several_columns_say_together_is_one_field(site):
    """Whom a share is for is a property over three columns."""
    number = site.customer("x")
    li, wang = site.user("li"), site.user("wang")
    share = {"entity": "core.customer", "record": number, "to": {"user": "li"}, "actions": ["view"]}
    made = site.create("core.share", share)
    (row,) = last_rows(site.kernel)
    assert {"field": "to", "old": None, "new": {"user": li}} in row.changes

    def hand_on(ctx: Any) -> None:
        ctx.db.get(Share, made).to = {"user": wang}

    site.run(hand_on)
    (row,) = last_rows(site.kernel)
    assert row.changes == [{"field": "to", "old": {"user": li}, "new": {"user": wang}}]
