"""What a field may be asked by: a choice or a yes-or-no of its record, and values that it has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from graphlib import CycleError, TopologicalSorter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.api import fields
from core.describe import CUSTOMER
from core.entities.soundness import faults_of
from core.security.fitting import misasked
from core.web.forms.asked import is_asked, is_told, named
from plugins import Field, Verb

KIND = Field("kind", fields.Choice({"call": "Call", "visit": "Visit"}), "Kind")
PAID = Field("paid", fields.Boolean(), "Paid")
ALONE: Any = "kind"
NOTE = Field("note", fields.Text(), "Note")


def asked(*when: Any, name: str = "length", **more: Any) -> Field:
    return Field(name, fields.Integer(), "Length", asked_when=when, **more)


def faults(*declared: Field) -> list[str]:
    return list(misasked(declared, declared))


SOUND = {
    "a choice": asked("kind", ("call",)),
    "all of a choice": asked("kind", ("call", "visit")),
    "a yes-or-no": asked("paid", (True,)),
    "a No": asked("paid", (False,)),
    "required with a default": asked("paid", (True,), required=True, default=lambda ctx: 0),
}
UNSOUND = {
    "an unknown field": (asked("knid", ("call",)), "names 'knid', which is no field of it: did you mean 'kind'?"),
    "an unknown value": (asked("kind", ("cal",)), "has 'cal', which is no choice of 'kind': did you mean 'call'?"),
    "one of several values": (asked("kind", ("call", None)), "has None, which is no choice of 'kind'"),
    "text of a yes-or-no": (asked("paid", ("true",)), "has 'true', but 'paid' is True or False"),
    "a number of a yes-or-no": (asked("paid", (1,)), "has 1, but 'paid' is True or False"),
    "a text": (asked("note", ("x",)), "names 'note', which is neither a fields.Choice nor a fields.Boolean"),
    "a forgotten comma": (asked("kind", ("call")), "say asked_when=(\"kind\", (\"call\",))"),
    "no value": (asked("kind", ()), "say asked_when="),
    "no values": (asked("kind"), "say asked_when="),
    "a list": (asked("kind", ["call"]), "say asked_when="),
    "a name alone": (replace(NOTE, name="x", asked_when=ALONE), "is 'kind'; say asked_when="),
    "required": (asked("kind", ("call",), required=True), "does not go with required=True"),
}  # fmt: skip


@pytest.mark.parametrize("case", SOUND)
def test_what_is_sound(case: str) -> None:
    assert faults(KIND, PAID, SOUND[case]) == []


@pytest.mark.parametrize("case", UNSOUND)
def test_what_is_unsound_is_said_with_what_to_do(case: str) -> None:
    field, why = UNSOUND[case]
    [fault] = faults(KIND, PAID, NOTE, field)
    assert fault.startswith(f"field {field.name!r}: asked_when ")
    assert why in fault


def test_an_entity_and_the_arguments_of_its_verbs_are_looked_at() -> None:
    wrong = tuple(
        replace(one, asked_when=("kidn", ("company",))) if one.name == "note" else one for one in CUSTOMER.fields
    )
    assert any("names 'kidn'" in fault for fault in faults_of(replace(CUSTOMER, fields=wrong)))
    verb = Verb("call", "Call", "edit", lambda ctx, record, arguments: None, (asked("kind", ("call",)),))
    [fault] = faults_of(replace(CUSTOMER, verbs=(verb,)))
    assert fault == "verb 'call': field 'length': asked_when names 'kind', which is no field of it"
    assert faults_of(replace(CUSTOMER, verbs=(replace(verb, arguments=(KIND, *verb.arguments)),))) == []


@given(st.lists(st.none() | st.integers(0, 5), min_size=1, max_size=6))
def test_whoever_is_asked_by_himself_in_a_roundabout_way_is_found(links: Sequence[int | None]) -> None:
    """`links[i]` is the field that asks for the field i; on a circle is who leads back to himself."""
    declared = [
        replace(PAID, name=f"f{i}", asked_when=None if to is None else (f"f{to % len(links)}", (True,)))
        for i, to in enumerate(links)
    ]
    said = [one for one in faults(*declared) if "by way of" in one]
    graph = {i: () if to is None else (to % len(links),) for i, to in enumerate(links)}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        circle = error.args[1]
        assert {f"f{i}" for i in circle} <= {one.split("'")[1] for one in said}
    else:
        assert said == []
        known = named(declared)
        for i, to in enumerate(links):
            assert is_asked(declared[i], known, dict.fromkeys(known, True))
            assert is_asked(declared[i], known, dict.fromkeys(known, False)) is (to is None)


@pytest.mark.parametrize(
    ("said", "is_it"),
    [
        ({"kind": "call"}, True),
        ({"kind": "visit"}, False),
        ({"kind": None}, False),
        ({"kind": ""}, False),
        ({"kind": "****"}, True),  # masked: who does not see the kind is asked in any case
        ({}, True),
    ],
)
def test_who_is_asked(said: dict[str, Any], is_it: bool) -> None:
    length = asked("kind", ("call",))
    known = named((KIND, length))
    assert is_asked(length, known, said) is is_it
    assert is_told(length, known, said) is is_it
    assert is_told(length, known, said | {"length": 0})
    assert not is_told(length, known, {"kind": "visit", "length": None})


@pytest.mark.parametrize(
    ("value", "is_it"), [(True, True), ("true", True), (False, False), ("false", False), (None, False)]
)
def test_a_yes_or_no_asks_in_a_document_and_in_a_form(value: Any, is_it: bool) -> None:
    length = asked("paid", (True,))
    assert is_asked(length, named((PAID, length)), {"paid": value}) is is_it


def test_the_kernels_own_are_about_what_a_person_has_not() -> None:
    of_companies = {field.name for field in CUSTOMER.fields if field.asked_when == ("kind", ("company",))}
    assert of_companies == {"employees", "founded_on", "parent"}
