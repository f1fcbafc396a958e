"""Random writes in random worlds: the flush judge lets through just what the rules allow."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, replace
from typing import Any

import pytest

from core.errors import Conflict, Forbidden
from core.models import Customer
from core.services.work import Ctx
from tests.scope import oracle
from tests.scope.stage import Stage, Undo, columns
from tests.scope.worlds import FIRST, STATES, WorldMaker

_RIGHTS = {"owner_id": "assign", "unit_id": "assign", "deleted": "delete"}  # the rest: edit


class Writes:
    """Random new customers and random changes of one world."""

    def __init__(self, maker: WorldMaker) -> None:
        self.maker, self.world, self.some = maker, maker.world, maker.some

    def value(self, name: str) -> Any:
        values = {
            "owner_id": [None, *self.world.users],
            "unit_id": self.world.units,
            "secrecy": range(4),
            "state": STATES,
            "employees": (None, 0, 5, 50, 500),
            "deleted": (True, False),
        }
        return self.some(values[name])

    def created(self, user: oracle.User) -> oracle.Customer:
        template = self.some(self.world.customers.values())
        mine = {"owner_id": user.id, "unit_id": user.unit_id} if self.maker.rng.random() < 0.5 else {}
        return replace(template, id=FIRST + 900, deleted=False, secrecy=self.some((0, 1, 2)), **mine)

    def changed(self, before: oracle.Customer) -> oracle.Customer:
        names = self.maker.rng.sample(("owner_id", "unit_id", "secrecy", "state", "employees", "deleted"), 2)
        return replace(before, **{name: self.value(name) for name in names})

    def may_change(self, user: oracle.User, before: oracle.Customer, after: oracle.Customer) -> bool:
        """Each right that the change needs, on the record as it was and becomes. Sealed it only changes hands."""
        old, new = asdict(before), asdict(after)
        if before.state == after.state == "sealed" and {name for name in old if old[name] != new[name]} - {
            "owner_id",
            "unit_id",
        }:
            return False
        needed = {_RIGHTS.get(name, "edit") for name in old if old[name] != new[name]}
        return all(self.world.can(user, action, record) for action in needed for record in (before, after))


def attempt(stage: Stage, user: oracle.User, write: Any) -> bool:
    """Whether the write goes through; nothing of it stays."""
    went_through = False
    with suppress(Undo, Forbidden, Conflict), stage.acting(user, write=True) as ctx:
        write(ctx)
        ctx.db.flush()
        went_through = True
        raise Undo
    return went_through


def create(customer: oracle.Customer) -> Any:
    return lambda ctx: ctx.db.add(Customer(code="NEW", name="new", kind="company", **columns(customer)))


def change(before: oracle.Customer, after: oracle.Customer) -> Any:
    old, new = columns(before), columns(after)

    def write(ctx: Ctx) -> None:
        elsewhere = ctx.work.elevated("borrowing")
        record = elsewhere.get_one(Customer, before.id)
        elsewhere.expunge(record)
        ctx.db.add(record)
        for name in old:
            if old[name] != new[name]:
                setattr(record, name, new[name])

    return write


def outcomes(stage: Stage, seeds: range, per_user: int) -> Iterator[tuple[bool, bool, str]]:
    """What the rules say, what happened, and what was tried."""
    for seed in seeds:
        maker = WorldMaker(seed, stage.kernel.clock.now(), stage.terms(), customers=20)
        stage.play(maker.world)
        writes = Writes(maker)
        for user in maker.world.users.values():
            for _ in range(per_user):
                new = writes.created(user)
                maker.world.customers[new.id] = new  # a condition may look at it
                expected = maker.world.may_create(user, new)
                del maker.world.customers[new.id]
                yield expected, attempt(stage, user, create(new)), f"{user} creates {new}"
                before = maker.some(maker.world.customers.values())
                after = writes.changed(before)
                if before != after:
                    expected = writes.may_change(user, before, after)
                    yield expected, attempt(stage, user, change(before, after)), f"{user} makes {after} of {before}"


def judged(stage: Stage, seeds: range, per_user: int) -> int:
    allowed = decided = 0
    for expected, happened, what in outcomes(stage, seeds, per_user):
        assert happened == expected, what
        allowed += expected
        decided += 1
    assert allowed > decided // 20, "too few writes are allowed to tell a judge from a wall"
    return decided


def test_the_judge_decides_as_the_rules_do(stage: Stage) -> None:
    assert judged(stage, range(3000, 3008), 8) > 600


@pytest.mark.databases("postgresql", "mariadb")
def test_the_judge_decides_the_same_on_servers(stage: Stage) -> None:
    assert judged(stage, range(3100, 3102), 6) > 100


@pytest.mark.long
@pytest.mark.databases
def test_thousands_of_writes(stage: Stage) -> None:
    assert judged(stage, range(4000, 4050), 20) > 10_000
