"""Whatever a program sends: a clear refusal, never a 500, nothing half-written."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.site import Site

CUSTOMERS = "/core/customers"

WRONG_VALUES: list[tuple[str, Any]] = [
    ("name", 7),
    ("name", ["A"]),
    ("name", None),
    ("name", ""),
    ("name", "   "),
    ("name", "\u200b\ufeff"),
    ("name", "x" * 201),
    ("name", "x" * 1_000_000),
    ("name", "A\x00B"),
    ("name", "\ud800"),
    ("name", "two\nlines"),
    ("kind", "robot"),
    ("state", "sealed"),
    ("employees", "many"),
    ("employees", "12"),
    ("employees", 1.5),
    ("employees", True),
    ("employees", -1),
    ("employees", 2**31),
    ("employees", 2**63),
    ("employees", 10**400),
    ("annual_revenue", "twelve"),
    ("annual_revenue", "1.23456"),
    ("annual_revenue", "1e999"),
    ("annual_revenue", "NaN"),
    ("annual_revenue", "Infinity"),
    ("annual_revenue", 10**30),
    ("annual_revenue", True),
    ("annual_revenue", "１２"),
    ("founded_on", "2026-02-30"),
    ("founded_on", "0000-01-01"),
    ("founded_on", "0999-12-31"),
    ("founded_on", "9999-12-31"),
    ("founded_on", "2026-1-1"),
    ("founded_on", 20260101),
    ("founded_on", "'; --"),
    ("owner", "nobody"),
    ("owner", 999_999),
    ("owner", 2**63),
    ("owner", 0),
    ("owner", -1),
    ("owner", 1.5),
    ("owner", {"id": 1, "or": 2, "label": 3}),
    ("region", "it"),
    ("region", "1 OR 1=1"),
    ("parent", True),
    ("unit", None),
    ("secrecy", 4),
    ("secrecy", None),
    ("nmae", "A"),
    ("id", 7),
    ("created_at", "2020-01-01T00:00:00Z"),
    ("deleted_at", "2020-01-01T00:00:00Z"),
    ("name_folded", "x"),
    ("\ud800", 1),
]


@pytest.mark.parametrize(
    "zone", ["Nope/Zone", "../../etc/passwd", "Asia", "localtime", "/etc/localtime", "Asia/Shangai", "asia/shanghai"]
)
def test_a_time_zone_that_there_is_not(api: Callable[..., Any], zone: str) -> None:
    client = api()
    client.headers["Accept-Language"] = "en"
    reply = client.patch("/core/users/1", {"time_zone": zone, "version": 1}, 422)
    [said] = reply.json["errors"]["time_zone"]
    assert "Write it like Asia/Shanghai" in said
    assert ("Did you mean “Asia/Shanghai”?" in said) == (zone.casefold() in ("asia/shangai", "asia/shanghai"))
    assert client.patch("/core/users/1", {"time_zone": "Europe/Vienna", "version": 1}).json["time_zone"]


@pytest.mark.parametrize(("field", "value"), WRONG_VALUES, ids=lambda part: repr(part)[:24])
def test_a_wrong_value_is_said_at_its_field(api: Callable[..., Any], field: str, value: Any) -> None:
    client = api()
    body = json.dumps({"name": "A", field: value}).encode()
    reply = client.app.post(
        f"/api/v1{CUSTOMERS}", body, headers=client.headers, content_type="application/json", status=422
    )
    assert list(reply.json["errors"]) == [field.encode("utf-8", "replace").decode()]
    assert all(messages[0] for messages in reply.json["errors"].values())
    assert client.names() == []


MALFORMED = {
    "not json": b"{",
    "nothing": b"",
    "a list": b"[]",
    "a key twice": b'{"name": "A", "name": "B"}',
    "nan": b'{"name": "A", "employees": NaN}',
    "infinity": b'{"name": "A", "employees": -Infinity}',
    "not utf-8": b'{"name": "\xff"}',
    "deep": b"[" * 100_000,
    "a string": b'"A"',
}


@pytest.mark.parametrize("list_name", [{}, {"list": None}, {"list": 7}])
def test_a_key_within_a_field_that_is_missing_is_said_too(api: Callable[..., Any], list_name: dict[str, Any]) -> None:
    body = {"code": "x", "label_zh": "x", "label_en": "x", "parent": "320000", **list_name}
    assert sorted(api().post("/core/terms", body, status=422).json["errors"]) == ["list", "parent"]
    rows = api().post("/core/terms/bulk", {"rows": [body]}, status=200).json["rows"]
    assert sorted(rows[0]["errors"]) == ["list", "parent"]


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_body_is_a_400(api: Callable[..., Any], body: bytes) -> None:
    client = api()
    reply = client.app.post(
        f"/api/v1{CUSTOMERS}", body, headers=client.headers, content_type="application/json", status=400
    )
    assert reply.json["title"]


def test_another_type_is_a_415_and_too_much_a_413(api: Callable[..., Any]) -> None:
    client = api()
    path = f"/api/v1{CUSTOMERS}"
    client.app.post(path, b"name=A", headers=client.headers, content_type="text/plain", status=415)
    client.app.post(path, {"name": "A"}, headers=client.headers, status=415)
    big = b'{"name": "' + b"x" * (9 * 2**20) + b'"}'
    client.app.post(path, big, headers=client.headers, content_type="application/json", status=413)


FAULTY_QUERIES = [
    ("filter", '["=","stat","x"]'),
    ("filter", '["like","name","x"]'),
    ("filter", '["=","owner.password_hash","x"]'),
    ("filter", '["=","name"]'),
    ("filter", '{"name": "A"}'),
    ("filter", "not json"),
    ("filter", "[" * 50_000),
    ("filter", json.dumps(["in", "name", ["x"] * 5000])),
    ("filter", '["=","employees",9223372036854775808]'),
    ("filter", '["=","employees","1 OR 1=1"]'),
    ("filter", '["=","founded_on","2026-02-30"]'),
    ("sort", "nmae"),
    ("sort", "name; DROP TABLE core_customer"),
    ("sort", "name,name"),
    ("sort", "owner.password_hash"),
    ("sort", "x" * 100_000),
    ("limit", "0"),
    ("limit", "501"),
    ("limit", "-1"),
    ("limit", "1e9"),
    ("limit", "NaN"),
    ("cursor", "abc"),
    ("cursor", "W1tdXQ"),
    ("cursor", "客户"),
    ("fields", "nmae"),
    ("count", "yes"),
    ("deleted", "2"),
    ("offset", "10"),
    ("q", "A\x00"),
    ("q", "A\x1f"),
    ("q", "A" * 1001),
]


@pytest.mark.parametrize(("name", "value"), FAULTY_QUERIES, ids=lambda part: part[:24])
def test_a_faulty_query_names_the_parameter(api: Callable[..., Any], name: str, value: str) -> None:
    reply = api().get(CUSTOMERS, status=400, **{name: value})
    assert reply.json["errors"]
    assert all(key.startswith(name) for key in reply.json["errors"])


def test_misspelt_names_get_a_suggestion(api: Callable[..., Any]) -> None:
    client = api()
    assert "name" in client.get(CUSTOMERS, status=400, sort="nmae").json["errors"]["sort"][0]
    assert "limit" in client.get(CUSTOMERS, status=400, limt="5").json["errors"]["limt"][0]
    assert "region" in client.post(CUSTOMERS, {"name": "A", "regoin": "x"}, status=422).json["errors"]["regoin"][0]


@pytest.mark.parametrize(
    "record_id", ["0", "-1", "1.0", "x", "%EF%BC%91", "9223372036854775808", "1 OR 1=1", "%00", "1%2F2"]
)
def test_what_is_no_id_is_not_found(api: Callable[..., Any], record_id: str) -> None:
    client = api()
    absent = client.get(f"{CUSTOMERS}/424242", status=404)
    assert client.get(f"{CUSTOMERS}/{record_id}", status=404).body == absent.body


@pytest.mark.parametrize("path", ["/core/custmers", "/core", "", "/core/customers/1/nothing", "/sales/opportunities"])
def test_an_unknown_address_is_not_found(api: Callable[..., Any], path: str) -> None:
    assert api().get(path, status=404).content_type == "application/problem+json"


@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer x", "Basic YWRtaW46eA==", "Bearer " + "x" * 10_000, "Bearer \udcff"]
)
def test_without_a_valid_token_there_is_only_a_401(app: Any, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header.encode("latin-1", "replace").decode("latin-1")}
    for path in ("/core/customers", "/core/customers/1", "/me", "/openapi.json", "/core/nothing"):
        reply = app.get(f"/api/v1{path}", headers=headers, status=401)
        assert reply.headers["WWW-Authenticate"] == "Bearer"


def test_other_methods_say_which_there_are(api: Callable[..., Any]) -> None:
    client = api()
    reply = client.app.put(f"/api/v1{CUSTOMERS}/1", headers=client.headers, status=405)
    assert reply.headers["Allow"] == "GET, PATCH, DELETE"
    client.app.delete(f"/api/v1{CUSTOMERS}", headers=client.headers, status=405)
    client.app.get(f"/api/v1{CUSTOMERS}/1/actions/assign", headers=client.headers, status=405)


def test_an_unknown_verb_is_not_found(api: Callable[..., Any]) -> None:
    client = api()
    made = client.customer("A")
    client.act(f"{CUSTOMERS}/{made['id']}", "explode", status=404)
    client.act(f"{CUSTOMERS}/{made['id']}", "assign", {"ownr": "li"}, status=422)
    client.act(f"{CUSTOMERS}/{made['id']}", "share", {}, status=422)
    client.act(f"{CUSTOMERS}/{made['id']}", "share", {"to": {"user": "admin", "unit": "hq"}}, status=422)
    client.act(f"{CUSTOMERS}/{made['id']}", "share", {"to": {"user": "admin"}, "actions": ["delete"]}, status=422)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=8,
)
FIELDS = (
    "name",
    "kind",
    "employees",
    "annual_revenue",
    "founded_on",
    "owner",
    "unit",
    "parent",
    "secrecy",
    "note",
    "code",
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.dictionaries(st.sampled_from(FIELDS), json_values, max_size=4))
def test_no_json_whatever_breaks_it(api: Callable[..., Any], site: Site, body: dict[str, Any]) -> None:
    client = api()
    reply = client.app.post(
        f"/api/v1{CUSTOMERS}",
        json.dumps(body).encode(),
        headers=client.headers,
        content_type="application/json",
        expect_errors=True,
    )
    assert reply.status_code in (201, 400, 409, 422), reply.text
