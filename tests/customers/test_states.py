"""The states of a customer, and the trade ledger that moves it (M48)."""

from __future__ import annotations

import datetime as dt
from contextlib import suppress
from decimal import Decimal

import pytest
from sqlalchemy import select

from core.errors import Conflict, Forbidden, Invalid
from core.models import Customer, CustomerState
from core.services import records, trades
from core.services.chain import verify
from plugins import Verb

DAY = dt.date(2026, 3, 2)


def verb(ctx, name) -> Verb:
    return next(one for one in ctx.catalog["core.customer"].verbs if one.name == name)


def act(site, customer_id, name, user="admin", **arguments):
    with site.acting(user) as ctx:
        records.act(ctx, ctx.catalog["core.customer"], customer_id, verb(ctx, name), arguments)


def state(site, customer_id):
    with site.acting(write=False) as ctx:
        return ctx.system.get_one(Customer, customer_id).state


def steps(site, customer_id):
    with site.acting(write=False) as ctx:
        rows = ctx.system.scalars(
            select(CustomerState).where(CustomerState.customer_id == customer_id).order_by(CustomerState.id)
        )
        return [(row.from_state, row.to_state, row.cause, row.document or row.reason) for row in rows]


def trade(site, customer_id, key, kind="order", amount="100", user="admin"):
    with site.acting(user) as ctx:
        trades.record(
            ctx,
            customer_id=customer_id,
            source_key=f"test/{key}",
            document=key,
            kind=kind,
            on=DAY,
            amount_base=Decimal(amount),
        )


def void(site, key):
    with site.acting() as ctx:
        trades.void(ctx, f"test/{key}")


@pytest.mark.databases
def test_a_customer_goes_its_way_and_every_step_is_kept(site):
    customer_id = site.customer("华信软件")
    act(site, customer_id, "qualify", reason="wants 40 seats")
    trade(site, customer_id, "SO-1")
    assert state(site, customer_id) == "formal"
    trade(site, customer_id, "RE-1", "invoice", "500")
    with pytest.raises(Conflict) as refused:
        act(site, customer_id, "seal", reason="gone")
    assert refused.value.code == "AR_NOT_ZERO"
    trade(site, customer_id, "ZE-1", "receipt", "500")
    void(site, "SO-1")
    assert state(site, customer_id) == "prospect"
    act(site, customer_id, "seal", reason="moved abroad")
    act(site, customer_id, "unseal", reason="back again")
    assert steps(site, customer_id) == [
        (None, "target", "created", None),
        ("target", "prospect", "qualify", "wants 40 seats"),
        ("prospect", "formal", "order", "SO-1"),
        ("formal", "prospect", "voided", "SO-1"),
        ("prospect", "sealed", "seal", "moved abroad"),
        ("sealed", "prospect", "unseal", "back again"),
    ]
    with site.acting(write=False) as ctx:
        assert ctx.system.get_one(Customer, customer_id).owner_id is None  # pooled: the owner is not restored
        assert verify(ctx.work) is None


def test_only_the_last_deal_makes_a_prospect_again(site):
    customer_id = site.customer("A")
    trade(site, customer_id, "SO-1")
    trade(site, customer_id, "SO-2")
    void(site, "SO-1")
    assert state(site, customer_id) == "formal"
    void(site, "SO-2")
    void(site, "never entered")
    assert state(site, customer_id) == "prospect"


def test_a_document_is_entered_once_and_comes_back(site):
    customer_id = site.customer("A")
    trade(site, customer_id, "SO-1", amount="100")
    trade(site, customer_id, "SO-1", amount="250")
    void(site, "SO-1")
    trade(site, customer_id, "SO-1", amount="300")
    with site.acting(write=False) as ctx:
        [row] = records.listing(ctx, _ask(ctx, "core.trade")).records
        assert (row.amount_base, row.effective) == (Decimal(300), True)
    assert state(site, customer_id) == "formal"


def _ask(ctx, key):
    from core.entities.listing import ask

    return ask(ctx.rights, ctx.catalog[key])


def test_contracts_count_where_the_site_says_so(database_url):
    from tests.support.site import Site

    site = Site(database_url, formal_on="contract")
    customer_id = site.customer("A")
    trade(site, customer_id, "SO-1")
    assert state(site, customer_id) == "target"
    trade(site, customer_id, "CT-1", "contract")
    assert state(site, customer_id) == "formal"
    site.close()


def test_what_is_sealed_stays_as_it_is(site):
    customer_id = site.customer("A")
    act(site, customer_id, "seal", reason="gone")
    with pytest.raises(Conflict) as refused, site.acting() as ctx:
        records.change(ctx, ctx.catalog["core.customer"], customer_id, {"note": "x"}, 2)
    assert refused.value.code == "SEALED"
    with pytest.raises(Conflict) as refused:
        site.create("core.contact", {"customer": customer_id, "name": "Li"})
    assert refused.value.code == "SEALED"
    for name in ("qualify", "seal"):
        with pytest.raises(Conflict) as refused:
            act(site, customer_id, name, reason="x")
        assert refused.value.code == "STATE"
    assert state(site, customer_id) == "sealed"


def test_what_is_sealed_changes_hands(site):
    site.user("li")
    wang = site.user("wang")
    customer_id = site.customer("A", "li")
    act(site, customer_id, "seal", reason="gone")
    act(site, customer_id, "assign", owner="wang")
    with pytest.raises(Conflict) as refused, site.acting() as ctx:
        records.change(ctx, ctx.catalog["core.customer"], customer_id, {"owner": "li", "note": "x"}, 3)
    assert refused.value.code == "SEALED"
    with site.acting(write=False) as ctx:
        sealed = records.find(ctx, ctx.catalog["core.customer"], customer_id)
        assert (sealed.owner_id, sealed.version) == (wang, 3)


def test_sealing_needs_a_reason_and_its_right(site):
    site.user("li")
    mine = site.customer("A", "li")
    with pytest.raises(Forbidden):
        act(site, mine, "seal", "li", reason="gone")
    with pytest.raises(Invalid) as invalid:
        act(site, mine, "seal")
    assert "reason" in invalid.value.errors
    act(site, mine, "qualify", "li")
    assert state(site, mine) == "prospect"


def test_a_representative_sells_without_rights_on_the_ledger(site):
    site.user("li")
    mine = site.customer("A", "li")
    trade(site, mine, "SO-1", user="li")
    assert state(site, mine) == "formal"
    with pytest.raises(Forbidden):
        site.create(
            "core.trade",
            {
                "customer": mine,
                "source_key": "x/1",
                "document": "X",
                "kind": "order",
                "on": "2026-03-02",
                "amount_base": "1",
            },
            "li",
        )


def test_imported_trades_move_the_customer(site):
    customer_id = site.customer("A")
    site.create(
        "core.trade",
        {
            "customer": customer_id,
            "source_key": "x/1",
            "document": "X",
            "kind": "order",
            "on": "2026-03-02",
            "amount_base": "1",
        },
    )
    assert state(site, customer_id) == "formal"


def test_steps_are_nobodys_to_write(site):
    customer_id = site.customer("A")
    with pytest.raises(Forbidden):
        site.create("core.customer_state", {"customer": customer_id})
    with pytest.raises(Forbidden), site.acting() as ctx:
        ctx.db.scalars(select(CustomerState)).one().reason = "forged"


def test_a_savepoint_takes_its_steps_back(site):
    with site.acting() as ctx:
        with suppress(Conflict), ctx.savepoint():
            records.create(ctx, ctx.catalog["core.customer"], {"name": "A"})
            raise Conflict
        kept = records.create(ctx, ctx.catalog["core.customer"], {"name": "B"})
    assert [step[1] for step in steps(site, kept.id)] == ["target"]
    with site.acting(write=False) as ctx:
        assert len(ctx.system.scalars(select(CustomerState)).all()) == 1
