"""Fields of others over REST: read, written, asked for and remembered like the entity's own."""

from __future__ import annotations

from collections.abc import Iterator
from json import dumps
from typing import Any

import pytest
from sqlalchemy import select

from core.models import Audit
from tests.others.conftest import FIELDS, define
from tests.rest.conftest import Api

CUSTOMERS = "/core/customers"
ALL = {
    "floor_area": 1250.5,
    "motto": "诚信为本",
    "rent": "99999999999999.9999",
    "opened_on": "2026-02-28",
    "rank": "gold",
    "has_lift": True,
}
NONE = dict.fromkeys(ALL)
NO_WISHES = {"no_alcohol": None, "budget": None, "favourite": None}


@pytest.mark.databases
def test_values_come_back_as_they_were_sent(defined: Api) -> None:
    made = defined.customer("A", custom=ALL, gifts={"no_alcohol": True, "budget": "0.0001"})
    assert made["custom"] == ALL
    assert made["gifts"] == {"no_alcohol": True, "budget": "0.0001", "favourite": None}
    path = f"{CUSTOMERS}/{made['id']}"
    assert defined.get(path).json == made
    bare = defined.customer("B")
    assert (bare["custom"], bare["gifts"]) == (NONE, NO_WISHES)
    rewritten = defined.patch(path, made).json
    assert (rewritten["version"], rewritten["custom"]) == (1, ALL)


@pytest.mark.databases
def test_a_patch_merges_inside_the_object(defined: Api) -> None:
    made = defined.customer("A", custom={"floor_area": 5, "motto": "x"}, gifts={"budget": "10"})
    path = f"{CUSTOMERS}/{made['id']}"
    changed = defined.patch(path, {"version": 1, "custom": {"motto": None}, "gifts": {"no_alcohol": False}}).json
    assert changed["version"] == 2
    assert changed["custom"] == NONE | {"floor_area": 5}
    assert changed["gifts"] == NO_WISHES | {"budget": "10.00", "no_alcohol": False}
    again = defined.patch(path, {"version": 2, "custom.motto": "y", "gifts.budget": None}).json
    assert (again["version"], again["custom"]["motto"], again["gifts"]["budget"]) == (3, "y", None)
    assert defined.patch(path, {"version": 3, "custom": {}, "gifts": {"budget": None}}).json["version"] == 3


@pytest.mark.databases
def test_one_audit_row_names_the_fields(site: Any, defined: Api) -> None:
    made = defined.customer("A", custom={"rent": "7"}, gifts={"budget": "10"})
    defined.patch(
        f"{CUSTOMERS}/{made['id']}",
        {"version": 1, "phone": "1", "custom": {"rent": "8.5", "opened_on": "2026-01-02"}, "gifts": {"budget": "11"}},
    )
    created, edited = trail(site, made["id"])
    assert {("custom.rent", None, "7.00"), ("gifts.budget", None, "10.00")} <= created
    assert edited == {
        ("phone", None, "1"),
        ("custom.rent", "7.00", "8.50"),
        ("custom.opened_on", None, "2026-01-02"),
        ("gifts.budget", "10.00", "11.00"),
    }


def trail(site: Any, number: int) -> list[set[tuple[str, Any, Any]]]:
    """What the audit says of a customer, change by change."""
    wanted = select(Audit.changes).where(Audit.entity == "core.customer", Audit.record_id == number)
    with site.kernel.work(write=False) as work:
        rows = work.system.scalars(wanted.order_by(Audit.id)).all()
        return [{(one["field"], one["old"], one["new"]) for one in row} for row in rows]


CONDITIONS: list[tuple[Any, str]] = [
    (["=", "custom.floor_area", 80.5], "A"),
    (["!=", "custom.floor_area", 80.5], "BCD"),
    ([">", "custom.floor_area", 9], "AB"),
    (["between", "custom.floor_area", -5, 80.5], "ABC"),
    (["empty", "custom.floor_area"], "D"),
    (["not", ["empty", "custom.rent"]], "AB"),
    (["in", "custom.rent", ["0.30", None]], "ACD"),
    (["starts", "custom.motto", "诚"], "A"),
    (["contains", "custom.motto", "%"], "B"),
    (["<", "custom.motto", "a"], "B"),
    ([">=", "custom.opened_on", "2026-01-01"], "B"),
    (["=", "custom.opened_on", {"$": "today", "offset": "-1d"}], ""),
    (["=", "custom.rank", "silver"], "C"),
    (["=", "custom.has_lift", False], "B"),
    (["in", "custom.has_lift", [True, None]], "ACD"),
    (["=", "gifts.no_alcohol", True], "A"),
    (["empty", "gifts.budget"], "CD"),
    (["and", [">", "gifts.budget", "1.5"], ["<", "gifts.budget", 100]], "A"),
    (["or", ["=", "gifts.budget", 100], ["=", "custom.floor_area", 10]], "B"),
    (["=", "parent.custom.floor_area", 80.5], "D"),
    (["=", "parent.gifts.budget", 2], "D"),
    (["=", "gifts.favourite.name", "茶"], "A"),
]


@pytest.mark.databases
def test_filters(quartet: Api) -> None:
    found = {dumps(one): "".join(quartet.names(filter=dumps(one), sort="name")) for one, _names in CONDITIONS}
    assert found == {dumps(one): names for one, names in CONDITIONS}


@pytest.fixture
def quartet(defined: Api) -> Api:
    """Customers A to D, of whom D has nothing but A above him."""
    values: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
        "A": (
            {"floor_area": 80.5, "rent": "0.30", "motto": "诚信", "rank": "gold", "has_lift": True},
            {"no_alcohol": True, "budget": 2},
        ),
        "B": (
            {"floor_area": 10, "rent": "0.29", "motto": "100%", "opened_on": "2026-01-01", "has_lift": False},
            {"budget": "100"},
        ),
        "C": ({"floor_area": -3.25, "motto": "b", "opened_on": "1999-12-31", "rank": "silver"}, {"no_alcohol": False}),
    }
    ids = {name: defined.customer(name, custom=custom, gifts=gifts)["id"] for name, (custom, gifts) in values.items()}
    defined.customer("D", parent=ids["A"])
    gift = defined.post("/gifts/gifts", {"customer": ids["B"], "name": "茶"}).json
    defined.patch(f"{CUSTOMERS}/{ids['A']}", {"version": 1, "gifts": {"favourite": gift["id"]}})
    return defined


ORDERS = {
    "custom.floor_area": "CBAD",
    "-custom.floor_area": "ABCD",
    "custom.rent,name": "BACD",
    "custom.motto": "BCAD",
    "custom.opened_on,-name": "CBDA",
    "-custom.rank,name": "CABD",
    "custom.has_lift,name": "BACD",
    "gifts.budget,-name": "ABDC",
    "-gifts.budget,name": "BACD",
    "gifts.no_alcohol,name": "CABD",
}


@pytest.mark.databases
def test_order_and_pages(quartet: Api) -> None:
    assert {sort: "".join(quartet.names(sort=sort)) for sort in ORDERS} == ORDERS
    assert {sort: "".join(one_by_one(quartet, sort)) for sort in ORDERS} == ORDERS


def one_by_one(api: Api, sort: str) -> Iterator[str]:
    """The names on pages of one record each."""
    page = api.get(CUSTOMERS, sort=sort, limit="1").json
    yield page["items"][0]["name"]
    while page["next"] is not None:
        page = api.get(CUSTOMERS, sort=sort, limit="1", cursor=page["next"]).json
        yield page["items"][0]["name"]


def test_fields_can_be_chosen(quartet: Api) -> None:
    items = quartet.get(CUSTOMERS, fields="custom.rent,gifts", sort="name").json["items"]
    assert items[0].keys() == {"id", "version", "custom", "gifts"}
    assert items[0]["custom"] == {"rent": "0.30"}
    assert items[0]["gifts"].keys() == NO_WISHES.keys()
    wrong = quartet.get(CUSTOMERS, fields="custom.rents", status=400).json
    assert "custom.rent" in wrong["errors"]["fields"][0]


BAD: list[tuple[Any, str]] = [
    ({"custom": {"floor_area": "5"}}, "custom.floor_area"),
    ({"custom": {"floor_area": 1.00001}}, "custom.floor_area"),
    ({"custom": {"floor_area": 1e12}}, "custom.floor_area"),
    ({"custom": {"floor_area": True}}, "custom.floor_area"),
    ({"custom": {"motto": "x" * 501}}, "custom.motto"),
    ({"custom": {"motto": "a\nb"}}, "custom.motto"),
    ({"custom": {"rent": "1.23456"}}, "custom.rent"),
    ({"custom": {"opened_on": "2026-02-30"}}, "custom.opened_on"),
    ({"custom": {"rank": "bronze"}}, "custom.rank"),
    ({"custom": {"has_lift": "yes"}}, "custom.has_lift"),
    ({"custom": {"absent": 1}}, "custom.absent"),
    ({"custom": {"floor_area": {"a": 1}}}, "custom.floor_area"),
    ({"custom": {"floor_area.x": 1}}, "custom.floor_area.x"),
    ({"custom": {"": 1}}, "custom."),
    ({"custom": [1]}, "custom"),
    ({"custom": None}, "custom"),
    ({"custom": {"rent": 1}, "custom.rent": 2}, "custom"),
    ({"gifts": {"budget": "much"}}, "gifts.budget"),
    ({"gifts": {"favourite": 77}}, "gifts.favourite"),
    ({"gifts": "x"}, "gifts"),
    ({"other": {"x": 1}}, "other"),
]


def test_bad_values_are_named(defined: Api) -> None:
    made = defined.customer("A")
    path = f"{CUSTOMERS}/{made['id']}"
    for body, field in BAD:
        refused = defined.post(CUSTOMERS, {"name": "B", **body}, status=422).json
        assert field in refused["errors"], body
        refused = defined.patch(path, {"version": 1, **body}, status=422).json
        assert field in refused["errors"], body
    assert defined.names() == ["A"]
    assert defined.get(path).json["version"] == 1


def test_bad_questions_are_named(defined: Api) -> None:
    for query in (
        {"filter": '["=","custom.absent",1]'},
        {"filter": '["=","custom",1]'},
        {"filter": '["contains","custom.rent","1"]'},
        {"filter": '["=","custom.rank","bronze"]'},
        {"filter": '["=","custom.rent.x",1]'},
        {"sort": "custom"},
        {"sort": "custom.absent"},
        {"sort": "gifts.favourite"},
    ):
        assert defined.get(CUSTOMERS, status=400, **query).json["errors"], query


def test_the_document_describes_them(defined: Api) -> None:
    define(defined, "must", "number", required=True)
    schemas = defined.get("/openapi.json").json["components"]["schemas"]
    written, shown = schemas["core.customer.new"], schemas["core.customer"]
    assert written["properties"]["custom"]["properties"]["rank"]["enum"] == ["gold", "silver", None]
    assert written["properties"]["custom"]["properties"]["must"]["type"] == "number"
    assert written["properties"]["custom"]["required"] == ["must"]
    assert written["required"] == ["name", "custom"]
    assert written["properties"]["gifts"]["properties"].keys() == NO_WISHES.keys()
    assert shown["properties"]["custom"]["properties"].keys() == {*ALL, "must"}
    assert "custom" not in schemas["gifts.gift"]["properties"]


def test_a_deleted_field_keeps_its_values_to_itself(defined: Api) -> None:
    made = defined.customer("A", custom={"motto": "old"})
    path = f"{CUSTOMERS}/{made['id']}"
    [old] = defined.get(FIELDS, filter='["=","name","motto"]').json["items"]
    defined.delete(f"{FIELDS}/{old['id']}", version=old["version"])
    assert "motto" not in defined.get(path).json["custom"]
    define(defined, "motto", "number")
    assert defined.get(path).json["custom"]["motto"] is None
    defined.patch(path, {"version": 1, "custom": {"motto": 5}})
    assert defined.act(f"{FIELDS}/{old['id']}", "restore", status=409).json["code"] == "DUPLICATE"
    [new] = defined.get(FIELDS, filter='["=","name","motto"]').json["items"]
    defined.delete(f"{FIELDS}/{new['id']}", version=new["version"])
    defined.act(f"{FIELDS}/{old['id']}", "restore")
    assert defined.get(path).json["custom"]["motto"] == "old"
