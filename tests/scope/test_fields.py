"""What a reader gets of the fields of a record that he sees, and what he may do with them."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import update

from core.entities.listing import ask
from core.errors import Forbidden, Invalid
from core.models import Customer, Role, User
from core.services import records
from core.services.search import rebuild
from core.services.work import Ctx
from tests.scope.scene import ANN, BEA, CHO, EAST, EVE, HQ, MANAGER, REP, SHOP, WEST, scene
from tests.scope.stage import LONG_AGO, Stage, raise_epochs

MINE, HERS = 1000, 1001  # ann's, a target; bea's, formal
PHONE, MASKED = "13800001234", "138****1234"
CUSTOMER = "core.customer"


def rule(field: str, right: str, condition: Any = None, entity: str = CUSTOMER) -> dict[str, Any]:
    return {"entity": entity, "field": field, "right": right, "condition": condition}


@pytest.fixture(autouse=True)
def world(stage: Stage) -> Any:
    """The cast; every customer has the same phone and number of employees."""
    made = scene(stage.kernel.clock.now(), stage.terms())
    stage.play(made)
    with stage.engine.begin() as connection:
        connection.execute(update(Customer).values(phone=PHONE, employees=42))
    rebuild.begin(stage.kernel)
    rebuild.rebuild(stage.kernel)
    return made


def ruled(stage: Stage, role_id: int, *rules: dict[str, Any]) -> None:
    """Field rights for the holders of a role."""
    with stage.engine.begin() as connection:
        connection.execute(update(Role).where(Role.id == role_id).values(field_rights=list(rules)))
        raise_epochs(connection)


def acting(stage: Stage, world: Any, user_id: int) -> Any:
    return stage.acting(world.users[user_id], write=True)


def shown(ctx: Ctx, record_id: int, key: str = CUSTOMER) -> dict[str, Any]:
    entity = ctx.catalog[key]
    return records.reader(ctx).document(entity, records.find(ctx, entity, record_id))


def write(ctx: Ctx, record_id: int, key: str = CUSTOMER, **sent: Any) -> Any:
    entity = ctx.catalog[key]
    version = records.find(ctx, entity, record_id).version
    return records.change(ctx, entity, record_id, sent, version)


def listed(ctx: Ctx, key: str = CUSTOMER, **asked: Any) -> set[int]:
    page = records.listing(ctx, ask(ctx.rights, ctx.catalog[key], limit=500, **asked))
    return {record.id for record in page.records}


# --- reading ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("right", "expected"),
    [("none", None), ("mask", MASKED), ("read", PHONE), ("edit", PHONE)],
)
def test_a_field_is_shown_as_far_as_the_right_goes(stage: Stage, world: Any, right: str, expected: Any) -> None:
    ruled(stage, REP, rule("phone", right))
    with acting(stage, world, ANN) as ctx:
        document = shown(ctx, MINE)
    assert document.get("phone") == expected
    assert ("phone" in document) is (right != "none")
    assert document["name"] == "n1000"


def test_without_a_rule_a_field_is_open(stage: Stage, world: Any) -> None:
    ruled(stage, REP, rule("email", "none"))
    with acting(stage, world, ANN) as ctx:
        assert shown(ctx, MINE)["phone"] == PHONE


@pytest.mark.parametrize("field", ["employees", "owner", "annual_revenue", "state", "secrecy"])
def test_of_what_is_no_text_a_mask_leaves_nothing(stage: Stage, world: Any, field: str) -> None:
    ruled(stage, REP, rule(field, "mask"))
    with acting(stage, world, ANN) as ctx:
        assert shown(ctx, MINE)[field] == "****"


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        (("none", "mask"), MASKED),
        (("mask", "none"), MASKED),
        (("mask", "read"), PHONE),
        (("none", "edit"), PHONE),
        (("none", "none"), None),
    ],
)
def test_the_most_of_several_rules_counts(stage: Stage, world: Any, rules: tuple[str, str], expected: Any) -> None:
    ruled(stage, REP, *(rule("phone", right) for right in rules))
    with acting(stage, world, ANN) as ctx:
        assert shown(ctx, MINE).get("phone") == expected


def test_the_most_of_several_roles_counts(stage: Stage, world: Any) -> None:
    """Dov holds two roles."""
    ruled(stage, REP, rule("phone", "none"))
    ruled(stage, 1003, rule("phone", "mask"))
    with acting(stage, world, 1003) as ctx:
        assert shown(ctx, 1003)["phone"] == MASKED


def test_a_rule_holds_for_the_records_of_its_condition(stage: Stage, world: Any) -> None:
    ruled(stage, MANAGER, rule("phone", "none"), rule("phone", "read", ["=", "owner", {"$": "me"}]))
    with acting(stage, world, BEA) as ctx:
        assert shown(ctx, HERS)["phone"] == PHONE
        assert "phone" not in shown(ctx, MINE)


def test_a_rule_that_cannot_be_read_restricts_but_does_not_open(stage: Stage, world: Any) -> None:
    """Its condition names a field of a plugin that is off."""
    gone = ["=", "sales.discount", 3]
    ruled(stage, REP, rule("phone", "mask", gone), rule("email", "none"), rule("email", "edit", gone))
    with acting(stage, world, ANN) as ctx:
        document = shown(ctx, MINE)
    assert document["phone"] == MASKED
    assert "email" not in document


def test_a_rule_that_speaks_of_roles_restricts_everywhere(stage: Stage, world: Any) -> None:
    grant = {"entity": "core.user", "action": "view", "reach": "all", "condition": None, "deny": False}
    with stage.engine.begin() as connection:
        connection.execute(update(Role).where(Role.id == MANAGER).values(grants=[grant]))
        connection.execute(update(User).where(User.id >= 1000).values(phone=PHONE))
    ruled(stage, MANAGER, rule("phone", "mask", ["=", "roles", "r1000"], "core.user"))
    with acting(stage, world, BEA) as ctx:
        assert shown(ctx, ANN, "core.user")["phone"] == MASKED
        assert shown(ctx, CHO, "core.user")["phone"] == MASKED


# --- asking ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("right", ["none", "mask"])
@pytest.mark.parametrize(
    "asked",
    [
        {"filter": ["=", "employees", 42]},
        {"filter": ["not", ["empty", "employees"]]},
        {"filter": ["or", ["=", "state", "formal"], [">", "employees", 1]]},
        {"filter": ["=", "parent.employees", 42]},
        {"sort": "employees"},
        {"sort": "-employees"},
        {"sort": "name,employees"},
    ],
)
def test_nobody_asks_by_a_field_that_is_closed_to_him(stage: Stage, world: Any, right: str, asked: Any) -> None:
    ruled(stage, REP, rule("employees", right))
    with acting(stage, world, ANN) as ctx:
        with pytest.raises(Forbidden) as caught:
            listed(ctx, **asked)
        assert caught.value.code == "FIELD"


def test_nor_by_one_that_is_closed_on_some_records(stage: Stage, world: Any) -> None:
    ruled(stage, MANAGER, rule("employees", "mask", ["=", "state", "formal"]))
    with acting(stage, world, BEA) as ctx, pytest.raises(Forbidden):
        listed(ctx, filter=["=", "employees", 42])


def test_a_field_that_may_be_read_may_be_asked_by(stage: Stage, world: Any) -> None:
    ruled(stage, REP, rule("employees", "read"))
    with acting(stage, world, ANN) as ctx:
        assert listed(ctx, filter=["=", "employees", 42], sort="employees") == {1000, 1012}


@pytest.mark.parametrize("right", ["none", "mask"])
def test_a_search_does_not_look_into_a_closed_field(stage: Stage, world: Any, right: str) -> None:
    with acting(stage, world, ANN) as ctx:
        assert listed(ctx, text="1380000") == {1000, 1012}
    ruled(stage, REP, rule("phone", right))
    with acting(stage, world, ANN) as ctx:
        assert listed(ctx, text="1380000") == set()
        assert listed(ctx, text="n1000") == {1000}


def test_a_list_that_is_sorted_by_a_closed_field_comes_in_another_order(stage: Stage, world: Any) -> None:
    ruled(stage, REP, rule("name", "mask"))
    with acting(stage, world, ANN) as ctx:
        assert listed(ctx) == {1000, 1012}
        with pytest.raises(Forbidden):
            listed(ctx, sort="name")


# --- writing ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("right", ["none", "mask", "read"])
@pytest.mark.parametrize("value", ["13900000000", PHONE + "0", None])
def test_a_closed_field_cannot_be_written(stage: Stage, world: Any, right: str, value: Any) -> None:
    ruled(stage, REP, rule("phone", right))
    before = stage.dump()
    with pytest.raises(Forbidden) as caught, acting(stage, world, ANN) as ctx:
        write(ctx, MINE, phone=value)
    assert caught.value.code == "FIELD"
    assert stage.dump() == before


@pytest.mark.parametrize("right", ["none", "mask"])
def test_guessing_a_closed_value_tells_nothing(stage: Stage, world: Any, right: str) -> None:
    """The right guess and a wrong one get the same answer."""
    ruled(stage, REP, rule("employees", right))
    answers = []
    for guess in (42, 43):
        with pytest.raises(Forbidden) as caught, acting(stage, world, ANN) as ctx:
            write(ctx, MINE, employees=guess)
        answers.append((caught.value.code, str(caught.value), caught.value.errors))
    assert answers[0] == answers[1]


def test_one_closed_field_among_open_ones_stops_all(stage: Stage, world: Any) -> None:
    ruled(stage, REP, rule("phone", "mask"))
    before = stage.dump()
    with pytest.raises(Forbidden), acting(stage, world, ANN) as ctx:
        write(ctx, MINE, note="x", phone="1")
    assert stage.dump() == before


def test_what_was_shown_may_be_sent_back(stage: Stage, world: Any) -> None:
    """A form sends all of its fields: masks and restrictions among them change nothing."""
    ruled(stage, REP, rule("phone", "mask"), rule("employees", "mask"), rule("owner", "mask"))
    with acting(stage, world, ANN) as ctx:
        document = shown(ctx, 1012)
        assert document["parent"] == {"restricted": True}
        same = {name: value for name, value in document.items() if name not in ("id", "created_at", "updated_at")}
        record = write(ctx, 1012, **same)
        assert (record.version, record.phone, record.employees) == (1, PHONE, 42)
        record = write(ctx, 1012, **{**same, "note": "x"})
        assert (record.version, record.phone, record.parent_id, record.note) == (2, PHONE, 1006, "x")


def test_an_open_field_may_be_written_beside_closed_ones(stage: Stage, world: Any) -> None:
    ruled(stage, REP, rule("phone", "mask"))
    with acting(stage, world, ANN) as ctx:
        assert write(ctx, MINE, note="x").note == "x"


def test_a_closed_field_cannot_be_filled_in_at_the_beginning(stage: Stage, world: Any) -> None:
    ruled(stage, REP, rule("phone", "read"))
    with pytest.raises(Forbidden), acting(stage, world, ANN) as ctx:
        records.create(ctx, ctx.catalog[CUSTOMER], {"name": "New", "phone": "1"})
    with acting(stage, world, ANN) as ctx:
        assert records.create(ctx, ctx.catalog[CUSTOMER], {"name": "New"}).phone is None


def test_nobody_opens_a_field_by_changing_what_the_rule_asks_for(stage: Stage, world: Any) -> None:
    ruled(stage, REP, rule("phone", "none"), rule("phone", "read", ["=", "note", "open"]))
    with pytest.raises(Forbidden), acting(stage, world, ANN) as ctx:
        write(ctx, MINE, note="open")


# --- references -------------------------------------------------------------------------------------


def test_a_reference_to_a_hidden_record_tells_neither_id_nor_label(stage: Stage, world: Any) -> None:
    with acting(stage, world, ANN) as ctx:
        assert shown(ctx, 1012)["parent"] == {"restricted": True}
    with acting(stage, world, EVE) as ctx:
        assert shown(ctx, 1012)["parent"] == {"id": 1006, "label": "n1006", "key": "T1006"}


def test_a_hidden_record_cannot_be_named(stage: Stage, world: Any) -> None:
    """Nor can it be told from one that is not there, by id or by key."""
    answers = []
    for key in (HERS, 9999, "T1001", "T9999", 1006):
        with pytest.raises(Invalid) as caught, acting(stage, world, ANN) as ctx:
            write(ctx, MINE, parent=key)
        answers.append({name: [str(text) for text in texts] for name, texts in caught.value.errors.items()})
    assert all(answer == answers[0] for answer in answers)


def test_a_reference_to_a_deleted_record_keeps_its_label(stage: Stage, world: Any) -> None:
    with stage.engine.begin() as connection:
        connection.execute(update(User).where(User.id == ANN).values(deleted_at=LONG_AGO))
        raise_epochs(connection)
    with acting(stage, world, EVE) as ctx:
        assert shown(ctx, MINE)["owner"] == {"id": ANN, "label": "ann", "key": "ann", "deleted": True}
        assert shown(ctx, 1008)["parent"] == {"id": 1004, "label": "n1004", "key": "T1004", "deleted": True}


def test_a_reference_to_a_deleted_record_that_was_hidden_stays_restricted(stage: Stage, world: Any) -> None:
    with acting(stage, world, CHO) as ctx:
        assert shown(ctx, 1008)["parent"] == {"restricted": True}


@pytest.mark.parametrize(("field", "part"), [("name", "label"), ("code", "key")])
def test_what_is_masked_on_a_record_is_masked_in_references_to_it(
    stage: Stage, world: Any, field: str, part: str
) -> None:
    ruled(stage, MANAGER, rule(field, "mask"))
    with acting(stage, world, BEA) as ctx:
        assert shown(ctx, 1002)["parent"][part] == "****"


# --- what is public ----------------------------------------------------------------------------------


def test_of_colleagues_everybody_sees_the_label_and_nothing_else(stage: Stage, world: Any) -> None:
    with acting(stage, world, ANN) as ctx:
        document = shown(ctx, BEA, "core.user")
        assert {"login", "name"} <= document.keys()
        assert document.keys() - {"login", "name", "id", "version"} <= {
            "created_at",
            "created_by",
            "updated_at",
            "updated_by",
        }
        assert shown(ctx, WEST, "core.unit").keys().isdisjoint({"kind", "parent", "base_currency"})


def test_everybody_lists_all_people_and_units(stage: Stage, world: Any) -> None:
    with acting(stage, world, ANN) as ctx:
        assert {ANN, BEA, CHO, EVE} <= listed(ctx, "core.user")
        assert {HQ, EAST, SHOP, WEST} == listed(ctx, "core.unit")


def test_a_dealer_sees_people_and_units_of_his_own_only(stage: Stage, world: Any) -> None:
    with acting(stage, world, CHO) as ctx:
        assert listed(ctx, "core.user") == {CHO}
        assert listed(ctx, "core.unit") == {SHOP}
        assert listed(ctx, "core.user", filter=["=", "login", "ann"]) == set()
        assert listed(ctx, "core.user", text="ann") == set()
    for stranger in ("ann", "nobody"):
        with pytest.raises(Invalid) as caught, acting(stage, world, CHO) as ctx:
            records.create(ctx, ctx.catalog[CUSTOMER], {"name": "New", "owner": stranger})
        assert caught.value.errors.keys() == {"owner"}


@pytest.mark.parametrize(
    ("key", "asked"),
    [
        ("core.user", {"filter": ["=", "email", "ann@example.com"]}),
        ("core.user", {"filter": ["empty", "roles"]}),
        ("core.user", {"sort": "clearance"}),
        ("core.unit", {"filter": ["=", "kind", "dealer"]}),
        (CUSTOMER, {"filter": ["starts", "owner.email", "a"]}),
        (CUSTOMER, {"filter": [">", "owner.clearance", 1]}),
        (CUSTOMER, {"filter": ["=", "unit.kind", "dealer"]}),
        (CUSTOMER, {"filter": ["=", "owner.unit.code", "east"]}),
    ],
)
def test_nobody_asks_by_what_is_not_public(stage: Stage, world: Any, key: str, asked: Any) -> None:
    with acting(stage, world, ANN) as ctx:
        with pytest.raises(Forbidden) as caught:
            listed(ctx, key, **asked)
        assert caught.value.code == "FIELD"


def test_public_fields_may_be_asked_by(stage: Stage, world: Any) -> None:
    with acting(stage, world, ANN) as ctx:
        assert listed(ctx, filter=["=", "owner", "ann"]) == {1000, 1012}
        assert listed(ctx, filter=["=", "owner.login", "ann"]) == {1000, 1012}
        assert listed(ctx, filter=["under", "unit", "hq"]) == {1000, 1012}
        assert listed(ctx, "core.user", filter=["=", "login", "bea"]) == {BEA}
