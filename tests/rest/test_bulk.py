"""Many rows in one call: a result per row, and a bad row harms no other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import event, select

from core.http.paths import by_path
from core.models import Audit, Change
from tests.support.site import Site

CUSTOMERS = "/core/customers"
BULK = f"{CUSTOMERS}/bulk"


def statuses(reply: Any) -> list[int]:
    assert [row["index"] for row in reply.json["rows"]] == list(range(len(reply.json["rows"])))
    return [row["status"] for row in reply.json["rows"]]


@pytest.mark.databases
def test_each_row_by_itself_in_one_change(site: Site, api: Callable[..., Any]) -> None:
    client = api()
    kept = client.customer("Kept", code="K1")
    rows = [
        {"name": "New"},
        {"name": ""},
        {"name": "Other", "code": "K1"},
        {"name": "Child", "parent": "K1"},
        {"nmae": "A", "employees": "many"},
        {"name": "Last"},
    ]
    reply = client.post(BULK, {"rows": rows}, status=200)
    assert statuses(reply) == [201, 422, 409, 201, 422, 201]
    told = reply.json["rows"]
    assert told[0]["errors"] == {}
    assert "code" not in told[0]
    assert told[1]["id"] is None
    assert list(told[1]["errors"]) == ["name"]
    assert told[2]["code"] == "DUPLICATE"
    assert sorted(told[4]["errors"]) == ["employees", "name", "nmae"]
    assert sorted(client.names()) == ["Child", "Kept", "Last", "New"]
    assert client.get(f"{CUSTOMERS}/{told[3]['id']}").json["parent"]["id"] == kept["id"]
    with site.acting() as ctx:
        changes = ctx.system.execute(audited(reply.headers["Change-Id"])).all()
    assert [(action, record) for action, record in changes] == [("create", told[at]["id"]) for at in (0, 3, 5)]


def audited(batch: str) -> Any:
    return (
        select(Audit.action, Audit.record_id)
        .join(Change, Change.id == Audit.change_id)
        .where(Change.batch == batch)
        .order_by(Audit.seq)
    )


@pytest.mark.databases
def test_rows_change_what_they_match(api: Callable[..., Any]) -> None:
    client = api()
    client.customer("Acme", code="A1")
    client.customer("Twin", short_name="T")
    client.customer("Twin 2", short_name="Ｔ")
    binned = client.customer("Gone", code="B1")
    client.delete(f"{CUSTOMERS}/{binned['id']}", 1)
    rows = [
        {"code": "A1", "name": "Acme 2"},
        {"code": "A1", "name": "Acme 2"},  # nothing to change now
        {"code": "N1", "name": "New"},
        {"code": "N1", "name": "New, again"},
        {"code": "B1", "name": "Back"},
        {"code": "A1", "version": 1, "name": "Late"},
        {"code": "A1", "version": "1", "name": "Late"},
        {"name": "No code"},
    ]
    reply = client.post(BULK, {"rows": rows, "match": "code"}, status=200)
    assert statuses(reply) == [200, 200, 201, 200, 409, 409, 422, 201]
    assert reply.json["rows"][4]["code"] == "BINNED"
    shown = {item["code"]: (item["name"], item["version"]) for item in client.get(CUSTOMERS).json["items"]}
    assert shown["A1"] == ("Acme 2", 2)
    assert shown["N1"] == ("New, again", 1)
    by_name = client.post(BULK, {"rows": [{"short_name": "t", "note": "x"}], "match": "short_name"}, status=200)
    assert (statuses(by_name), by_name.json["rows"][0]["code"]) == ([409], "AMBIGUOUS")


def test_rows_change_records_by_id(site: Site, api: Callable[..., Any]) -> None:
    site.user("li")
    mine, other = site.customer("Mine", "li"), site.customer("Other")
    rows = [{"id": one, "note": "x"} for one in (mine, other, 987_654, None, "1", -3, 2**70)]
    reply = api("li").post(BULK, {"rows": rows, "match": "id"}, status=200)
    assert statuses(reply) == [200, 404, 404, 422, 422, 404, 404]
    hidden, absent = ({**reply.json["rows"][at], "index": 0} for at in (1, 2))
    assert hidden == absent


def test_rows_are_judged_as_single_calls_are(site: Site, api: Callable[..., Any]) -> None:
    site.unit("east")
    site.user("li", "east")
    site.user("wang", "east", roles=["sales_manager"])
    site.role("half", [{"entity": "core.customer", "action": "view", "reach": "all"}])
    site.user("half", roles=["half"])
    mine = site.customer("Mine", "li")
    for login, rows in {
        "li": [{"name": "A"}, {"name": "B", "owner": "wang"}, {"name": "C", "parent": 987_654}, {"name": ""}],
        "half": [{"name": "A"}, {"name": ""}, {"id": 3}],
        "wang": [{"name": "A", "owner": "li"}, {"name": "B", "secrecy": 3}],
    }.items():
        client = api(login)
        many = client.post(BULK, {"rows": rows}, status=200).json["rows"]
        for row, result in zip(rows, many, strict=True):
            one = client.app.post_json(f"/api/v1{CUSTOMERS}", row, headers=client.headers, expect_errors=True)
            assert result["status"] == one.status_code
            assert result.get("errors") == (one.json.get("errors", {}) if one.status_code > 201 else {})
            assert result.get("code") == (one.json.get("code") if one.status_code > 201 else None)
    changed = api("half").post(BULK, {"rows": [{"id": mine, "name": "X"}], "match": "id"}, status=200)
    assert statuses(changed) == [403]
    api(read_only=True).post(BULK, {"rows": [{"name": "A"}]}, status=403)


def test_what_one_may_not_ask_by_one_may_not_match_by(site: Site, api: Callable[..., Any]) -> None:
    blind = [{"entity": "core.customer", "field": "tax_no", "right": "mask", "condition": None}]
    grants = [{"entity": "*", "action": action, "reach": "all"} for action in ("view", "create", "edit")]
    site.role("blind", grants, blind)
    site.user("li", roles=["blind"])
    site.customer("A", tax_no="91320200MA1ABCDE12")
    rows = [{"tax_no": "91320200MA1ABCDE12", "name": "B"}]
    refused = api("li").post(BULK, {"rows": rows, "match": "tax_no"}, status=403)
    assert refused.json["code"] == "FIELD"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"rows": {}},
        {"rows": [1]},
        {"rows": [{}, []]},
        {"rows": None},
        {"rows": [{}] * 1001},
        {"rows": [], "match": "nmae"},
        {"rows": [], "match": ["code"]},
        {"rows": [], "match": "owner"},
        {"rows": [], "dry_run": True},
        {"rows": [{str(n): n for n in range(1001)}]},
    ],
    ids=lambda body: str(body)[:30],
)
def test_a_malformed_envelope_is_a_400(api: Callable[..., Any], body: Any) -> None:
    client = api()
    assert client.post(BULK, body, status=400).json["errors"]
    assert client.names() == []


def test_nothing_is_a_full_answer(api: Callable[..., Any]) -> None:
    assert api().post(BULK, {"rows": []}, status=200).json == {"rows": []}


def test_every_entity_has_it(site: Site, api: Callable[..., Any]) -> None:
    client = api()
    for path, entity in by_path(site.kernel.catalog).items():
        if entity.rules.closed:
            continue
        reply = client.post(f"{path}/bulk", {"rows": [{}, {"nonsense": 1}]}, status=200)
        assert all(row["status"] in (201, 403, 409, 422) for row in reply.json["rows"]), path


def test_statements_do_not_grow_with_the_rows(site: Site, api: Callable[..., Any]) -> None:
    client = api()
    sent: list[str] = []
    event.listen(site.kernel.database.engine, "before_cursor_execute", lambda *args: sent.append(args[2]))

    def cost(rows: list[dict[str, Any]]) -> int:
        sent.clear()
        reply = client.post(BULK, {"rows": rows, "match": "code"}, status=200)
        assert set(statuses(reply)) <= {200, 201}
        return len(sent)

    cost([{"code": "first", "name": "first"}])
    for name, each in (("first", 0), ("second", 1)):  # made, then changed: an UPDATE holds a version of its own
        few = cost([{"code": f"{n}", "name": name, "unit": "hq", "owner": "admin"} for n in range(10)])
        many = cost([{"code": f"{n}", "name": name, "unit": "hq", "owner": "admin"} for n in range(10, 110)])
        assert many - few <= 90 * each
