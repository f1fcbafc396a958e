"""Conditions on aliases and tables, inside loader criteria, and in a reader's own scope."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import create_engine, not_, select
from sqlalchemy.dialects import mssql, oracle
from sqlalchemy.orm import Session, aliased, with_loader_criteria

from core.security.conditions import parse, to_sql
from tests.security.conditions_world import (
    CATALOG,
    CONTEXT,
    THING,
    Thing,
    Unit,
    User,
    World,
    random_world,
    small_world,
    table_of,
)

SCOPED = dataclasses.replace(CONTEXT, scoped=True)

CONDITIONS: list[Any] = [
    ["=", "parent.count", 1],
    ["!=", "parent.parent.state", "new"],
    ["under", "unit", "east"],
    ["not", ["under", "parent.unit", "hq"]],
    ["under", "parent", "t1"],
    ["in", "people", ["li", 3]],
    ["or", ["=", "region", "cn"], ["empty", "parent.people"]],
    ["=", "plug.amount", 5],
    ["=", "parent.plug.amount", 5],
    ["=", "plug.friend.count", 2],
    ["=", "custom.number", 1.5],
    ["!=", "parent.custom.date", "2026-02-03"],
]


def criterion(document: Any, source: Any = Thing, context: Any = CONTEXT) -> Any:
    return to_sql(parse(document, THING, CATALOG), source, CATALOG, context)


@pytest.fixture
def session(database_url: str) -> Iterator[Session]:
    engine = create_engine(database_url)
    with engine.connect() as connection:
        world().store(connection)
        yield Session(connection)
    engine.dispose()


def world() -> World:
    """t1 of li in hq, t2 of me in east below it, t3 of Li in shop below that, t4 of nobody."""
    world = small_world()
    custom = {"2": 15_000, "4": "2026-02-03"}
    first = world.add_thing(owner_id=1, unit_id=1, count=1, people=frozenset({1}), region_id=1, custom=custom)
    world.put_beside(first, amount=5, friend_id=2)
    world.add_thing(owner_id=2, unit_id=2, parent_id=1, count=2, people=frozenset({1, 2}))
    world.add_thing(owner_id=3, unit_id=4, parent_id=2, count=3, state="new")
    world.add_thing()
    return world


def found(session: Session, statement: Any) -> str:
    return " ".join(sorted(session.scalars(statement)))


@pytest.mark.databases
@pytest.mark.parametrize("document", CONDITIONS, ids=str)
def test_every_kind_of_source_gives_the_same(session: Session, document: Any) -> None:
    expected = found(session, select(Thing.code).where(criterion(document)))
    assert expected
    alias, table = aliased(Thing), table_of("test.thing")
    other = table.alias()
    for source, code in ((alias, alias.code), (table, table.c.code), (other, other.c.code)):
        assert found(session, select(code).where(criterion(document, source))) == expected
    assert found(session, select(Thing.code).where(criterion(document, context=SCOPED))) == expected


@pytest.mark.databases
@pytest.mark.parametrize("document", CONDITIONS, ids=str)
def test_a_criterion_attaches_to_each_use_of_its_class(session: Session, document: Any) -> None:
    """The same criterion stands twice in one statement, adapted to an alias: neither mixes with the other."""
    expected = set(session.scalars(select(Thing.id).where(criterion(document))))
    other = aliased(Thing)
    pairs = select(Thing.id, other.id).where(Thing.id <= other.id)
    option = with_loader_criteria(Thing, criterion(document), include_aliases=True)
    wanted = {(one, two) for one in expected for two in expected if one <= two}
    assert {tuple(row) for row in session.execute(pairs.options(option))} == wanted


@pytest.mark.databases
def test_a_readers_filter_sees_only_what_he_sees(session: Session) -> None:
    """What is hidden reads as absent: its values, its key, its id, its place in a tree."""
    hidden = [
        with_loader_criteria(Thing, Thing.code != "t1", include_aliases=True),
        with_loader_criteria(User, User.login != "li", include_aliases=True),
        with_loader_criteria(Unit, Unit.code != "east", include_aliases=True),
    ]

    def ask(document: Any, context: Any) -> str:
        return found(session, select(Thing.code).where(criterion(document, context=context)).options(*hidden))

    for document, by_system, by_reader in [
        (["=", "parent.count", 1], "t2", ""),
        (["!=", "parent.count", 1], "t3 t4", "t2 t3 t4"),
        (["empty", "parent.count"], "t4", "t2 t4"),
        (["empty", "parent"], "t4", "t4"),
        (["=", "parent.parent.count", 1], "t3", ""),
        (["=", "parent", "t1"], "t2", ""),
        (["=", "parent", 1], "t2", ""),
        (["in", "parent", [1, 2]], "t2 t3", "t3"),
        (["=", "people", "li"], "t2", ""),
        (["=", "people", 1], "t2", ""),
        (["=", "people", {"$": "me"}], "t2", "t2"),
        (["=", "owner", {"$": "me"}], "t2", "t2"),
        (["in", "unit", {"$": "my_units"}], "t2 t3", "t2 t3"),
        (["under", "unit", "hq"], "t2 t3", ""),
        (["under", "unit", "shop"], "t3", "t3"),
    ]:
        assert (document, ask(document, CONTEXT), ask(document, SCOPED)) == (document, by_system, by_reader)


def test_a_negated_criterion_is_its_complement() -> None:
    """Whoever puts a criterion under NOT, as deny rules do, loses no row to NULL."""
    rows = random_world(random.Random(7), 30)
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        rows.store(connection)
        everything = set(connection.scalars(select(Thing.id)))
        for document in CONDITIONS:
            yes = set(connection.scalars(select(Thing.id).where(criterion(document))))
            no = set(connection.scalars(select(Thing.id).where(not_(criterion(document)))))
            assert yes | no == everything
            assert not yes & no
    engine.dispose()


def test_other_databases_spell_substrings_their_way() -> None:
    contains = criterion(["contains", "body", "x"])
    assert "charindex(:param_1, t_thing.body) > :" in str(contains.compile(dialect=mssql.dialect(paramstyle="named")))
    assert "instr(t_thing.body, :param_1) > :" in str(contains.compile(dialect=oracle.dialect()))
