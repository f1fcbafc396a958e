"""A plugin's rows beside records, reached past the services: never past the record's scope."""

from __future__ import annotations

from decimal import Decimal
from importlib import import_module
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import aliased

from core.db.guard import Refused
from core.errors import Forbidden
from core.models import Customer
from core.services import records
from tests.support.site import Site

pytestmark = pytest.mark.databases


@pytest.fixture
def two(site: Site) -> tuple[Site, int, int]:
    """Li's customer and Wang's, with wishes."""
    for login in ("li", "wang"):
        site.user(login)
    ids = [
        site.customer(name, login, gifts={"budget": budget})
        for name, login, budget in (("Li's", "li", "10"), ("Wang's", "wang", "20"))
    ]
    return site, ids[0], ids[1]


def wishes() -> Any:
    return import_module("kehu_gifts.models").Wishes  # found once the plugin is installed


def test_rows_are_seen_with_their_records(two: tuple[Site, int, int]) -> None:
    site, mine, foreign = two
    Wishes = wishes()  # noqa: N806
    other = aliased(Wishes)
    with site.acting("li", write=False) as ctx:
        db = ctx.db
        assert db.scalars(select(Wishes.budget)).all() == [Decimal(10)]
        assert db.scalar(select(func.count(Wishes.id))) == 1
        assert db.scalars(select(other.id).where(other.budget > 0)).all() == [mine]
        assert db.get(Wishes, foreign) is None
        assert db.scalars(select(Wishes).where(Wishes.id == foreign)).all() == []
        joined = select(Customer.name, Wishes.budget).join(Wishes, Wishes.id == Customer.id)
        assert db.execute(joined).all() == [("Li's", Decimal(10))]
        among = select(Customer.name).where(Customer.id.in_(select(Wishes.id).where(Wishes.budget == 20)))
        assert db.scalars(among).all() == []
        both = select(Wishes.budget, other.budget).where(other.id != Wishes.id)
        assert db.execute(both).all() == []
    with site.acting(write=False) as ctx:
        assert sorted(ctx.db.scalars(select(Wishes.budget))) == [Decimal(10), Decimal(20)]


def test_rows_of_deleted_records_are_not_seen(two: tuple[Site, int, int]) -> None:
    site, mine, _foreign = two
    site.run(lambda ctx: records.delete(ctx, ctx.catalog["core.customer"], mine, 1))
    with site.acting("li", write=False) as ctx:
        assert ctx.db.scalars(select(wishes().id)).all() == []


def test_what_cannot_be_limited_is_refused(two: tuple[Site, int, int]) -> None:
    site, _mine, _foreign = two
    table = wishes().__table__
    statements = (
        select(table.c.budget),
        select(Customer.name, table.c.budget).join(table, table.c.id == Customer.id),
        select(Customer.name).where(Customer.id.in_(select(table.alias("kehu_all_gifts_wishes").c.id))),
        text("select budget from gifts_wishes"),
    )
    for statement in statements:
        with pytest.raises(Refused), site.acting("li", write=False) as ctx:
            ctx.db.execute(statement)


def test_a_write_beside_a_record_is_an_edit_of_it(two: tuple[Site, int, int]) -> None:
    site, mine, foreign = two
    Wishes = wishes()  # noqa: N806
    with site.acting("li") as ctx:
        ctx.db.get_one(Wishes, mine).budget = Decimal(11)
    with site.acting("wang", write=False) as ctx:
        row = ctx.db.scalars(select(Wishes)).one()
        assert row.budget == 20
    view_all = {"entity": "core.customer", "action": "view", "reach": "all", "condition": None, "deny": False}
    site.role("looker", [view_all])
    site.user("eve", roles=["looker"])
    with pytest.raises(Forbidden), site.acting("eve") as ctx:
        ctx.db.get_one(Wishes, foreign).budget = Decimal(0)
    bare = site.customer("Bare", "wang")
    for row in (Wishes(id=bare, budget=1), Wishes(id=bare)):
        with pytest.raises(Forbidden), site.acting("eve") as ctx:
            ctx.db.add(row)
    with pytest.raises(Forbidden), site.acting("li") as ctx:
        ctx.db.add(Wishes(id=bare, budget=1))
    with site.acting(write=False) as ctx:
        assert versions(ctx) == {mine: 2, foreign: 1, bare: 1}
        assert dict(ctx.db.execute(select(Wishes.id, Wishes.budget)).all()) == {mine: 11, foreign: 20}


def versions(ctx: Any) -> dict[int, int]:
    return dict(ctx.db.execute(select(Customer.id, Customer.version)).all())


def test_a_row_stays_with_its_record(two: tuple[Site, int, int]) -> None:
    site, mine, foreign = two
    Wishes = wishes()  # noqa: N806
    bare = site.customer("Bare", "li")
    with pytest.raises(Refused), site.acting() as ctx:
        ctx.db.get_one(Wishes, mine).id = bare
    with pytest.raises(Refused), site.acting() as ctx:
        ctx.db.get_one(Wishes, mine).record = ctx.db.get_one(Customer, bare)
    with pytest.raises(Refused), site.acting() as ctx:
        ctx.db.delete(ctx.db.get_one(Wishes, foreign))
    with site.acting(write=False) as ctx:
        assert sorted(ctx.db.scalars(select(Wishes.id))) == [mine, foreign]


def test_elevated_work_raises_the_version_and_is_audited(two: tuple[Site, int, int]) -> None:
    site, mine, _foreign = two
    from core.models import Audit

    with site.acting("wang") as ctx:
        session = ctx.work.elevated("test", write=True)
        session.get_one(wishes(), mine).budget = Decimal(12)
    with site.acting(write=False) as ctx:
        assert versions(ctx)[mine] == 2
        [changes] = ctx.system.scalars(
            select(Audit.changes).where(Audit.entity == "core.customer", Audit.action == "edit")
        )
        assert changes == [{"field": "gifts.budget", "old": "10.00", "new": "12.00"}]


def test_a_savepoint_takes_the_row_back(two: tuple[Site, int, int]) -> None:
    site, mine, _foreign = two
    bare = site.customer("Bare", "li")
    entity = site.kernel.catalog["core.customer"]
    with site.acting("li") as ctx:
        for number, first in ((mine, "10.00"), (bare, None)):
            record = records.find(ctx, ctx.catalog["core.customer"], number)
            with pytest.raises(RuntimeError), ctx.savepoint():
                _change_and_fail(ctx, number)
            assert records.reader(ctx).document(entity, record)["gifts.budget"] == first
            records.change(ctx, entity, number, {"gifts.budget": "5"}, 1)
    with site.acting(write=False) as ctx:
        assert ctx.db.get_one(wishes(), bare).budget == 5
        assert (versions(ctx)[bare], versions(ctx)[mine]) == (2, 2)


def _change_and_fail(ctx: Any, number: int) -> None:
    records.change(ctx, ctx.catalog["core.customer"], number, {"gifts.budget": "99"}, 1)
    raise RuntimeError
