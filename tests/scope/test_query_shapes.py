"""Each form of statement shows an actor what it would show if nothing hidden existed, or is refused."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from sqlalchemy import event, func, select
from sqlalchemy.exc import InvalidRequestError
from sqlalchemy.orm import defer
from sqlalchemy.orm.exc import ObjectDeletedError

from core.db import guard
from core.db.guard import ALL, TABLES, Refused
from core.models import Customer
from core.security.scope import ACTION, FOR
from core.services.work import Ctx
from tests.scope.models import Deal
from tests.scope.nested import LOADS, NESTED
from tests.scope.refused import CHANGES, REFUSED
from tests.scope.scene import ANN, DOV, EVE, Scene, everything
from tests.scope.shapes import AGGREGATES, JOINS, SELECTS, SINGLE
from tests.scope.stage import Undo

pytestmark = pytest.mark.databases

SHAPES = {
    f"{family}: {name}": shape
    for family, shapes in {
        "select": SELECTS,
        "single": SINGLE,
        "aggregate": AGGREGATES,
        "join": JOINS,
        "nested": NESTED,
        "load": LOADS,
    }.items()
    for name, shape in shapes.items()
}


@pytest.mark.parametrize("name", SHAPES)
def test_a_shape_shows_what_is_visible_and_nothing_else(cast: Scene, name: str) -> None:
    """The actors take turns over one and the same statement: what is cached of one serves no other."""
    shape = SHAPES[name]
    shadows = cast.shadows
    expected: dict[int, Any] = {id: shape(session) for id, session in shadows.items()}
    with everything(cast.stage) as session:
        unlimited = shape(session)
    assert any(one != unlimited for one in expected.values()), "this shape would not notice a hidden row"
    rounds = 2 if cast.stage.engine.dialect.name == "sqlite" else 1
    for _ in range(rounds):
        for user_id in shadows:
            with cast.acting(user_id) as session:
                assert shape(session) == expected[user_id], cast.world.users[user_id].login


@pytest.mark.filterwarnings("ignore:SELECT statement has a cartesian product")
@pytest.mark.parametrize("name", REFUSED)
def test_a_form_that_would_get_past_the_scope_is_refused(cast: Scene, name: str) -> None:
    for user_id in (ANN, EVE):
        with pytest.raises(Refused), cast.acting(user_id, write=True) as session:
            REFUSED[name](session)


@pytest.mark.parametrize("name", CHANGES)
def test_a_refused_change_changes_nothing(cast: Scene, name: str) -> None:
    before = cast.stage.dump()
    with pytest.raises(Refused), cast.acting(EVE, write=True) as session:
        CHANGES[name](session)
    assert cast.stage.dump() == before


def test_every_table_is_limited_just_as_often_as_it_is_named(cast: Scene) -> None:
    """A mark too many in one place could stand in for one that is missing in another."""
    loose: list[tuple[str, str]] = []

    def count(_connection: Any, _cursor: Any, statement: str, _params: Any, context: Any, _many: bool) -> None:
        if context.execution_options.get(TABLES, ALL) == ALL:
            return
        marks = Counter(guard._MARK.findall(statement))
        named = re.findall(r"(?:FROM|JOIN|,) (\w+)(?: AS (\w+))?", statement)
        times = Counter(alias or table for table, alias in named)
        loose.extend((name, statement) for name, many in marks.items() if many > times[name])

    engine = cast.stage.kernel.database.engine
    event.listen(engine, "before_cursor_execute", count)
    try:
        for shape in SHAPES.values():
            for user_id in (ANN, DOV):
                with cast.acting(user_id) as session:
                    shape(session)
    finally:
        event.remove(engine, "before_cursor_execute", count)
    assert loose == []


# --- rows that are hidden while somebody holds them -------------------------------------------------


@pytest.fixture
def hidden_meanwhile(cast: Scene) -> Iterator[tuple[Ctx, Customer]]:
    """Ann's customer, in her hands while it is given to another; nothing of it stays."""
    with suppress(Undo), cast.stage.acting(cast.world.users[ANN], write=True) as ctx:
        customer = ctx.db.scalars(select(Customer).options(defer(Customer.note)).where(Customer.id == 1000)).one()
        elevated = ctx.work.elevated("given away meanwhile", write=True)
        taken = elevated.get_one(Customer, 1000)
        taken.owner_id, taken.name, taken.note = DOV, "secret", "secret"
        elevated.flush()
        yield ctx, customer
        raise Undo


def test_a_column_of_a_row_that_is_hidden_by_now_cannot_be_loaded(hidden_meanwhile: tuple[Ctx, Customer]) -> None:
    _ctx, customer = hidden_meanwhile
    with pytest.raises(ObjectDeletedError):
        _ = customer.note


def test_a_row_that_is_hidden_by_now_cannot_be_refreshed(hidden_meanwhile: tuple[Ctx, Customer]) -> None:
    ctx, customer = hidden_meanwhile
    with pytest.raises(InvalidRequestError):
        ctx.db.refresh(customer)


def test_a_row_that_is_hidden_by_now_is_gone_when_it_expired(hidden_meanwhile: tuple[Ctx, Customer]) -> None:
    ctx, customer = hidden_meanwhile
    ctx.db.expire(customer)
    with pytest.raises(ObjectDeletedError):
        _ = customer.name


def test_a_row_that_is_hidden_by_now_is_not_found(hidden_meanwhile: tuple[Ctx, Customer]) -> None:
    ctx, _customer = hidden_meanwhile
    assert ctx.db.get(Customer, 1000, populate_existing=True) is None
    assert ctx.db.scalar(select(Customer.id).where(Customer.id == 1000)) is None


# --- elevated work -----------------------------------------------------------------------------------


def test_what_elevated_work_has_read_is_not_in_the_readers_hands(cast: Scene) -> None:
    with cast.stage.acting(cast.world.users[ANN]) as ctx:
        seen = ctx.work.elevated("looking").scalars(select(Customer)).all()
        found = [ctx.db.get(Customer, customer.id) for customer in seen]
        assert {one.id for one in found if one} == {1000, 1012}
        deal = ctx.db.scalars(select(Deal).where(Deal.owner_id == ANN)).first()
        assert deal is not None
        assert deal.customer is None


@pytest.mark.parametrize("name", [name for name in CHANGES if "cte" not in name])
def test_elevated_work_that_reads_cannot_write(cast: Scene, name: str) -> None:
    before = cast.stage.dump()
    with pytest.raises(Refused), cast.stage.acting(cast.world.users[EVE], write=True) as ctx:
        CHANGES[name](ctx.work.elevated("only looking"))
    assert cast.stage.dump() == before


def test_a_caller_cannot_open_the_tables_for_himself(cast: Scene) -> None:
    statement = select(Customer.id, select(func.max(Customer.__table__.c.name)).scalar_subquery())
    with pytest.raises(Refused), cast.acting(ANN) as session:
        session.execute(statement, execution_options={TABLES: ALL})


def test_an_action_is_asked_only_of_the_class_it_is_for(cast: Scene) -> None:
    """Eve sees all customers and may edit no deal."""
    options = {FOR: Deal, ACTION: "edit"}
    with cast.acting(EVE) as session:
        seen = session.scalars(select(Customer.id)).all()
        assert session.scalars(select(Customer.id), execution_options=options).all() == seen
        assert session.scalars(select(Deal.id), execution_options=options).all() == []
