"""Who sees what through REST: two branches, a manager, an executive, a dealer (M23, M27, M28)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

CUSTOMERS = "/core/customers"

PEOPLE = {  # login: (unit, role)
    "li": ("east", "sales_rep"),
    "zhang": ("north", "sales_rep"),
    "wang": ("east", "sales_manager"),
    "chen": ("hq", "executive"),
    "deng": ("d1", "dealer"),
    "du": ("d1", "dealer"),
}
SEES = {
    "li": ["E-li"],
    "zhang": ["N-zhang"],
    "wang": ["E-li", "E-pool", "E-sh"],
    "chen": ["D-deng", "D-du", "E-li", "E-pool", "E-sh", "H-admin", "N-zhang"],
    "deng": ["D-deng", "D-du"],
    "du": ["D-deng", "D-du"],
}


@pytest.fixture
def company(api: Callable[..., Any]) -> Callable[..., Any]:
    """Everything made through REST only, as an administrator would."""
    admin = api()
    for code, kind, parent in (
        ("east", "branch", "hq"),
        ("sh", "department", "east"),
        ("north", "branch", "hq"),
        ("d1", "dealer", "hq"),
    ):
        admin.post("/core/units", {"code": code, "name": code, "kind": kind, "parent": parent})
    for login, (unit, role) in PEOPLE.items():
        admin.post("/core/users", {"login": login, "name": login, "unit": unit, "roles": [role]})
    for name, owner, unit in (
        ("E-li", "li", "east"),
        ("E-sh", "admin", "sh"),
        ("E-pool", None, "east"),
        ("N-zhang", "zhang", "north"),
        ("D-deng", "deng", "d1"),
        ("D-du", "du", "d1"),
        ("H-admin", "admin", "hq"),
        ("E-secret", "li", "east"),
    ):
        admin.customer(name, owner=owner, unit=unit, secrecy=3 if name == "E-secret" else 1, phone="13800001234")
    return api


def ids(client: Any) -> dict[str, int]:
    return {item["name"]: item["id"] for item in client.get(CUSTOMERS, limit="500").json["items"]}


@pytest.mark.databases
def test_each_sees_exactly_his_own(company: Callable[..., Any]) -> None:
    everything = ids(company())
    assert len(everything) == 8
    for login, expected in SEES.items():
        client = company(login)
        mine = [*expected, "E-secret"] if login == "chen" else expected  # executives have the clearance
        assert sorted(client.names()) == sorted(mine), login
        assert client.get(CUSTOMERS, count="1", limit="1").json["total"] == len(mine)
        assert sorted(client.names(sort="-code")) == sorted(mine)
        assert sorted(client.names(q="138 0000")) == sorted(mine)
        for name, record_id in everything.items():
            found = client.names(filter=f'["=","name","{name}"]')
            assert found == ([name] if name in mine else [])
            client.get(f"{CUSTOMERS}/{record_id}", status=200 if name in mine else 404)


def test_hidden_and_absent_are_the_same_bytes(company: Callable[..., Any]) -> None:
    hidden = ids(company())["N-zhang"]
    client = company("li")
    for method, body in (("get", None), ("patch", {"name": "X", "version": 1}), ("delete", None)):
        replies = []
        for record_id in (hidden, 987_654):
            call = getattr(client, method)
            path = f"{CUSTOMERS}/{record_id}"
            reply = call(path, status=404) if body is None else call(path, body, status=404)
            replies.append((reply.body, sorted(reply.headers.items())))
        assert replies[0] == replies[1]
    for verb in ("assign", "share", "restore"):
        first = client.act(f"{CUSTOMERS}/{hidden}", verb, {}, status=404)
        assert first.body == client.act(f"{CUSTOMERS}/987654", verb, {}, status=404).body


def test_a_foreign_id_is_absent_in_every_position(company: Callable[..., Any]) -> None:
    hidden = ids(company())["N-zhang"]
    client = company("li")
    mine = ids(client)["E-li"]
    for there, absent in ((hidden, 987_654), ("C000004", "C999999")):
        refused = [client.post(CUSTOMERS, {"name": "A", "parent": key}, status=422).json for key in (there, absent)]
        assert refused[0] == refused[1]
        refused = [
            client.patch(f"{CUSTOMERS}/{mine}", {"parent": key, "version": 1}, status=422).json
            for key in (there, absent)
        ]
        assert refused[0] == refused[1]
        found = [client.names(filter=f'["=","parent",{key!r}]'.replace("'", '"')) for key in (there, absent)]
        assert found == [[], []]


def test_a_reference_to_a_hidden_record_is_restricted(company: Callable[..., Any]) -> None:
    admin = company()
    everything = ids(admin)
    path = f"{CUSTOMERS}/{everything['E-li']}"
    admin.patch(path, {"parent": everything["N-zhang"], "version": 1})
    client = company("li")
    shown = client.get(path).json
    assert shown["parent"] == {"restricted": True}
    kept = client.patch(path, {"name": "E-li 2", "parent": {"restricted": True}, "version": 2}).json
    assert kept["parent"] == {"restricted": True}
    assert admin.get(path).json["parent"]["id"] == everything["N-zhang"]
    assert client.names(filter='["=","parent.name","N-zhang"]') == []
    assert client.names(filter='["empty","parent.name"]') == ["E-li 2"]


def test_labels_of_people_are_for_everyone_but_dealers(company: Callable[..., Any]) -> None:
    logins = [item["login"] for item in company("li").get("/core/users", sort="login").json["items"]]
    assert logins == sorted([*PEOPLE, "admin"])
    item = company("li").get("/core/users", filter='["=","login","chen"]').json["items"][0]
    assert set(item) == {"id", "version", "login", "name"}
    company("li").get("/core/users", status=403, filter='["=","clearance",3]')
    company("li").get("/core/users", status=403, sort="email")
    dealer = company("deng")
    assert [item["login"] for item in dealer.get("/core/users", sort="login").json["items"]] == ["deng", "du"]
    assert [item["code"] for item in dealer.get("/core/units").json["items"]] == ["d1"]
    assert dealer.get("/core/terms", count="1", limit="1").json["total"] > 10


def test_roles_and_shares_are_not_for_everyone(company: Callable[..., Any]) -> None:
    assert company("li").get("/core/roles").json["items"] == []
    company("li").get("/core/roles/1", status=404)
    assert company("li").get("/core/shares").json["items"] == []


def test_a_masked_field_is_masked_and_cannot_be_asked_for(company: Callable[..., Any]) -> None:
    admin = company()
    view = [{"entity": "core.customer", "action": action, "reach": "all"} for action in ("view", "edit")]
    masked = [{"entity": "core.customer", "field": "phone", "right": "mask"}]
    masked.append({"entity": "core.customer", "field": "annual_revenue", "right": "none"})
    masked.append({"entity": "core.customer", "field": "tax_no", "right": "read"})
    admin.post("/core/roles", {"code": "market", "name": "市场", "grants": view, "field_rights": masked})
    admin.post("/core/users", {"login": "mei", "name": "mei", "unit": "hq", "roles": ["market"]})
    client = company("mei")
    shown = client.get(CUSTOMERS, limit="1").json["items"][0]
    path = f"{CUSTOMERS}/{shown['id']}"
    assert shown["phone"] == "138****1234"
    assert "annual_revenue" not in shown
    for query in (
        {"filter": '["=","phone","13800001234"]'},
        {"filter": '["starts","phone","138"]'},
        {"filter": '[">","annual_revenue",1]'},
        {"sort": "annual_revenue"},
        {"filter": '["=","parent.phone","13800001234"]'},
    ):
        assert client.get(CUSTOMERS, status=403, **query).json["code"] == "FIELD"
    assert client.names(q="13800001234") == []
    assert client.patch(path, {"phone": "138****1234", "note": "x", "version": 1}).json["note"] == "x"
    assert admin.get(path).json["phone"] == "13800001234"
    for body in ({"phone": "1"}, {"annual_revenue": "1"}, {"tax_no": "1"}):
        assert client.patch(path, body | {"version": 2}, status=403).json["code"] == "FIELD"


def test_a_refused_write_leaves_nothing(company: Callable[..., Any]) -> None:
    client = company("wang")
    path = f"{CUSTOMERS}/{ids(client)['E-li']}"
    before = company().get(path).json
    client.act(path, "assign", {"owner": "zhang"}, status=403)
    client.patch(path, {"unit": "north", "note": "x", "version": 1}, status=403)
    client.delete(path, version=1, status=403)
    client.post(CUSTOMERS, {"name": "A", "unit": "north"}, status=403)
    assert company().get(path).json == before
    assert len(ids(company())) == 8


def test_a_rep_creates_for_himself_only(company: Callable[..., Any]) -> None:
    client = company("li")
    assert client.customer("Mine")["owner"]["key"] == "li"
    client.post(CUSTOMERS, {"name": "A", "owner": "wang"}, status=403)
    client.post(CUSTOMERS, {"name": "A", "owner": None}, status=403)
    client.post(CUSTOMERS, {"name": "A", "unit": "north"}, status=403)
    company("chen").post(CUSTOMERS, {"name": "A"}, status=403)
    assert company("wang").customer("Pooled", owner=None, unit="sh")["owner"] is None
