"""Do and undo is as good as nothing done; undo of undo is as good as done (M24).

Random people do random things to customers, contacts, terms, units, users and a plugin's gifts, several in one
transaction. All rows of all entities are compared, but for what undo never touches: versions, who changed
a row last, session epochs. What a change has made stays behind in the recycle bin.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from core.db import engine as engines
from core.db.base import metadata
from core.errors import Conflict, Forbidden, KehuError, NotFound
from core.models import Change
from core.services import chain, records, undo
from core.services.undo import UndoConflict
from core.services.work import Ctx
from tests.db.threads import at_once
from tests.support.databases import create_database, drop_database
from tests.support.site import Site

KEYS = ("core.customer", "core.contact", "core.term", "core.unit", "core.user", "core.share", "gifts.gift")
LINKS = ("core_user_role",)
UNTOUCHED = {"version", "updated_at", "updated_by_id", "epoch", "deleted_at"}
PEOPLE = ("admin", "boss", "li", "wang", "keeper")
Row = Mapping[str, Any]
Dump = dict[str, dict[Any, Row]]


class World:
    """A site full of records, and what is in its tables."""

    def __init__(self, url: str) -> None:
        self.site = Site(url, ["gifts"])
        self.engine = engines.create(url, pooled=False)
        self.kernel = self.site.kernel
        self.keys = [key for key in KEYS if key in self.kernel.catalog]
        self.tables = {key: metadata.tables[self.kernel.catalog[key].model.__tablename__] for key in self.keys}  # type: ignore[attr-defined]
        self._fill()

    def _fill(self) -> None:
        site = self.site
        site.unit("east")
        site.unit("west")
        site.user("boss", roles=("sales_manager",))
        site.user("li", unit="east")
        site.user("wang", unit="west", roles=("sales_rep", "dealer"))
        for number in range(3):
            site.user(f"x{number}", unit="west")
        everything = [{"entity": key, "action": "*", "reach": "all"} for key in self.keys]
        site.role("keeper", everything, [{"entity": "core.customer", "field": "phone", "right": "read"}])
        site.user("keeper", roles=("keeper",), clearance=2)
        for number in range(3):
            owner = ("li", "wang", "boss")[number]
            made = site.customer(f"客户{number}", owner=owner, phone="13812345678", level="vip")
            site.create("gifts.gift", {"customer": made, "name": f"gift {number}", "price": "12.5"})
        for number in range(2):
            site.create("core.term", {"list": "level", "code": f"t{number}", "label_zh": "级", "label_en": "level"})

    def dump(self) -> Dump:
        """All rows by table and key, those in the bin apart; with its user goes what roles he had."""
        found: Dump = {}
        with self.engine.connect() as connection:
            for table in [*self.tables.values(), *(metadata.tables[name] for name in LINKS)]:
                name = table.name
                keys = [column.name for column in table.primary_key]
                for row in connection.execute(select(table)).mappings():
                    user = (row["user_id"],) if name in LINKS else None
                    binned = row.get("deleted_at") is not None or user in found.get("core_user, binned", {})
                    kept = {column: value for column, value in row.items() if column not in UNTOUCHED}
                    found.setdefault(f"{name}, binned" if binned else name, {})[tuple(row[key] for key in keys)] = kept
        return found

    def pick(self, key: str, dice: Random, *, binned: bool = False) -> int:
        """The id of some record, a living one unless the dice want another."""
        table = self.tables[key]
        statement = select(table.c.id).order_by(table.c.id)
        if key == "core.user":  # those who act stay as they are
            statement = statement.where(table.c.login.startswith("x"))
        if "deleted_at" in table.c and dice.random() < 0.95:
            statement = statement.where(table.c.deleted_at.is_not(None) if binned else table.c.deleted_at.is_(None))
        with self.engine.connect() as connection:
            ids = list(connection.scalars(statement))
        return dice.choice(ids) if ids else 0

    def act(self, who: str, task: Callable[[Ctx], Any]) -> str:
        """The Change-Id of what he did."""
        with self.site.acting(who) as ctx:
            task(ctx)
            return ctx.journal.batch

    def undo(self, who: str, change: str) -> str:
        def back(ctx: Ctx) -> None:
            undo.undo(ctx, change)

        return self.act(who, back)

    def happened(self, change: str) -> bool:
        with self.kernel.work(write=False) as work:
            return work.system.scalar(select(Change.id).where(Change.uuid == change)) is not None

    def close(self) -> None:
        self.engine.dispose()
        self.site.close()


@pytest.fixture(scope="module")
def world(database_kind: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    url = create_database(database_kind, tmp_path_factory.mktemp("undo"))
    made = World(url)
    yield made
    made.close()
    drop_database(url)


# --- what people do ------------------------------------------------------------------------------------


class Deed:
    """Things that somebody does to records; the dice decide."""

    def __init__(self, world: World, ctx: Ctx, dice: Random) -> None:
        self.world, self.ctx, self.dice = world, ctx, dice

    def something(self) -> None:
        key = self.dice.choice([*self.world.keys, "core.customer", "core.customer"])
        deeds = (self.create, self.edit, self.edit, self.act, self.act, self.delete)
        self.dice.choice(deeds)(self.ctx.catalog[key])

    def create(self, entity: Any) -> None:
        made = records.create(self.ctx, entity, self.values(entity.key, creating=True))
        if self.dice.random() < 0.3:
            records.change(self.ctx, entity, made.id, self.values(entity.key), made.version)

    def edit(self, entity: Any) -> None:
        found = records.find(self.ctx, entity, self.world.pick(entity.key, self.dice))
        records.change(self.ctx, entity, found.id, self.values(entity.key), found.version)

    def delete(self, entity: Any) -> None:
        found = records.find(self.ctx, entity, self.world.pick(entity.key, self.dice))
        records.delete(self.ctx, entity, found.id, found.version)

    def act(self, entity: Any) -> None:
        if not entity.verbs:
            raise NotFound
        verb = self.dice.choice(entity.verbs)
        needed: dict[str, dict[str, Any]] = {
            "assign": {"owner": self.dice.choice(("li", "wang", None))},
            "share": {"to": {"user": self.dice.choice(("li", "wang"))}, "actions": ["view"]},
        }
        arguments = needed.get(verb.name, {})
        number = self.world.pick(entity.key, self.dice, binned=verb.on_binned)
        records.act(self.ctx, entity, number, verb, arguments)

    def values(self, key: str, *, creating: bool = False) -> dict[str, Any]:
        """Sound or nearly sound values for some fields of the entity."""
        dice, number = self.dice, self.dice.randrange(10_000)
        text, code = f"{dice.choice('abc王')}{number}", f"x{dice.randrange(10**9)}"
        refer = {key: self.world.pick(key, dice) for key in self.world.keys}
        every: dict[str, dict[str, Any]] = {
            "core.customer": {
                "name": text, "phone": f"139{number:08d}", "level": dice.choice(("vip", "t0", "t1", None)),
                "employees": number, "annual_revenue": f"{number}.5", "founded_on": "2020-02-29",
                "parent": refer["core.customer"], "owner": dice.choice(("li", "wang", None)),
                "unit": dice.choice(("east", "west", "hq")), "secrecy": dice.randrange(3), "note": text,
            },
            "core.contact": {
                "name": text, "customer": refer["core.customer"], "is_main": dice.random() < 0.5,
                "mobile": f"137{number:08d}", "birthday": None, "owner": dice.choice(("li", "wang")),
            },
            "core.term": {"label_zh": text, "position": number, "active": dice.random() < 0.5,
                          "parent": refer["core.term"]},
            "core.unit": {"name": text, "parent": refer["core.unit"], "kind": dice.choice(("branch", "department"))},
            "core.user": {"name": text, "email": text, "clearance": dice.randrange(3), "active": dice.random() < 0.8,
                          "unit": dice.choice(("east", "west")),
                          "roles": dice.choice((["sales_rep"], ["dealer", "sales_manager"], []))},
            "core.share": {"actions": dice.choice((["view"], ["view", "edit"])), "until": "2099-01-01T00:00:00.25Z"},
            "gifts.gift": {"name": text, "price": f"{number}.25", "given_on": "2026-01-02"},
        }  # fmt: skip
        known = every[key]
        chosen: dict[str, Any] = {
            name: known[name] for name in dice.sample(sorted(known), dice.randrange(1, len(known)))
        }
        if creating:
            chosen |= {name: known[name] for name in ("name", "label_zh", "customer") if name in known}
            needed: dict[str, dict[str, Any]] = {
                "core.term": {"list": "level", "code": code, "label_en": "e"},
                "core.unit": {"code": code, "kind": "branch"},
                "core.user": {"login": code, "unit": "east"},
                "core.share": {"entity": "core.customer", "record": refer["core.customer"], "to": {"user": "wang"},
                               "actions": ["view"]},
                "gifts.gift": {"customer": refer["core.customer"]},
            }  # fmt: skip
            chosen |= needed.get(key, {})
        if dice.random() < 0.8:
            chosen.pop("parent", None)
        return chosen


def did(world: World, who: str, dice: Random) -> str | None:
    """The change, or None where all of it was refused; what is refused leaves the rest."""

    def task(ctx: Ctx) -> None:
        for _time in range(dice.choice((1, 1, 2, 3))):
            with suppress(KehuError), ctx.savepoint():
                Deed(world, ctx, dice).something()

    change = world.act(who, task)
    return change if world.happened(change) else None


def without_new_in_the_bin(after: Dump, before: Dump) -> Dump:
    """What a change had made lies in the bin when it is undone; nothing else may be new there."""
    known = {(name.removesuffix(", binned"), key) for name, rows in before.items() for key in rows}
    kept = {
        name: {key: row for key, row in rows.items() if (name.removesuffix(", binned"), key) in known}
        if name.endswith(", binned")
        else rows
        for name, rows in after.items()
    }
    return {name: rows for name, rows in kept.items() if rows}


def differences(one: Dump, other: Dump) -> list[Any]:
    """Rows that are not the same, for whoever reads the failure."""
    return [
        (name, key, one.get(name, {}).get(key), other.get(name, {}).get(key))
        for name in sorted(one.keys() | other.keys())
        for key in sorted(one.get(name, {}).keys() | other.get(name, {}).keys())
        if one.get(name, {}).get(key) != other.get(name, {}).get(key)
    ]


def is_unsound(error: KehuError) -> bool:
    """Whether what was there before is refused by the rules of now, as it would be in a form, or never was
    in a field.
    """
    return error.code == undo.REFUSED or (isinstance(error, UndoConflict) and bool(error.errors))


def check(world: World, dice: Random, times: int) -> int:
    """Do something, undo it, redo it, leave it done or undone; how often all of that succeeded."""
    succeeded = 0
    changes: list[str] = []
    for _time in range(times):
        who, before = dice.choice((*PEOPLE, "admin", "keeper")), world.dump()
        change, after = did(world, who, dice), world.dump()
        if change is None:
            assert after == before
            continue
        changes.append(change)
        undone = undone_by(world, who, change, after)
        if undone is None:
            continue
        assert not differences(without_new_in_the_bin(world.dump(), before), before)
        redone = undone_by(world, who, undone, world.dump())
        if redone is None:
            continue
        assert not differences(world.dump(), after)
        succeeded += 1
        if dice.random() < 0.3:
            undone_by(world, who, redone, after)
        elif dice.random() < 0.4:
            out_of_turn(world, dice.choice(changes))
    return succeeded


def undone_by(world: World, who: str, change: str, now: Dump) -> str | None:
    """The undo's change. Whoever did it may lack the right; the administrator never does, but for values
    that no form would take by now.
    """
    for actor in (who, "admin"):
        try:
            return world.undo(actor, change)
        except (Forbidden, Conflict) as refusal:
            error: KehuError = refusal
        assert world.dump() == now, error
        assert actor != "admin" or is_unsound(error), (repr(error), error.code, error.errors)
    return None


def out_of_turn(world: World, change: str) -> None:
    """Undo what others may have changed since: it works, or nothing happens."""
    before = world.dump()
    try:
        world.undo("admin", change)
    except Conflict:
        refused = True
    else:
        refused = False
    assert not refused or world.dump() == before


@pytest.mark.databases("sqlite")
@given(st.integers(0, 2**32))
@settings(max_examples=12)
def test_undone_is_as_good_as_not_done(world: World, seed: int) -> None:
    check(world, Random(seed), 8)
    assert_whole(world)


def test_the_property_is_not_empty(world: World) -> None:
    """Most of what is done at random is done, undone and done again."""
    assert check(world, Random(7), 30) >= 10


@pytest.mark.long
@pytest.mark.databases
@pytest.mark.parametrize("seed", range(8))
def test_undone_is_as_good_as_not_done_at_length(world: World, seed: int) -> None:
    assert check(world, Random(seed), 100) >= 40
    assert_whole(world)


def assert_whole(world: World) -> None:
    with world.kernel.work(write=False) as work:
        assert chain.verify(work) is None


# --- at the same moment --------------------------------------------------------------------------------


@pytest.mark.databases
def test_of_twenty_undos_at_once_one_wins(world: World) -> None:
    site, entity = world.site, world.kernel.catalog["core.customer"]
    number = site.customer("before", owner="boss")
    change = world.act("boss", lambda ctx: records.change(ctx, entity, number, {"name": "after"}, 1))

    def once(who: str) -> Callable[[], str]:
        return lambda: world.undo(who, change)

    outcomes = at_once([once(PEOPLE[place % 2]) for place in range(20)])
    won = [outcome for outcome in outcomes if isinstance(outcome, str)]
    lost = [outcome for outcome in outcomes if not isinstance(outcome, str)]
    assert len(won) == 1, outcomes
    assert all(isinstance(error, Conflict) and error.status == 409 for error in lost), lost
    with site.acting() as ctx:
        assert records.find(ctx, entity, number).name == "before"
    assert_whole(world)
