"""Contacts follow their customer; one of them is the main one (M55)."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from core.errors import Forbidden, Invalid, NotFound
from core.models import Contact
from core.services import bulk, records


def test_the_newest_main_contact_is_the_only_one(site):
    customer_id = site.customer("A")
    first = site.create("core.contact", {"customer": customer_id, "name": "Li", "is_main": True})
    other = site.create("core.contact", {"customer": site.customer("B"), "name": "Wu", "is_main": True})
    second = site.create("core.contact", {"customer": customer_id, "name": "Wang", "is_main": True})
    with site.acting(write=False) as ctx:
        main = ctx.system.scalars(select(Contact.id).where(Contact.is_main.is_(True)).order_by(Contact.id)).all()
    assert main == [other, second]
    with site.acting() as ctx:
        records.change(ctx, ctx.catalog["core.contact"], first, {"is_main": True}, 2)
    with site.acting(write=False) as ctx:
        rows = dict(ctx.system.execute(select(Contact.id, Contact.is_main)).all())
    assert rows == {first: True, other: True, second: False}


def test_contacts_are_numbered_by_themselves(site):
    customer_id = site.customer("A")
    ids = [site.create("core.contact", {"customer": customer_id, "name": name}) for name in ("Li", "Wang")]
    with site.acting(write=False) as ctx:
        codes = [ctx.system.get_one(Contact, one).code for one in ids]
    assert codes == ["P000001", "P000002"]


def test_a_contact_is_seen_with_its_customer(site):
    site.unit("east")
    site.unit("west")
    site.user("li", "east")
    site.user("wu", "west")
    mine = site.customer("A", "li")
    contact = site.create("core.contact", {"customer": mine, "name": "Zhao"}, "li")
    with site.acting("wu", write=False) as ctx, pytest.raises(NotFound):
        records.find(ctx, ctx.catalog["core.contact"], contact)
    with pytest.raises(Invalid) as invalid:
        site.create("core.contact", {"customer": mine, "name": "Zhao"}, "wu")
    assert list(invalid.value.errors) == ["customer"]


def test_moving_a_contact_needs_both_customers(site):
    site.user("li")
    mine, foreign = site.customer("A", "li"), site.customer("B")
    site.role(
        "looker", [{"entity": "core.customer", "action": "view", "reach": "all", "condition": None, "deny": False}]
    )
    with site.acting() as ctx:
        user = ctx.system.scalar(select(ctx.catalog["core.user"].model).filter_by(login="li"))
        records.change(ctx, ctx.catalog["core.user"], user.id, {"roles": ["sales_rep", "looker"]}, user.version)
    contact = site.create("core.contact", {"customer": mine, "name": "Zhao"}, "li")
    with pytest.raises(Forbidden), site.acting("li") as ctx:
        records.change(ctx, ctx.catalog["core.contact"], contact, {"customer": foreign}, 1)
    second = site.customer("C", "li")
    with site.acting("li") as ctx:
        records.change(ctx, ctx.catalog["core.contact"], contact, {"customer": second}, 1)


def test_rows_of_a_file_leave_each_customer_one_main_contact(site):
    """However the rows name their customer, and without a look at each row alone."""
    first, second = site.customer("A"), site.customer("B")
    rows = [
        {"name": f"{customer}", "customer": customer, "is_main": True}
        for customer in (first, second, "C000001", first, "C000002")
    ]
    with site.acting() as ctx:
        assert [one.status for one in bulk.store(ctx, ctx.catalog["core.contact"], rows)] == [201] * 5
        mains = ctx.system.scalars(select(Contact.customer_id).where(Contact.is_main.is_(True))).all()
        assert sorted(mains) == [first, second]
