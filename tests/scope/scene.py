"""A small fixed cast, and for each actor a database that holds only what he may see.

A statement run by an actor must give what it gives there, where nothing hidden exists: no list of
expected rows to write by hand, and nothing to tell from a count, an order or a gap.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

from sqlalchemy import StaticPool, create_engine, insert, select
from sqlalchemy.orm import Session

from core.db.base import metadata
from core.db.guard import GuardedSession
from core.models import Customer, Role, Term, Unit, User, user_role
from core.security.scope import SystemScope
from tests.scope import oracle
from tests.scope.models import Deal, Visit, deal_partner
from tests.scope.oracle import Grant, World
from tests.scope.stage import Stage

ANN, BEA, CHO, DOV, EVE = 1000, 1001, 1002, 1003, 1004  # own, subtree, a dealer's unit, conditions, all
HQ, EAST, SHOP, WEST = 1, 1000, 1001, 1002
REP, MANAGER, DEALER, FORMAL, ALL = 1000, 1001, 1002, 1003, 1004
_MODELS: tuple[Any, ...] = (Unit, User, Role, Term, Customer, Deal, Visit)


def scene(now: dt.datetime, terms: Iterable[oracle.Term]) -> World:
    """Customers of everybody, binned and secret ones, and deals that refer across the borders."""
    world = World(now, terms={term.id: term for term in terms})
    for unit in ((HQ, "hq", "group", None), (EAST, "east", "branch", HQ), (SHOP, "shop", "dealer", EAST)):
        world.units[unit[0]] = oracle.Unit(*unit)
    world.units[WEST] = oracle.Unit(WEST, "west", "branch", HQ)
    world.roles = {
        REP: _role(REP, *(Grant("*", action, "own") for action in ("view", "create", "edit"))),
        MANAGER: _role(MANAGER, Grant("*", "*", "subtree")),
        DEALER: _role(DEALER, *(Grant("*", action, "unit") for action in ("view", "create", "edit"))),
        FORMAL: _role(
            FORMAL,
            Grant("core.customer", "view", "all", ["=", "state", "formal"]),
            Grant("core.customer", "view", "all", ["under", "parent", 1003], deny=True),
            Grant("tst.deal", "view", "unit"),
        ),
        ALL: _role(ALL, Grant("*", "view", "all"), Grant("core.role", "view", "all")),
    }
    for user in (
        (ANN, "ann", EAST, 1, (REP,)),
        (BEA, "bea", EAST, 2, (MANAGER,)),
        (CHO, "cho", SHOP, 1, (DEALER,)),
        (DOV, "dov", WEST, 1, (REP, FORMAL)),
        (EVE, "eve", HQ, 3, (ALL,)),
    ):
        world.users[user[0]] = oracle.User(*user)
    places = ((ANN, EAST), (BEA, EAST), (CHO, SHOP), (DOV, WEST), (None, EAST), (None, WEST))
    states = ("target", "formal", "prospect")
    for number in range(18):
        owner_id, unit_id = places[number % 6]
        world.customers[1000 + number] = oracle.Customer(
            1000 + number,
            owner_id,
            unit_id,
            secrecy=3 if number in (6, 9) else 1,
            state=states[number % 3],
            region_id=None,
            industry_id=None,
            employees=number * 10,
            annual_revenue=Decimal(number) * 1000,
            parent_id=1000 + number // 2 if number > 1 else None,
            deleted=number in (4, 13),
        )
    for number in range(12):
        owner_id, unit_id = places[(number + 1) % 6]
        world.deals[1000 + number] = oracle.Deal(
            1000 + number, owner_id, unit_id, 1, 1000 + number, number * 100, deleted=number == 7
        )
        world.visits[1000 + number] = oracle.Visit(1000 + number, 1000 + number, number, deleted=number == 8)
    return world


def _role(role_id: int, *grants: Grant) -> oracle.Role:
    return oracle.Role(role_id, grants)


def partners(world: World) -> list[dict[str, int]]:
    """Each deal has two partners, whoever may see them."""
    return [
        {"deal_id": deal_id, "customer_id": 1000 + (deal_id * step) % 18}
        for deal_id in world.deals
        for step in (1, 5)
        if step == 1 or deal_id % 18 != (deal_id * 5) % 18
    ]


def put_on(stage: Stage) -> World:
    """The scene in the stage's database."""
    world = scene(stage.kernel.clock.now(), stage.terms())
    stage.play(world)
    stage.fill([(deal_partner, partners(world))])
    with stage.engine.begin() as connection:
        table = Visit.__table__
        for visit_id in world.visits:
            connection.execute(table.update().where(table.c.id == visit_id).values(deal_id=2011 - visit_id))
    return world


@dataclass
class Scene:
    """The cast on the stage."""

    stage: Stage
    world: World

    @contextmanager
    def acting(self, user_id: int, *, write: bool = False) -> Iterator[Session]:
        with self.stage.acting(self.world.users[user_id], write=write) as ctx:
            yield ctx.db

    @cached_property
    def shadows(self) -> dict[int, Session]:
        """For each actor a session on a database that holds only what he may see."""
        return {user.id: shadow(self.stage, self.world, user) for user in self.world.users.values()}

    def close(self) -> None:
        for session in self.__dict__.get("shadows", {}).values():
            session.connection().close()


def shadow(stage: Stage, world: World, user: oracle.User) -> Session:
    visible = _visible(world, user)
    with stage.engine.connect() as connection:
        rows = {
            model: [
                dict(row._mapping)
                for row in connection.execute(select(model.__table__).order_by(model.__table__.c.id))
                if row.id in visible[model]
            ]
            for model in _MODELS
        }
        links = {
            link: [dict(row._mapping) for row in connection.execute(select(link)) if _both_ends(link, row, visible)]
            for link in (user_role, deal_partner)
        }
    return _database({**rows, **links})


@contextmanager
def everything(stage: Stage) -> Iterator[Session]:
    """A session without a border, to see that the borders matter."""
    with stage.kernel.database.transaction(write=False) as connection:
        yield GuardedSession(connection, SystemScope())


def _visible(world: World, user: oracle.User) -> dict[Any, set[int]]:
    """Ids by model. Units and people are public; a dealer sees those of his subtree."""
    below = world.units_below(user.unit_id) if world.is_dealer(user) else set(world.units)
    sees_roles = any(grant.entity == "core.role" for role in user.role_ids for grant in world.roles[role].grants)
    return {
        Unit: below,
        User: {one.id for one in world.users.values() if one.unit_id in below} | ({1} if HQ in below else set()),
        Role: set(range(1, 2000)) if sees_roles else set(),
        Term: set(world.terms),
        Customer: {one.id for one in world.customers.values() if world.sees(user, one)},
        Deal: {one.id for one in world.deals.values() if world.sees(user, one)},
        Visit: {one.id for one in world.visits.values() if world.sees(user, one)},
    }


def _both_ends(link: Any, row: Any, visible: dict[Any, set[int]]) -> bool:
    left, right = (User, Role) if link is user_role else (Deal, Customer)
    return row[0] in visible[left] and row[1] in visible[right]


def _database(rows: dict[Any, list[dict[str, Any]]]) -> Session:
    engine = create_engine("sqlite://", poolclass=StaticPool)
    metadata.create_all(engine)
    connection = engine.connect()
    for model, some in rows.items():
        if some:
            connection.execute(insert(model), some)
    return GuardedSession(connection, SystemScope())
