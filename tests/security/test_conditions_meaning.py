"""What each operator means, null above all: exact answers from the database and from Python."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Connection, create_engine, select

from core.security.conditions import evaluate, parse, to_sql
from tests.security.conditions_world import CATALOG, CONTEXT, MIDNIGHT, THING, TICK, TODAY, Thing, World, small_world

pytestmark = pytest.mark.databases

ONE_DAY = dt.timedelta(days=1)
EVERYTHING = "t1 t2 t3 t4"


def things() -> World:
    """Three things and t4, of which nothing is known. Users: 1 li, 2 me, 3 Li. Units: 2 east > 4 shop."""
    world = small_world()
    world.add_thing(
        name="Apple 苹果", phone="138-0000", raw="a", body="x%y_z\\", count=1, flag=True, amount=Decimal("0.1"),
        day=TODAY, happened_at=MIDNIGHT, state="new", doc={"a": 1}, region_id=2, owner_id=2, unit_id=4,
        people=frozenset({1, 2}),
    )  # fmt: skip
    world.add_thing(
        name="ＡＰＰＬＥ", phone="+86 138", raw="a ", body="xyz", count=2, flag=False, amount=Decimal("0.3"),
        day=TODAY - ONE_DAY, happened_at=MIDNIGHT - TICK, state="old", doc=[], region_id=4, owner_id=1, unit_id=3,
        parent_id=1, people=frozenset({3}),
    )  # fmt: skip
    world.add_thing(
        name="İstanbul Straße", phone="none", raw="á", body="", count=-1, flag=False, amount=Decimal("-0.0001"),
        day=TODAY + ONE_DAY, happened_at=MIDNIGHT + ONE_DAY, state="odd", doc=0, region_id=1, owner_id=3, unit_id=5,
        parent_id=2,
    )  # fmt: skip
    world.add_thing()
    return world


class Asker:
    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.world = things()
        self.world.store(connection)

    def __call__(self, document: Any, context: Any = CONTEXT) -> str:
        """The codes of the things for which the condition holds: the same by SQL and by Python."""
        condition = parse(document, THING, CATALOG)
        criterion = to_sql(condition, Thing, CATALOG, context)
        codes = " ".join(self.connection.scalars(select(Thing.code).where(criterion).order_by(Thing.code)))
        rows = self.world.rows["test.thing"].values()
        twin = " ".join(row["code"] for row in rows if evaluate(condition, row, self.world, context))
        assert twin == codes, f"{document}: Python says {twin!r}, the database {codes!r}"
        return codes

    def all(self, cases: list[tuple[Any, str]]) -> None:
        assert [(document, self(document)) for document, _expected in cases] == cases


@pytest.fixture
def ask(database_url: str) -> Iterator[Asker]:
    engine = create_engine(database_url)
    with engine.connect() as connection:
        yield Asker(connection)
    engine.dispose()


def test_text_compares_by_code_point(ask: Asker) -> None:
    ask.all(
        [
            (["=", "raw", "a"], "t1"),
            (["=", "raw", "a "], "t2"),
            (["=", "raw", "A"], ""),
            (["!=", "raw", "a"], "t2 t3 t4"),
            (["=", "raw", None], "t4"),
            (["!=", "raw", None], "t1 t2 t3"),
            (["empty", "raw"], "t4"),
            (["in", "raw", ["a", "á", "a"]], "t1 t3"),
            (["in", "raw", ["a", None]], "t1 t4"),
            (["in", "raw", [None]], "t4"),
            (["in", "raw", []], ""),
            (["not", ["in", "raw", ["a"]]], "t2 t3 t4"),
            (["<", "raw", "a "], "t1"),
            (["<=", "raw", "a "], "t1 t2"),
            ([">", "raw", "a "], "t3"),
            ([">=", "raw", "a "], "t2 t3"),
            (["not", [">=", "raw", "a "]], "t1 t4"),
            (["between", "raw", "a", "a "], "t1 t2"),
            (["between", "raw", ["a", "a "]], "t1 t2"),
            (["between", "raw", "b", "a"], ""),
            (["=", "name", ""], "t4"),  # a field of trimmed text holds no empty text: null
        ]
    )


def test_substrings_are_literal_and_folded_where_searchable(ask: Asker) -> None:
    ask.all(
        [
            (["contains", "name", "apple"], "t1 t2"),
            (["contains", "name", "苹果"], "t1"),
            (["starts", "name", "苹果"], ""),
            (["starts", "name", "ａppl"], "t1 t2"),
            (["contains", "name", "STRASSE"], "t3"),
            (["contains", "name", "İstan"], "t3"),
            (["contains", "name", "istan"], "t3"),  # accents don't count, nor blanks, hyphens and apostrophes
            (["contains", "name", "App-le '"], "t1 t2"),
            (["=", "name", "apple 苹果"], ""),  # equality does not fold
            (["contains", "body", "%"], "t1"),
            (["contains", "body", "x_"], ""),
            (["contains", "body", "\\"], "t1"),
            (["contains", "body", "X"], ""),  # nothing is kept folded: binary
            (["starts", "body", "xy"], "t2"),
            (["contains", "raw", " "], "t2"),
            (["contains", "phone", "13 80"], "t1"),
            (["contains", "phone", "(138)"], "t1 t2"),
            (["starts", "phone", "８６"], "t2"),
            (["contains", "phone", "call"], ""),  # no digits, no hit
            (["not", ["contains", "phone", "call"]], EVERYTHING),
            (["not", ["contains", "name", "apple"]], "t3 t4"),
        ]
    )


def test_numbers_booleans_and_choices(ask: Asker) -> None:
    ask.all(
        [
            (["=", "count", 2], "t2"),
            (["!=", "count", 2], "t1 t3 t4"),
            (["<", "count", 2], "t1 t3"),
            (["not", ["<", "count", 2]], "t2 t4"),
            (["between", "count", -1, 1], "t1 t3"),
            (["=", "amount", 0.1], "t1"),
            (["=", "amount", "0.3"], "t2"),
            (["in", "amount", [1, "0.1000"]], "t1"),
            (["<", "amount", 0], "t3"),
            ([">=", "amount", "0.1"], "t1 t2"),
            (["<", "amount", "99999999999999.9999"], "t1 t2 t3"),
            (["=", "flag", True], "t1"),
            (["!=", "flag", True], "t2 t3 t4"),
            (["in", "flag", [False, None]], "t2 t3 t4"),
            (["empty", "flag"], "t4"),
            (["=", "state", "old"], "t2"),
            (["in", "state", ["new", "odd"]], "t1 t3"),
            (["!=", "state", "new"], "t2 t3 t4"),
            (["empty", "doc"], "t4"),
        ]
    )


def test_days_and_moments(ask: Asker) -> None:
    """Against a moment, `today` is the whole day in Shanghai."""
    today, yesterday = {"$": "today"}, {"$": "today", "offset": "-1d"}
    ask.all(
        [
            (["=", "day", "2026-03-01"], "t1"),
            (["=", "day", today], "t1"),
            (["<", "day", today], "t2"),
            ([">", "day", yesterday], "t1 t3"),
            (["between", "day", yesterday, today], "t1 t2"),
            (["in", "day", [yesterday, None]], "t2 t4"),
            (["=", "day", {"$": "today", "offset": "1d"}], "t3"),
            (["=", "at", "2026-03-01T00:00:00+08:00"], "t1"),
            (["<", "at", "2026-02-28T16:00:00Z"], "t2"),
            (["<=", "at", "2026-02-28T16:00:00Z"], "t1 t2"),
            (["=", "at", today], "t1"),
            (["!=", "at", today], "t2 t3 t4"),
            (["<", "at", today], "t2"),
            (["<=", "at", today], "t1 t2"),
            ([">", "at", today], "t3"),
            ([">=", "at", today], "t1 t3"),
            (["between", "at", yesterday, today], "t1 t2"),
            (["between", "at", today, "2026-03-02T00:00:00+08:00"], "t1 t3"),
            (["in", "at", [today, "2026-02-28T15:59:59.999999Z", None]], "t1 t2 t4"),
        ]
    )
    elsewhere = dataclasses.replace(CONTEXT, zone="America/New_York")
    assert ask(["=", "at", today], elsewhere) == "t3"


def test_references(ask: Asker) -> None:
    ask.all(
        [
            (["=", "owner", 1], "t2"),
            (["=", "owner", "li"], "t2"),
            (["=", "owner", "Li"], "t3"),
            (["=", "owner", "nobody"], ""),
            (["=", "owner", "never heard of"], ""),
            (["!=", "owner", "never heard of"], EVERYTHING),
            (["!=", "owner", "li"], "t1 t3 t4"),
            (["in", "owner", ["li", 3, {"$": "me"}, None]], EVERYTHING),
            (["in", "owner", ["li", 3]], "t2 t3"),
            (["=", "owner", {"$": "me"}], "t1"),
            (["!=", "owner", {"$": "me"}], "t2 t3 t4"),
            (["empty", "owner"], "t4"),
            (["=", "unit", {"$": "my_unit"}], ""),
            (["in", "unit", {"$": "my_units"}], "t1"),
            (["in", "unit", [{"$": "my_units"}, "west"]], "t1 t2"),
            (["=", "unit", {"$": "my_units"}], "t1"),
            (["=", "region", "cn"], "t3"),  # that of the list `region`, not of `level`
            (["=", "region", "客户𠮷"], "t2"),
        ]
    )


def test_under_walks_a_tree(ask: Asker) -> None:
    ask.all(
        [
            (["under", "unit", "hq"], "t1 t2"),
            (["under", "unit", "east"], "t1"),
            (["under", "unit", 4], "t1"),  # the node itself belongs to it
            (["under", "unit", {"$": "my_unit"}], "t1"),
            (["under", "unit", {"$": "my_units"}], "t1"),
            (["under", "unit", "back"], "t3"),  # a ring ends too
            (["under", "unit", "never heard of"], ""),
            (["not", ["under", "unit", "hq"]], "t3 t4"),
            (["under", "region", "310000"], "t1 t2"),
            (["under", "parent", "t1"], "t2 t3"),
            (["and", ["under", "unit", "hq"], ["under", "region", "310000"], ["under", "unit", "west"]], "t2"),
        ]
    )


def test_paths_read_null_behind_a_missing_record(ask: Asker) -> None:
    ask.all(
        [
            (["=", "parent.count", 1], "t2"),
            (["!=", "parent.count", 1], "t1 t3 t4"),
            (["empty", "parent.count"], "t1 t4"),
            (["in", "parent.count", [2, None]], "t1 t3 t4"),
            ([">", "parent.count", 0], "t2 t3"),
            (["not", [">", "parent.count", 0]], "t1 t4"),
            (["=", "parent.parent.name", "Apple 苹果"], "t3"),
            (["contains", "parent.name", "apple"], "t2 t3"),
            (["=", "parent.region.parent.code", "cn"], "t2"),
            (["=", "parent.owner", {"$": "me"}], "t2"),
            (["under", "owner.unit", "east"], "t1 t3"),
            (["empty", "parent.people"], "t1 t4"),
            (["=", "parent.people", "Li"], "t3"),
            (["=", "parent.at", {"$": "today"}], "t2"),
        ]
    )


def test_sets_of_references(ask: Asker) -> None:
    ask.all(
        [
            (["=", "people", 1], "t1"),
            (["=", "people", "Li"], "t2"),
            (["=", "people", {"$": "me"}], "t1"),
            (["!=", "people", 1], "t2 t3 t4"),
            (["in", "people", [2, "Li"]], "t1 t2"),
            (["in", "people", [2, None]], "t1 t3 t4"),
            (["in", "people", []], ""),
            (["empty", "people"], "t3 t4"),
            (["=", "people", None], "t3 t4"),
            (["!=", "people", None], "t1 t2"),
            (["not", ["in", "people", ["li", "Li"]]], "t3 t4"),
        ]
    )


def test_combinations(ask: Asker) -> None:
    ask.all(
        [
            (["and", [">", "count", 0], ["<", "count", 2]], "t1"),
            (["or", ["=", "count", 1], ["empty", "count"]], "t1 t4"),
            (["not", ["or", ["=", "count", 1], ["=", "state", "old"]]], "t3 t4"),
            (["not", ["and", ["=", "flag", False], ["!=", "count", 2]]], "t1 t2 t4"),
            (["not", ["not", ["=", "count", 1]]], "t1"),
            (["and", ["!=", "state", "new"]], "t2 t3 t4"),
        ]
    )


def test_the_largest_condition_still_runs(ask: Asker) -> None:
    """200 comparisons through three references each, in the deepest nesting."""
    wide = ["or", *(["=", "parent.parent.parent.name", f"n{n}"] for n in range(199))]
    deep: Any = ["=", "parent.parent.parent.count", 2]
    for _ in range(18):
        deep = ["not", deep]
    assert ask(["and", wide, deep]) == ""
    assert ask(["not", ["and", wide, deep]]) == EVERYTHING
    many = ["in", "count", list(range(-250, 250))]
    assert ask(["and", *(many for _ in range(19))]) == "t1 t2 t3"
