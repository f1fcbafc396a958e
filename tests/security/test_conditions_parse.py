"""What is refused and where, what a condition uses, and that nothing else is ever raised."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from core.security.conditions import BadCondition, Condition, evaluate, parse, to_sql
from core.security.conditions.operands import MAX_UNIT_LISTS
from core.security.conditions.parse import MAX_DEPTH, MAX_LEAVES, MAX_VALUES, OPERATORS
from tests.security.conditions_world import CATALOG, CONTEXT, THING, Thing, small_world


def parsed(document: Any) -> Condition:
    return parse(document, THING, CATALOG)


def refused(document: Any) -> BadCondition:
    with pytest.raises(BadCondition) as caught:
        parsed(document)
    return caught.value


def nested(levels: int) -> Any:
    document: Any = ["empty", "name"]
    for _ in range(levels):
        document = ["not", document]
    return document


TODAY = {"$": "today"}
MY_UNITS = {"$": "my_units"}

BAD: list[tuple[Any, str, str]] = [
    # not a condition at all
    (None, "", "Give a list"),
    ({}, "", "Give a list"),
    ([], "", "Give a list"),
    ("=", "", "Give a list"),
    ([["=", "name", "a"]], "", "Give a list"),
    ([None, "name", "a"], "", "Give a list"),
    (["and", 1], "[1]", "Give a list"),
    (["or", ["empty", "name"], []], "[2]", "Give a list"),
    # operators and how much they take
    (["contain", "name", "a"], "[0]", "Did you mean “contains”?"),
    (["==", "name", "a"], "[0]", "Did you mean “=”?"),
    (["xyz", "name", "a"], "[0]", "There is no operator “xyz”."),
    (["AND", ["empty", "name"]], "[0]", "There is no operator"),
    (["and"], "", "one or more"),
    (["or"], "", "one or more"),
    (["not"], "", "takes one condition"),
    (["not", ["empty", "name"], ["empty", "name"]], "", "takes one condition"),
    (["="], "", "a field and one value"),
    (["=", "name"], "", "a field and one value"),
    (["=", "name", "a", "b"], "", "a field and one value"),
    (["empty"], "", "the field only"),
    (["empty", "name", True], "", "the field only"),
    (["between", "count", 1], "", "two values"),
    (["between", "count", [1]], "", "two values"),
    (["between", "count", 1, 2, 3], "", "two values"),
    # paths
    (["=", 1, "a"], "[1]", "name of a field"),
    (["=", ["name"], "a"], "[1]", "name of a field"),
    (["=", None, "a"], "[1]", "name of a field"),
    (["=", "nmae", "a"], "[1]", "Did you mean “name”?"),
    (["=", "", "a"], "[1]", "has no field “”"),
    (["=", "\ud800", "a"], "[1]", "has no field “?”"),
    (["\ud800", "name", "a"], "[0]", "no operator “?”"),
    (["=", "name_folded", "a"], "[1]", "has no field"),
    (["=", "owner_id", 1], "[1]", "has no field"),
    (["=", "owner.logn", "a"], "[1]", "core.user has no field “logn”. Did you mean “login”?"),
    (["=", "owner.", "a"], "[1]", "core.user has no field"),
    (["=", "name.x", "a"], "[1]", "“name” is no reference"),
    (["=", "people.login", "a"], "[1]", "“people” is no reference to one record"),
    (["=", "parent.parent.parent.parent.name", "a"], "[1]", "at most 3 references"),
    (["empty", "lost.name"], "[1]", "gone.entity"),
    # operators that do not fit the field
    (["<", "flag", True], "[0]", "“<” does not fit “flag”"),
    ([">", "state", "new"], "[0]", "does not fit"),
    (["<", "owner", 1], "[0]", "does not fit"),
    (["contains", "count", 1], "[0]", "does not fit"),
    (["contains", "state", "n"], "[0]", "does not fit"),
    (["starts", "owner", "l"], "[0]", "does not fit"),
    (["under", "name", "a"], "[0]", "does not fit"),
    (["under", "people", 1], "[0]", "does not fit"),
    (["=", "doc", {}], "[0]", "What fits: empty"),
    (["under", "owner", 1], "[2]", "“owner” is no tree"),
    # values of the wrong kind
    (["=", "name", 1], "[2]", "Give text"),
    (["=", "name", ["a"]], "[2]", "Give text"),
    (["=", "name", "a\x00b"], "[2]", "control characters"),
    (["=", "name", "\ud800"], "[2]", "half symbols"),
    (["contains", "name", "x" * 201], "[2]", "At most 200 characters"),
    (["=", "count", True], "[2]", "whole number"),
    (["=", "count", 1.0], "[2]", "whole number"),
    (["=", "count", "1"], "[2]", "whole number"),
    (["=", "count", 1001], "[2]", "whole number from"),
    (["=", "count", 10**5000], "[2]", "too large"),
    (["=", "flag", 1], "[2]", "true or false"),
    (["=", "flag", "true"], "[2]", "true or false"),
    (["=", "amount", True], "[2]", "amount"),
    (["=", "amount", float("nan")], "[2]", "amount"),
    (["=", "amount", float("inf")], "[2]", "amount"),
    (["=", "amount", 1e50], "[2]", "too large"),
    (["=", "amount", 10**5000], "[2]", "too large"),
    (["=", "amount", "0.00001"], "[2]", "At most 4 decimals"),
    (["=", "day", "2026-02-30"], "[2]", "no such day"),
    (["=", "day", 20260301], "[2]", "Give a date"),
    (["=", "at", "2026-03-01T00:00:00"], "[2]", "time zone"),
    (["=", "at", "0001-01-01T00:00:00+14:00"], "[2]", "year from 1000"),
    (["=", "state", "gone"], "[2]", "Choose one of"),
    (["=", "owner", 1.5], "[2]", "Give an id"),
    (["=", "owner", True], "[2]", "Give an id"),
    (["=", "owner", 0], "[2]", "no such record"),
    (["=", "people", ["li"]], "[2]", "Give an id"),
    (["in", "people", [["li"]]], "[2][0]", "Give an id"),
    (["in", "count", 1], "[2]", "list of values"),
    (["in", "count", "12"], "[2]", "list of values"),
    (["in", "count", [1, "2"]], "[2][1]", "whole number"),
    (["=", "lost", 1], "[2]", "gone.entity"),
    # null where order or likeness is asked
    (["<", "count", None], "[2]", "Give a value here"),
    (["between", "count", 1, None], "[3]", "Give a value here"),
    (["between", "count", [None, 1]], "[2][0]", "Give a value here"),
    (["contains", "name", None], "[2]", "Give a value here"),
    (["starts", "name", " "], "[2]", "Give a value here"),
    (["under", "unit", None], "[2]", "Give a value here"),
    # dynamic values
    (["=", "owner", {"$": "you"}], "[2]", "“you” does not fit “owner”"),
    (["=", "owner", {"$": "my_unit"}], "[2]", "does not fit"),
    (["=", "unit", {"$": "me"}], "[2]", "does not fit"),
    (["=", "count", TODAY], "[2]", "does not fit"),
    (["=", "name", {"$": "me"}], "[2]", "does not fit"),
    (["=", "owner", {}], "[2]", "Give a value, or"),
    (["=", "owner", {"$": 1}], "[2]", "Give a value, or"),
    (["=", "owner", {"$": "me", "x": 1}], "[2]", "Give a value, or"),
    (["=", "owner", {"$": "me", "offset": "1d"}], "[2]", "Only “today”"),
    (["=", "day", {"$": "today", "offset": "1w"}], "[2]", "offset in days"),
    (["=", "day", {"$": "today", "offset": 1}], "[2]", "offset in days"),
    (["=", "day", {"$": "today", "offset": None}], "[2]", "offset in days"),
    (["=", "day", {"$": "today", "offset": "1000000d"}], "[2]", "offset in days"),
    (["=", "day", {"$": "today", "offset": "１d"}], "[2]", "offset in days"),
    (["and", *[["=", "unit", MY_UNITS]] * (MAX_UNIT_LISTS + 1)], f"[{MAX_UNIT_LISTS + 1}][2]", "at most 10 places"),
    # limits
    (nested(MAX_DEPTH + 1), "[1]" * MAX_DEPTH, "At most 20 levels"),
    (nested(3000), "[1]" * MAX_DEPTH, "At most 20 levels"),
    (["or", *[["empty", "name"]] * (MAX_LEAVES + 1)], f"[{MAX_LEAVES + 1}]", "At most 200 comparisons"),
    (["in", "count", [1] * (MAX_VALUES + 1)], "[2]", "At most 500 values"),
    (["or", *[["in", "count", [1] * MAX_VALUES]] * 30], "", "too long"),
    (["=", "name", "x" * 100_001], "", "too long"),
]


@pytest.mark.parametrize(("document", "position", "message"), BAD, ids=[f"{at} {why}" for _, at, why in BAD])
def test_refused(document: Any, position: str, message: str) -> None:
    bad = refused(document)
    assert [at for at, _message in bad.problems] == [position]
    assert message in str(bad)
    str(bad).encode()


def test_all_problems_are_told_at_once() -> None:
    wrong = [["=", "nmae", "a"], ["not", ["<", "flag", True]], ["in", "count", [1, "x"]]]
    bad = refused(["and", *wrong, ["empty", "name"]])
    assert [at for at, _message in bad.problems] == ["[1][1]", "[2][1][0]", "[3][2][1]"]
    assert str(bad).startswith("[1][1] test.thing has no field “nmae”.")


@pytest.mark.parametrize(
    "document", [["=", "nmae", "a"], ["=", "owner.x", 1], ["empty", "lost.name"], ["=", "lost", "k"]]
)
def test_unknown_fields_are_told_apart(document: Any) -> None:
    """A grant that names the field of an absent plugin becomes inert."""
    assert refused(["or", ["empty", "name"], document]).unknown_field


@pytest.mark.parametrize("document", [["=", "count", "x"], ["like", "name", "a"], ["and"], nested(30)])
def test_other_faults_are_not_unknown_fields(document: Any) -> None:
    assert not refused(document).unknown_field


def test_what_is_on_the_edge_is_taken() -> None:
    for document in [
        nested(MAX_DEPTH),
        ["or", *[["empty", "name"]] * MAX_LEAVES],
        ["in", "count", [1] * MAX_VALUES],
        ["empty", "parent.parent.parent.parent"],
        ["=", "day", {"$": "today", "offset": "-99999d"}],
        ["=", "at", {"$": "today", "offset": "99999d"}],
        ["and", *[["=", "unit", MY_UNITS]] * MAX_UNIT_LISTS],
        ["empty", "doc"],
        ["empty", "lost"],
    ]:
        to_sql(parsed(document), Thing, CATALOG, CONTEXT)


@pytest.mark.parametrize(
    ("document", "fields"),
    [
        (["empty", "name"], "test.thing name"),
        (["not", ["or", ["empty", "name"], ["=", "count", 1]]], "test.thing name, test.thing count"),
        (["=", "parent.region.code", "cn"], "test.thing parent, test.thing region, core.term code"),
        (["=", "owner", 1], "test.thing owner"),
        (["=", "owner", "li"], "test.thing owner, core.user login"),
        (["=", "people", "li"], "test.thing people, core.user login"),
        (["=", "region", "cn"], "test.thing region, core.term code, core.term list"),
        (["under", "unit", {"$": "my_unit"}], "test.thing unit"),
    ],
)
def test_a_condition_knows_what_it_reads(document: Any, fields: str) -> None:
    assert parsed(document).fields == {tuple(pair.split()) for pair in fields.split(", ")}


# --- nothing else is ever raised ------------------------------------------------------------------

FIELDS = [field.name for field in THING.fields]
OPERATOR = st.sampled_from([*OPERATORS["text"], "under"])
COMBINATOR = st.sampled_from(["and", "or", "not"])
DYNAMIC = st.sampled_from(["me", "my_unit", "my_units", "today"])
WORD = OPERATOR | COMBINATOR | st.sampled_from([*FIELDS, "owner.unit", "parent.count", "li"])
VALUE = st.one_of(
    WORD,
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(min_value=10**30, max_value=10**60),
    st.floats(),
    st.text(st.characters(), max_size=8),  # half symbols too: JSON can carry them
    st.sampled_from(["2026-03-01", "2026-03-01T00:00:00Z", "9999-12-31T23:59:59-14:00", "0001-01-01", "1e9", "-0"]),
    st.fixed_dictionaries({"$": DYNAMIC | WORD}),
)
ANYTHING = st.recursive(
    VALUE,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["$", "offset"]), inner),
    max_leaves=12,
)
LEAF = st.tuples(OPERATOR, st.sampled_from(FIELDS), VALUE | st.lists(VALUE, max_size=3)).map(list)
LIKELY = st.recursive(LEAF, lambda inner: st.tuples(COMBINATOR, inner, inner).map(list), max_leaves=6)


@settings(max_examples=500)
@given(st.one_of(ANYTHING, LIKELY, LEAF))
def test_any_json_is_taken_or_refused(document: Any) -> None:
    """And what is taken can be compiled and judged."""
    try:
        condition = parsed(document)
    except BadCondition as bad:
        json.dumps(bad.problems)
        return
    world = small_world()
    row = world.add_thing()
    str(select(Thing.id).where(to_sql(condition, Thing, CATALOG, CONTEXT)))
    assert evaluate(condition, row, world, CONTEXT) in (True, False)
