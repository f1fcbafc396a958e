"""The audit trail through REST: who reads it, what of it, and that nobody writes it (M24)."""

from __future__ import annotations

import json
from typing import Any

import pytest

VIEW = {"action": "view", "reach": "all"}
ON_AUDIT = {"entity": "core.audit", **VIEW}
ON_CUSTOMERS = {"entity": "core.customer", **VIEW}
CUSTOMERS, AUDIT = "/core/customers", "/core/audit"


def entries(api: Any, *filters: Any, **query: Any) -> list[Any]:
    condition = ["and", ["=", "entity", "core.customer"], *filters]
    found: list[Any] = api.get(AUDIT, filter=json.dumps(condition), **query).json["items"]
    return found


@pytest.fixture
def busy(site, api):
    """Li's customer, changed by the administrator; an auditor, and one who may look at customers too."""
    site.user("li")
    site.user("sun", roles=("auditor",))
    number = api("li").customer("Acme", phone="13812345678", email="a@acme.cn", level="vip", note="secret")["id"]
    api().patch(f"{CUSTOMERS}/{number}", {"name": "Acme 2", "level": None, "version": 1})
    return number


def lines(entry: Any) -> dict[str, Any]:
    return {line["field"]: (line["old"], line["new"]) for line in entry["changes"]}


def test_the_administrator_reads_values_and_labels(api, busy):
    edit, create = entries(api(), ["=", "record", busy])
    assert (edit["action"], edit["record"], edit["door"], edit["actor"]["key"]) == ("edit", busy, "rest", "admin")
    old = lines(create)["level"][1]
    assert old["key"] == "vip"
    assert lines(edit) == {"name": ("Acme", "Acme 2"), "level": (old, None)}
    assert lines(create)["phone"] == (None, "13812345678")
    assert lines(create)["owner"][1]["key"] == "li"


def test_who_does_not_see_the_record_learns_which_fields_changed(api, busy):
    closed = {"restricted": True}
    edit, create = entries(api("sun"), ["=", "record", busy])
    assert lines(edit) == {"name": (closed, closed), "level": (closed, closed)}
    assert "Acme" not in json.dumps(create)
    assert "13812345678" not in json.dumps(create)
    assert create["actor"]["key"] == "li"


def test_fields_are_masked_and_left_out_as_on_the_record(site, api, busy):
    mask = [("phone", "mask"), ("email", "none"), ("note", "read")]
    rules = [{"entity": "core.customer", "field": name, "right": right} for name, right in mask]
    site.role("looker", [ON_AUDIT, ON_CUSTOMERS], rules)
    site.user("zhou", roles=("looker",))
    _edit, create = entries(api("zhou"), ["=", "record", busy])
    assert lines(create)["phone"] == (None, "138****5678")
    assert "email" not in lines(create)
    assert lines(create)["note"] == (None, "secret")


def test_it_is_found_by_entity_record_actor_and_time(api, busy):
    auditor = api("sun")
    assert len(entries(auditor)) == 2
    assert [entry["actor"]["key"] for entry in entries(auditor, ["=", "actor", "li"])] == ["li"]
    at = entries(auditor)[1]["at"]  # to the second
    assert len(entries(auditor, [">=", "at", at])) == 2
    assert entries(auditor, ["<", "at", "2020-01-01T00:00:00Z"]) == []
    assert [entry["action"] for entry in entries(auditor, sort="id")] == ["create", "edit"]
    change = entries(auditor)[0]["change"]
    assert [entry["action"] for entry in entries(auditor, ["=", "change", change])] == ["edit"]
    page = auditor.get(AUDIT, limit="1").json
    assert auditor.get(AUDIT, limit="1", cursor=page["next"]).json["items"][0]["id"] < page["items"][0]["id"]
    entry = entries(auditor)[0]
    assert auditor.get(f"{AUDIT}/{entry['id']}").json == entry


def test_roles_read_by_name(site, api):
    site.user("li")
    site.user("wang")
    number = api().get("/core/users", filter='["=","login","wang"]').json["items"][0]
    api().patch(f"/core/users/{number['id']}", {"roles": ["sales_manager", "dealer"], "version": 1})
    condition = json.dumps(["and", ["=", "entity", "core.user"], ["=", "action", "edit"]])
    (entry,) = api().get(AUDIT, filter=condition).json["items"]
    old, new = lines(entry)["roles"]
    assert [role["key"] for role in old] == ["sales_rep"]
    assert {role["key"] for role in new} == {"sales_manager", "dealer"}


def test_others_find_nothing(api, busy):
    assert api("li").get(AUDIT).json["items"] == []
    one = entries(api())[0]["id"]
    api("li").get(f"{AUDIT}/{one}", status=404)


@pytest.mark.parametrize("login", ["admin", "sun", "li"])
def test_nobody_writes_it(api, busy, login):
    one = entries(api())[0]
    client = api(login)
    client.post(AUDIT, {"entity": "core.customer", "record": 1, "action": "edit"}, status=405)
    client.patch(f"{AUDIT}/{one['id']}", {"action": "view", "version": 1}, status=405)
    client.delete(f"{AUDIT}/{one['id']}", 1, status=405)
    assert entries(api())[0] == one
    actions = client.get("/me").json["actions"]["core.audit"]
    assert not {"create", "edit", "delete", "assign"} & set(actions)


def test_the_document_says_that_it_is_only_read(api):
    paths = api().get("/openapi.json").json["paths"]
    assert "post" not in paths["/api/v1/core/audit"]
    assert set(paths["/api/v1/core/audit/{id}"]) == {"get"}
    assert "post" in paths["/api/v1/core/customers"]


def test_a_page_of_it_costs_the_same_however_many_records_it_speaks_of(site, api, busy):
    def statements() -> int:
        return len(counted)

    from sqlalchemy import event

    counted: list[str] = []
    event.listen(site.kernel.database.engine, "before_cursor_execute", lambda *a: counted.append(a[2]))
    entries(api())
    few = statements()
    for number in range(12):
        site.customer(f"客户{number}", level="vip", owner="li")
    counted.clear()
    assert len(entries(api(), limit="100")) == 14
    assert statements() == few


def test_why_more_was_done_than_the_actor_could_is_said_in_the_readers_language(api):
    """Of a new customer that its number was drawn, by history and changes alike."""
    client = api()
    reply = client.post(CUSTOMERS, {"name": "Acme"}, status=201)
    number, change = reply.json["id"], reply.headers["Change-Id"]
    for language, words in (("en", "Numbering"), ("zh-CN", "编号")):
        client.headers["Accept-Language"] = language
        told = client.get(f"{CUSTOMERS}/{number}/history").json["items"][0]
        deed = client.get(f"/changes/{change}").json
        assert told["reason"] == words
        for name in ("change", "at", "actor", "door", "on_behalf", "reason"):
            assert told[name] == deed[name]
