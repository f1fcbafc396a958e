"""Random worlds: every way to ask gives what the rules say, for every person and every record."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from sqlalchemy import func, select

from core.entities.listing import ask
from core.entities.resolver import SystemResolver, row_of
from core.errors import Forbidden
from core.models import Customer, Term, User
from core.security.scope import ACTION, FOR, ROWS
from core.services import records
from core.services.work import Ctx
from tests.scope import oracle
from tests.scope.models import Deal, Visit
from tests.scope.oracle import Reading, World, is_askable
from tests.scope.stage import Stage
from tests.scope.worlds import ACTIONS, WorldMaker

DEFAULT, SERVERS = 14, 3  # worlds


@dataclass
class Check:
    """Asks as one person and compares; counts the decisions that were compared."""

    stage: Stage
    world: World
    user: oracle.User
    ctx: Ctx
    decisions: int = 0

    def equal(self, what: str, got: Any, expected: Any, decisions: int) -> None:
        self.decisions += decisions
        assert got == expected, f"{what} as {self.user}: got {got}, the rules say {expected}"

    def visible(self) -> set[int]:
        return {one.id for one in self.world.customers.values() if self.world.sees(self.user, one)}

    # --- customers --------------------------------------------------------------------------------

    def reads(self) -> None:
        """Select, count, groups, single records."""
        db, visible, all_ids = self.ctx.db, self.visible(), sorted(self.world.customers)
        self.equal("select", set(db.scalars(select(Customer.id))), visible, len(all_ids))
        self.equal("count", db.scalar(select(func.count()).select_from(Customer)), len(visible), 1)
        by_state = select(Customer.state, func.count()).group_by(Customer.state)
        groups = {row[0]: row[1] for row in db.execute(by_state)}
        expected: dict[str, int] = {}
        for customer_id in visible:
            state = self.world.customers[customer_id].state
            expected[state] = expected.get(state, 0) + 1
        self.equal("groups", groups, expected, len(groups))
        for customer_id in all_ids[::3]:
            found = db.get(Customer, customer_id)
            self.equal(f"get {customer_id}", found is not None, customer_id in visible, 1)

    def looks_from_others(self) -> None:
        """From users by EXISTS, from terms by IN."""
        seen = [self.world.customers[customer_id] for customer_id in self.visible()]
        owners = {one.owner_id for one in seen if one.owner_id and self._sees_other(self.world.users[one.owner_id])}
        statement = select(User.id).where(select(Customer.id).where(Customer.owner_id == User.id).exists())
        self.equal("exists", set(self.ctx.db.scalars(statement)), owners, len(self.world.users))
        statement = select(Term.id).where(Term.id.in_(select(Customer.region_id)))
        regions = {one.region_id for one in seen} - {None}
        self.equal("in", set(self.ctx.db.scalars(statement)), regions, len(regions))

    def filters(self, condition: Any) -> None:
        """A filter meets only what the reader sees, on its way too."""
        entity = self.ctx.catalog["core.customer"]
        if not is_askable(condition, oracle.Customer):
            with pytest.raises(Forbidden):
                ask(self.ctx.rights, entity, filter=condition)
            return
        wanted = ask(self.ctx.rights, entity, filter=condition, limit=500, count=True)
        page = records.listing(self.ctx, wanted)
        reading = Reading(self.world, self.user, self._sees_other)
        customers = self.world.customers
        expected = {one for one in self.visible() if reading.holds(condition, customers[one])}
        what = f"filter {condition}"
        self.equal(what, {record.id for record in page.records}, expected, len(customers))
        self.equal(what, page.total, len(expected), 1)

    def _sees_other(self, record: Any) -> bool:
        """Terms, users and units are public, but a dealer sees only those of his subtree."""
        if isinstance(record, oracle.Customer):
            return self.world.sees(self.user, record)
        if isinstance(record, oracle.Term) or not self.world.is_dealer(self.user):
            return True
        unit_id = record.unit_id if isinstance(record, oracle.User) else record.id
        return self.user.unit_id in self.world.units_above(unit_id)

    def actions(self, model: Any, records_of: dict[int, Any]) -> None:
        """What the database says about each action, and what the twin on one row says."""
        entity = self.ctx.catalog.of_model(model)
        assert entity is not None
        resolver = SystemResolver(self.ctx.system, self.ctx.catalog)
        rows = {id: row_of(self.ctx.system.get_one(model, id)) for id in records_of}
        for action in ACTIONS:
            may = {id for id, record in records_of.items() if self.world.can(self.user, action, record)}
            for which, deleted in (("live", (False,)), ("binned", (True,)), ("any", (False, True))):
                options = {FOR: model, ACTION: action, ROWS: which}
                got = set(self.ctx.db.scalars(select(model.id), execution_options=options))
                expected = {id for id in may if records_of[id].deleted in deleted}
                self.equal(f"{entity.key} {action} {which}", got, expected, len(records_of))
            covered = {id for id, row in rows.items() if self.ctx.rights.covers(entity, action, row, resolver)}
            self.equal(f"{entity.key} covers {action}", covered, may, len(records_of))

    def visits(self) -> None:
        expected = {one.id for one in self.world.visits.values() if self.world.sees(self.user, one)}
        self.equal("visits", set(self.ctx.db.scalars(select(Visit.id))), expected, len(self.world.visits))
        joined = select(func.count()).select_from(Visit).join(Visit.customer)
        self.equal("visits joined", self.ctx.db.scalar(joined), len(expected), 1)


def worlds(stage: Stage, seeds: range, *, customers: int = 30) -> Iterator[WorldMaker]:
    for seed in seeds:
        maker = WorldMaker(seed, stage.kernel.clock.now(), stage.terms(), customers=customers)
        stage.play(maker.world)
        yield maker


def compare(stage: Stage, maker: WorldMaker) -> int:
    """Every surface for every person of one world; the number of decisions."""
    decisions = 0
    for user in maker.world.users.values():
        conditions = [maker.condition() for _ in range(3)]
        with stage.acting(user) as ctx:
            check = Check(stage, maker.world, user, ctx)
            check.reads()
            check.looks_from_others()
            for condition in conditions:
                check.filters(condition)
            check.visits()
            check.actions(Customer, dict(maker.world.customers))
            check.actions(Deal, dict(maker.world.deals))
            check.actions(Visit, dict(maker.world.visits))
        decisions += check.decisions
    return decisions


def test_every_surface_says_what_the_rules_say(stage: Stage) -> None:
    decisions = sum(compare(stage, maker) for maker in worlds(stage, range(DEFAULT)))
    assert decisions > 50_000


@pytest.mark.databases("postgresql", "mariadb")
def test_servers_say_the_same(stage: Stage) -> None:
    decisions = sum(compare(stage, maker) for maker in worlds(stage, range(1000, 1000 + SERVERS)))
    assert decisions > 10_000


@pytest.mark.long
@pytest.mark.databases
def test_a_hundred_thousand_decisions(stage: Stage) -> None:
    decisions = sum(compare(stage, maker) for maker in worlds(stage, range(2000, 2050), customers=60))
    assert decisions > 100_000


# --- less is never more ----------------------------------------------------------------------------


def seen(stage: Stage, world: World) -> dict[int, set[tuple[str, int]]]:
    """What each person sees."""
    found: dict[int, set[tuple[str, int]]] = {}
    for user in world.users.values():
        with stage.acting(user) as ctx:
            found[user.id] = {("customer", id) for id in ctx.db.scalars(select(Customer.id))}
            found[user.id] |= {("visit", id) for id in ctx.db.scalars(select(Visit.id))}
    return found


def narrowed(maker: WorldMaker, rng: random.Random) -> World:
    """The world with a grant or a share less, or with one restriction more."""
    world = maker.world
    role = rng.choice(list(world.roles.values()))
    given = [grant for grant in role.grants if not grant.deny]
    what = rng.choice(("share", "grant", "deny"))
    if what == "share" or (what == "grant" and not given):
        gone = rng.choice(list(world.shares))
        return replace(world, shares={id: share for id, share in world.shares.items() if id != gone})
    if what == "grant":
        index = role.grants.index(rng.choice(given))
        grants = (*role.grants[:index], *role.grants[index + 1 :])
    else:
        grants = (*role.grants, maker.grant(deny=True))
    return replace(world, roles={**world.roles, role.id: replace(role, grants=grants)})


def test_taking_a_right_away_never_shows_a_row_more(stage: Stage) -> None:
    hidden = 0
    for maker in worlds(stage, range(500, 510), customers=20):
        before = seen(stage, maker.world)
        rng = random.Random(maker.rng.random())
        for _ in range(3):
            less = narrowed(maker, rng)
            stage.play(less)
            after = seen(stage, less)
            for user_id, rows in after.items():
                assert rows <= before[user_id], f"user {user_id} gained {rows - before[user_id]}"
                hidden += len(before[user_id] - rows)
    assert hidden > 20, "the changes must have taken something away, or this proves nothing"
