"""Rights change with the clock and with the facts behind them; what is remembered never outlives them."""

from __future__ import annotations

import datetime as dt
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select, update

from core.errors import Forbidden, Invalid
from core.models import Customer, Epoch, Role, Share, Unit, User
from core.services import allowed, login, records
from core.services.work import Ctx
from tests.scope import oracle
from tests.scope.oracle import Grant, World
from tests.scope.scene import ANN, BEA, CHO, DOV, EAST, EVE, MANAGER, REP, SHOP, WEST, scene
from tests.scope.stage import Stage, Undo

NOW = dt.datetime(2026, 6, 10, 1, 0, tzinfo=dt.UTC)
TICK = dt.timedelta(microseconds=1)
LENT = 1001  # bea's, opened to ann

pytestmark = pytest.mark.databases


@pytest.fixture
def world(stage: Stage) -> World:
    """The cast at a stopped clock."""
    stage.set_clock(NOW)
    made = scene(NOW, stage.terms())
    stage.play(made)
    return made


def sees(stage: Stage, world: World, user_id: int) -> set[int]:
    with stage.acting(world.users[user_id]) as ctx:
        return set(ctx.db.scalars(select(Customer.id)))


def lend(stage: Stage, world: World, **values: Any) -> None:
    """Open bea's customer; the rest of the world stays."""
    share = oracle.Share(
        1000, "core.customer", LENT, **{"to": "user", "target_id": ANN, "actions": ("view",), **values}
    )
    world.shares[1000] = share
    stage.play(world)


@pytest.mark.parametrize(("since", "is_open"), [(None, True), (NOW - TICK, True), (NOW, True), (NOW + TICK, False)])
def test_a_share_begins_at_its_first_moment(stage: Stage, world: World, since: Any, is_open: bool) -> None:
    lend(stage, world, from_at=since)
    assert (LENT in sees(stage, world, ANN)) is is_open


@pytest.mark.parametrize(("until", "is_open"), [(None, True), (NOW + TICK, True), (NOW, False), (NOW - TICK, False)])
def test_a_share_is_over_at_its_last_moment(stage: Stage, world: World, until: Any, is_open: bool) -> None:
    lend(stage, world, until_at=until)
    assert (LENT in sees(stage, world, ANN)) is is_open


def test_a_share_opens_and_closes_by_the_clock_alone(stage: Stage, world: World) -> None:
    """Nobody writes anything in between: what is remembered must know when it ends."""
    lend(stage, world, from_at=NOW + TICK * 2, until_at=NOW + TICK * 4)
    seen = []
    for ticks in range(6):
        stage.set_clock(NOW + TICK * ticks)
        seen.append(LENT in sees(stage, world, ANN))
    assert seen == [False, False, True, True, False, False]


def test_what_is_remembered_ends_with_the_first_of_several_shares(stage: Stage, world: World) -> None:
    world.shares = {
        1000 + n: oracle.Share(1000 + n, "core.customer", 1001 + n, "user", ANN, ("view",), None, NOW + TICK * ticks)
        for n, ticks in enumerate((5, 1, 3))
    }
    stage.play(world)
    for ticks in range(7):
        stage.set_clock(NOW + TICK * ticks)
        later = replace(world, now=NOW + TICK * ticks)
        ann = world.users[ANN]
        expected = {one.id for one in world.customers.values() if later.sees(ann, one)}
        assert sees(stage, world, ANN) == expected


@pytest.mark.parametrize(
    ("to", "target_id", "who"),
    [
        ("user", ANN, {ANN}),
        ("unit", EAST, {ANN, CHO}),  # the people of the unit and of those below it
        ("unit", SHOP, {CHO}),
        ("unit", 1, {ANN, CHO, DOV}),
        ("unit", WEST, {DOV}),
        ("role", REP, {ANN, DOV}),
    ],
)
def test_a_share_opens_to_whom_it_is_given(stage: Stage, world: World, to: str, target_id: int, who: set[int]) -> None:
    """Bea and eve see the customer anyway, and dov by his own right."""
    lend(stage, world, to=to, target_id=target_id)
    assert {user_id for user_id in (ANN, CHO) if LENT in sees(stage, world, user_id)} == who - {DOV}


def test_a_share_gives_just_the_actions_it_names(stage: Stage, world: World) -> None:
    lend(stage, world, actions=("view",))
    with stage.acting(world.users[ANN], write=True) as ctx:
        entity = ctx.catalog["core.customer"]
        record = records.find(ctx, entity, LENT)
        assert [
            allowed.may(ctx, entity, action, record) for action in ("view", "edit", "delete", "assign", "share")
        ] == [
            True,
            False,
            False,
            False,
            False,
        ]


def test_a_share_does_not_lift_clearance(stage: Stage, world: World) -> None:
    world.customers[LENT] = replace(world.customers[LENT], secrecy=2)
    lend(stage, world)
    assert LENT not in sees(stage, world, ANN)


def test_a_share_does_not_lift_a_restriction(stage: Stage, world: World) -> None:
    deny = Grant("core.customer", "view", "all", ["=", "state", "formal"], deny=True)
    world.roles[REP] = replace(world.roles[REP], grants=(*world.roles[REP].grants, deny))
    lend(stage, world)
    assert LENT not in sees(stage, world, ANN)


# --- changes of facts ------------------------------------------------------------------------------


def as_admin(stage: Stage) -> Any:
    """A unit of work of the administrator that every site begins with."""
    return stage.acting(oracle.User(1, "admin", 1, 3, (1,)), write=True)


def change(ctx: Ctx, key: str, record_id: int, **sent: Any) -> None:
    entity = ctx.catalog[key]
    record = records.find(ctx, entity, record_id)
    records.change(ctx, entity, record_id, sent, record.version)


def test_an_ended_share_counts_from_the_next_unit_of_work(stage: Stage, world: World) -> None:
    lend(stage, world)
    assert LENT in sees(stage, world, ANN)
    with as_admin(stage) as ctx:
        entity = ctx.catalog["core.customer"]
        verb = next(verb for verb in entity.verbs if verb.name == "unshare")
        records.act(ctx, entity, LENT, verb, {})
    assert LENT not in sees(stage, world, ANN)


def test_a_given_share_counts_from_the_next_unit_of_work(stage: Stage, world: World) -> None:
    assert LENT not in sees(stage, world, ANN)
    with as_admin(stage) as ctx:
        entity = ctx.catalog["core.customer"]
        verb = next(verb for verb in entity.verbs if verb.name == "share")
        records.act(ctx, entity, LENT, verb, {"to": {"user": "ann"}})
    assert LENT in sees(stage, world, ANN)


def test_a_moved_user_sees_what_is_there(stage: Stage, world: World) -> None:
    before = sees(stage, world, BEA)
    with as_admin(stage) as ctx:
        change(ctx, "core.user", BEA, unit="west")
    moved = replace(world.users[BEA], unit_id=WEST)
    expected = {one.id for one in world.customers.values() if world.sees(moved, one)}
    with stage.acting(moved) as ctx:
        after = set(ctx.db.scalars(select(Customer.id)))
    assert after == expected
    assert after.isdisjoint(before)


def test_a_moved_unit_takes_its_records_along(stage: Stage, world: World) -> None:
    assert {1002, 1008} <= sees(stage, world, BEA)
    with as_admin(stage) as ctx:
        change(ctx, "core.unit", SHOP, parent="west")
    assert sees(stage, world, BEA).isdisjoint({1002, 1008})


def test_a_role_that_is_taken_away_takes_its_rights(stage: Stage, world: World) -> None:
    assert sees(stage, world, BEA)
    with as_admin(stage) as ctx:
        change(ctx, "core.user", BEA, roles=[])
    assert sees(stage, world, BEA) == set()


def test_a_changed_role_counts_at_once(stage: Stage, world: World) -> None:
    assert 1003 not in sees(stage, world, BEA)
    with as_admin(stage) as ctx:
        grant = {"entity": "core.customer", "action": "view", "reach": "all"}
        change(ctx, "core.role", MANAGER, grants=[grant])
    assert 1003 in sees(stage, world, BEA)


def test_a_role_in_the_bin_gives_nothing(stage: Stage, world: World) -> None:
    with stage.engine.begin() as connection:
        connection.execute(update(Role).where(Role.id == MANAGER).values(deleted_at=NOW))
        connection.execute(update(Epoch).values(number=Epoch.number + 1))
    assert sees(stage, world, BEA) == set()


def test_a_lowered_clearance_counts_at_once(stage: Stage, world: World) -> None:
    assert 1006 in sees(stage, world, EVE)
    with as_admin(stage) as ctx:
        change(ctx, "core.user", EVE, clearance=1)
    assert 1006 not in sees(stage, world, EVE)


def test_a_condition_on_a_term_follows_the_tree(stage: Stage, world: World) -> None:
    regions = [term for term in world.terms.values() if term.list == "region"]
    child = next(term for term in regions if term.parent_id)
    other = next(term for term in regions if term.parent_id is None and term.id != child.parent_id)
    world.customers[1003] = replace(world.customers[1003], region_id=child.id)
    grant = Grant("core.customer", "view", "all", ["under", "region", other.id])
    world.roles[MANAGER] = oracle.Role(MANAGER, (grant,))
    stage.play(world)
    assert sees(stage, world, BEA) == set()
    with as_admin(stage) as ctx:
        change(ctx, "core.term", child.id, parent=other.code)
    assert sees(stage, world, BEA) == {1003}
    with as_admin(stage) as ctx:
        change(ctx, "core.term", child.id, parent=world.terms[child.parent_id or 0].code)
    assert sees(stage, world, BEA) == set()


# --- people who have left ----------------------------------------------------------------------------


def test_a_deactivated_user_is_let_in_nowhere(stage: Stage, world: World) -> None:
    with stage.kernel.work(write=True) as work:
        secret = login.new_token(work, "bea")
    with as_admin(stage) as ctx:
        entity = ctx.catalog["core.user"]
        verb = next(verb for verb in entity.verbs if verb.name == "deactivate")
        records.act(ctx, entity, BEA, verb, {})
    with stage.kernel.work(write=False) as work:
        assert login.by_token(work, secret, login.Visitor()) is None
        with pytest.raises(Invalid):
            login.by_login(work, "bea", door="test")


@pytest.mark.parametrize("gone", [{"active": False}, {"deleted_at": NOW}])
def test_an_identity_kept_from_before_opens_nothing(stage: Stage, world: World, gone: dict[str, Any]) -> None:
    """A job that was queued while its user was still here."""
    with stage.engine.begin() as connection:
        connection.execute(update(User).where(User.id == BEA).values(**gone))
        connection.execute(update(Epoch).values(number=Epoch.number + 1))
    with pytest.raises(Forbidden):
        sees(stage, world, BEA)


# --- what is remembered ------------------------------------------------------------------------------


def test_rights_that_were_rolled_back_are_not_remembered(stage: Stage, world: World) -> None:
    """They were seen inside the transaction that would have given them."""
    with suppress(Undo), stage.kernel.work(write=True) as work:
        session = work.elevated("give and take back", write=True)
        role = session.get_one(Role, MANAGER)
        role.grants = [{"entity": "*", "action": "*", "reach": "all", "condition": None, "deny": False}]
        session.flush()
        bea = work.act_as(login.by_login(work, "bea", door="test"))
        assert 1003 in set(bea.db.scalars(select(Customer.id)))
        raise Undo
    assert 1003 not in sees(stage, world, BEA)


def test_units_that_were_rolled_back_are_not_remembered(stage: Stage, world: World) -> None:
    with suppress(Undo), stage.kernel.work(write=True) as work:
        session = work.elevated("move and move back", write=True)
        session.get_one(Unit, WEST).parent_id = EAST
        session.flush()
        work.act_as(login.by_login(work, "bea", door="test"))
        raise Undo
    assert 1003 not in sees(stage, world, BEA)


def test_shares_that_were_rolled_back_are_not_remembered(stage: Stage, world: World) -> None:
    with suppress(Undo), stage.kernel.work(write=True) as work:
        session = work.elevated("lend and take back", write=True)
        session.add(Share(entity="core.customer", record_id=LENT, to_user_id=ANN, actions=["view"]))
        session.flush()
        ann = work.act_as(login.by_login(work, "ann", door="test"))
        assert LENT in set(ann.db.scalars(select(Customer.id)))
        raise Undo
    assert LENT not in sees(stage, world, ANN)


def test_only_facts_that_rights_rest_on_cost_what_is_remembered(stage: Stage, world: World) -> None:
    def epochs() -> list[tuple[str, int]]:
        with stage.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(select(Epoch.name, Epoch.number).order_by(Epoch.name))]  # type: ignore[misc]

    before = epochs()
    with as_admin(stage) as ctx:
        change(ctx, "core.customer", LENT, note="nothing to do with rights")
        change(ctx, "core.user", ANN, email="ann@example.com")
    assert epochs() == before
    with as_admin(stage) as ctx:
        change(ctx, "core.user", ANN, unit="west")
    assert dict(epochs())["rights"] == dict(before)["rights"] + 1
    assert dict(epochs())["shares"] == dict(before)["shares"]


def test_a_second_process_learns_of_a_change(stage: Stage, world: World) -> None:
    """Its memory is its own; the counters in the database are shared."""
    other = Stage(stage.site)
    other.set_clock(NOW)
    assert sees(other, world, BEA) == sees(stage, world, BEA)
    with as_admin(stage) as ctx:
        change(ctx, "core.user", BEA, roles=[])
    assert sees(other, world, BEA) == set()
    other.engine.dispose()
