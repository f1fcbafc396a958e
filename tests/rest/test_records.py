"""Records through the REST door: shapes, versions, verbs, the recycle bin."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.site import Site

CUSTOMERS = "/core/customers"


@pytest.mark.databases
def test_a_new_customer_gets_its_defaults(site: Site, api: Callable[..., Any]) -> None:
    reply = api().post(CUSTOMERS, {"name": "华信软件", "industry": "software"})
    made = reply.json
    assert made["code"] == "C000001"
    assert (made["state"], made["kind"], made["secrecy"], made["version"]) == ("target", "company", 1, 1)
    assert made["owner"]["key"] == "admin"
    assert made["unit"]["key"] == "hq"
    assert made["industry"]["key"] == "software"
    assert made["developed_on"] == site.kernel.clock.day(site.kernel.clock.now()).isoformat()
    assert reply.headers["Location"].endswith(f"/api/v1/core/customers/{made['id']}")
    assert reply.headers["ETag"] == '"1"'
    assert reply.headers["Change-Id"]


def test_a_missing_name_is_said_at_the_name(api: Callable[..., Any]) -> None:
    refused = api().post(CUSTOMERS, {}, status=422)
    assert refused.content_type == "application/problem+json"
    assert list(refused.json["errors"]) == ["name"]


@pytest.mark.databases
def test_versions_guard_every_change(api: Callable[..., Any]) -> None:
    client = api()
    path = f"{CUSTOMERS}/{client.customer('A')['id']}"
    assert client.patch(path, {"name": "B"}, status=428).json["status"] == 428
    assert client.patch(path, {"name": "B", "version": 1}).json["version"] == 2
    stale = client.patch(path, {"name": "C", "version": 1}, status=409).json
    assert (stale["current"]["name"], stale["current"]["version"]) == ("B", 2)
    client.delete(path, status=428)
    client.delete(path, version=1, status=409)
    client.delete(path, version=2)
    client.get(path, status=404)


def test_if_match_and_body_say_the_version_alike(api: Callable[..., Any]) -> None:
    client = api()
    made = client.customer("A")
    reply = client.app.patch_json(
        f"/api/v1{CUSTOMERS}/{made['id']}", {"name": "B"}, headers=client.headers | {"If-Match": '"1"'}
    )
    assert reply.json["version"] == 2
    wrong = client.app.patch_json(
        f"/api/v1{CUSTOMERS}/{made['id']}", {"name": "B"}, headers=client.headers | {"If-Match": "three"}, status=400
    )
    assert "If-Match" in wrong.json["errors"]


def test_what_was_read_can_be_sent_back_unchanged(api: Callable[..., Any]) -> None:
    client = api()
    client.post("/core/units", {"code": "east", "name": "华东", "kind": "branch"})
    made = client.customer("A", region="310000", annual_revenue="12.5", unit="east", phone="021-5555 1234")
    again = client.patch(f"{CUSTOMERS}/{made['id']}", made).json
    assert again == made


def test_the_recycle_bin_hides_and_gives_back(api: Callable[..., Any]) -> None:
    client = api()
    made = client.customer("Head")
    child = client.customer("Branch", parent=made["id"])
    client.delete(f"{CUSTOMERS}/{made['id']}", version=1)
    assert client.names() == ["Branch"]
    assert client.names(deleted="1") == ["Head"]
    parent = client.get(f"{CUSTOMERS}/{child['id']}").json["parent"]
    assert parent == {"id": made["id"], "label": "Head", "key": made["code"], "deleted": True}
    client.act(f"{CUSTOMERS}/{child['id']}", "restore", status=404)
    assert client.act(f"{CUSTOMERS}/{made['id']}", "restore").json["version"] == 3
    assert sorted(client.names()) == ["Branch", "Head"]


def test_a_code_is_taken_once_and_never_changed(api: Callable[..., Any]) -> None:
    client = api()
    made = client.customer("A", code="X1")
    taken = client.post(CUSTOMERS, {"name": "B", "code": "X1"}, status=409).json
    assert (taken["code"], list(taken["errors"])) == ("DUPLICATE", ["code"])
    client.delete(f"{CUSTOMERS}/{made['id']}", version=1)
    client.post(CUSTOMERS, {"name": "B", "code": "X1"}, status=409)
    other = client.customer("B", code="C000002")
    refused = client.patch(f"{CUSTOMERS}/{other['id']}", {"code": "X2", "version": 1}, status=422).json
    assert list(refused["errors"]) == ["code"]
    assert client.customer("C")["code"] == "C000001"
    assert client.customer("D")["code"] == "C000003"  # C000002 was taken by hand


def test_state_is_set_once_and_only_to_the_first_two(api: Callable[..., Any]) -> None:
    client = api()
    assert client.customer("A", state="prospect")["state"] == "prospect"
    assert "state" in client.post(CUSTOMERS, {"name": "B", "state": "formal"}, status=422).json["errors"]
    made = client.customer("C")
    assert (
        "state"
        in client.patch(f"{CUSTOMERS}/{made['id']}", {"state": "prospect", "version": 1}, status=422).json["errors"]
    )


def test_a_tree_has_no_rings(api: Callable[..., Any]) -> None:
    client = api()
    top = client.customer("Top")
    low = client.customer("Low", parent=top["id"])
    refused = client.patch(f"{CUSTOMERS}/{top['id']}", {"parent": low["id"], "version": 1}, status=422).json
    assert list(refused["errors"]) == ["parent"]
    refused = client.patch(f"{CUSTOMERS}/{top['id']}", {"parent": top["id"], "version": 1}, status=422).json
    assert list(refused["errors"]) == ["parent"]


def test_assign_moves_owner_and_unit_together(site: Site, api: Callable[..., Any]) -> None:
    site.unit("east")
    li = site.user("li", "east")
    client = api()
    path = f"{CUSTOMERS}/{client.customer('A')['id']}"
    moved = client.act(path, "assign", {"owner": "li"}).json
    assert (moved["owner"]["key"], moved["unit"]["key"], moved["version"]) == ("li", "east", 2)
    pooled = client.act(path, "assign", {"owner": None}).json
    assert (pooled["owner"], pooled["unit"]["key"]) == (None, "east")
    back = client.patch(path, {"owner": "admin", "version": 3}).json
    assert (back["owner"]["key"], back["unit"]["key"]) == ("admin", "hq")
    client.act(f"/core/users/{li}", "deactivate")
    assert "owner" in client.act(path, "assign", {"owner": "li"}, status=422).json["errors"]


def test_a_share_opens_one_record_for_what_it_names(site: Site, api: Callable[..., Any]) -> None:
    site.user("li")
    admin, li = api(), api("li")
    made = admin.customer("A")
    path = f"{CUSTOMERS}/{made['id']}"
    li.get(path, status=404)
    admin.act(path, "share", {"to": {"user": "li"}, "actions": ["view"]})
    assert li.get(path).json["name"] == "A"
    assert li.names() == ["A"]
    li.patch(path, {"name": "B", "version": 1}, status=403)
    admin.act(path, "share", {"to": {"user": "li"}, "actions": ["view", "edit"], "until": "2099-01-01T00:00:00Z"})
    assert li.patch(path, {"name": "B", "version": 1}).json["name"] == "B"
    li.act(path, "assign", {"owner": "li"}, status=403)
    li.delete(path, version=2, status=403)
    shares = admin.get("/core/shares").json["items"]
    assert [(one["record"], one["to"]["user"]["key"], one["actions"]) for one in shares] == [
        (made["id"], "li", ["view", "edit"])
    ]
    admin.act(path, "unshare", {"to": {"user": "li"}})
    li.get(path, status=404)


def test_a_share_over_rest_needs_the_right_to_share(site: Site, api: Callable[..., Any]) -> None:
    site.unit("east")
    site.user("li", "east")
    site.user("wang", "east", ["sales_manager"])
    li, wang = api("li"), api("wang")
    mine = li.customer("Mine")
    body = {"entity": "core.customer", "record": mine["id"], "to": {"user": "admin"}, "actions": ["view"]}
    li.post("/core/shares", body, status=403)
    made = wang.post("/core/shares", body).json
    hidden = api().customer("Hidden")
    refused = wang.post("/core/shares", body | {"record": hidden["id"]}, status=422).json
    never = wang.post("/core/shares", body | {"record": 999_999}, status=422).json
    assert refused == never
    li.delete(f"/core/shares/{made['id']}", version=1, status=404)
    assert wang.patch(f"/core/shares/{made['id']}", {"actions": ["edit"], "version": 1}).json["actions"] == ["edit"]
    wang.delete(f"/core/shares/{made['id']}", version=2)


def test_roles_are_data_and_count_at_once(site: Site, api: Callable[..., Any]) -> None:
    site.user("li", roles=["auditor"])
    admin, li = api(), api("li")
    made = admin.customer("A", annual_revenue="900")
    admin.customer("B", annual_revenue="2000")
    assert li.names() == []
    condition = [">=", "annual_revenue", 1000]
    role = admin.post(
        "/core/roles",
        {
            "code": "big",
            "name": "Big ones",
            "grants": [{"entity": "core.customer", "action": "view", "reach": "all", "condition": condition}],
        },
    ).json
    user = admin.get("/core/users", filter='["=","login","li"]').json["items"][0]
    admin.patch(f"/core/users/{user['id']}", {"roles": ["auditor", "big"], "version": user["version"]})
    assert li.names() == ["B"]
    li.get(f"{CUSTOMERS}/{made['id']}", status=404)
    admin.patch(f"/core/roles/{role['id']}", {"grants": [], "version": 1})
    assert li.names() == []


def test_grants_are_checked_when_they_are_written(api: Callable[..., Any]) -> None:
    client = api()
    good = {"entity": "core.customer", "action": "view", "reach": "own"}
    for number, bad in enumerate(
        (
            good | {"entity": "core.custmer"},
            good | {"action": "look"},
            good | {"reach": "company"},
            good | {"condition": ["=", "regoin", "x"]},
            good | {"deny": "yes"},
            good | {"extra": 1},
            "view",
        )
    ):
        body = {"code": f"r{number}", "name": "R", "grants": [good, bad]}
        errors = client.post("/core/roles", body, status=422).json["errors"]
        assert list(errors) == ["grants"]
        assert "2" in errors["grants"][0]


def test_nobody_gives_more_than_he_has(site: Site, api: Callable[..., Any]) -> None:
    site.unit("east")
    grants = [{"entity": "core.user", "action": action, "reach": "subtree"} for action in ("view", "create", "edit")]
    grants.append({"entity": "core.role", "action": "view", "reach": "all"})
    site.role("people", grants)
    site.user("boss", "east", ["people", "sales_rep"])
    boss = api("boss")
    body = {"login": "new", "name": "New", "unit": "east"}
    boss.post("/core/users", body | {"roles": ["admin"]}, status=403)
    boss.post("/core/users", body | {"clearance": 3}, status=422)
    boss.post("/core/users", body | {"unit": "hq", "roles": ["sales_rep"]}, status=403)
    assert boss.post("/core/users", body | {"roles": ["sales_rep"]}).json["clearance"] == 1


def test_the_last_administrator_stays(api: Callable[..., Any]) -> None:
    client = api()
    client.patch("/core/users/1", {"roles": ["sales_rep"], "version": 1}, status=409)
    client.act("/core/users/1", "deactivate", status=409)
    client.delete("/core/users/1", version=1, status=409)


def test_passwords_are_set_by_a_verb_and_checked(site: Site, api: Callable[..., Any]) -> None:
    user_id = site.user("li")
    client = api()
    for weak in ("short1!", "alllowercase", "li-Secret-1", ""):
        client.act(f"/core/users/{user_id}", "set-password", {"password": weak}, status=422)
    client.act(f"/core/users/{user_id}", "set-password", {"password": "Kept-2-Secret"})
    again = client.act(f"/core/users/{user_id}", "set-password", {"password": "Kept-2-Secret"}, status=422)
    assert "password" in again.json["errors"]
    assert "password" not in client.get(f"/core/users/{user_id}").text


def test_units_form_one_tree(site: Site, api: Callable[..., Any]) -> None:
    client = api()
    east = client.post("/core/units", {"code": "east", "name": "华东", "kind": "branch"}).json
    assert east["parent"]["key"] == "hq"
    low = client.post("/core/units", {"code": "sh", "name": "上海", "kind": "department", "parent": "east"}).json
    refused = client.patch(f"/core/units/{east['id']}", {"parent": low["id"], "version": 1}, status=422).json
    assert list(refused["errors"]) == ["parent"]
    client.delete(f"/core/units/{east['id']}", version=1, status=409)
    client.delete(f"/core/units/{low['id']}", version=1)
    client.delete(f"/core/units/{east['id']}", version=1)


def test_terms_are_trees_within_a_list(api: Callable[..., Any]) -> None:
    client = api()
    term = {"list": "region", "code": "320200", "label_zh": "无锡", "label_en": "Wuxi", "parent": "320000"}
    made = client.post("/core/terms", term).json
    assert made["parent"]["key"] == "320000"
    client.post("/core/terms", term, status=409)
    wrong = {"list": "industry", "code": "x", "label_zh": "x", "label_en": "x", "parent": made["id"]}
    assert "parent" in client.post("/core/terms", wrong, status=422).json["errors"]
    client.customer("A", region="320200")
    client.customer("B", region="310000")
    assert client.names(filter='["under","region","320000"]') == ["A"]


def test_me_says_who_one_is(site: Site, api: Callable[..., Any]) -> None:
    site.user("li")
    me = api("li").get("/me").json
    assert (me["login"], me["unit"]["key"], [role["key"] for role in me["roles"]]) == ("li", "hq", ["sales_rep"])
    assert me["actions"]["core.customer"] == ["view", "create", "edit", "export"]
    assert me["actions"]["core.role"] == []


def test_a_read_only_token_changes_nothing(api: Callable[..., Any]) -> None:
    made = api().customer("A")
    reader = api(read_only=True)
    assert reader.get("/me").json["read_only"] is True
    reader.post(CUSTOMERS, {"name": "B"}, status=403)
    reader.patch(f"{CUSTOMERS}/{made['id']}", {"name": "B", "version": 1}, status=403)
    reader.delete(f"{CUSTOMERS}/{made['id']}", version=1, status=403)
    assert api().names() == ["A"]


def test_openapi_names_every_collection(site: Site, api: Callable[..., Any]) -> None:
    document = api().get("/openapi.json").json
    assert document["openapi"] == "3.1.0"
    keys = {item["x-kehu-entity"] for item in document["paths"].values() if "x-kehu-entity" in item}
    assert keys == {entity.key for entity in site.kernel.catalog}
    assert "/api/v1/core/customers/{id}/actions/assign" in document["paths"]


def test_records_are_found_by_who_made_them_and_when(site: Site, api: Callable[..., Any]) -> None:
    """What every record has beside its entity's fields, in filters too."""
    site.user("li")
    site.customer("Hers", "li")
    site.customer("His")
    admin = api()

    def found(*condition: Any) -> list[str]:
        return [one["name"] for one in admin.get(f"/core/customers?filter={json.dumps(condition)}").json["items"]]

    assert found("=", "created_by", "li") == ["Hers"]
    assert found("=", "created_by", {"$": "me"}) == ["His"]
    assert found("and", [">=", "created_at", {"$": "today"}], ["!=", "id", 1]) == ["His"]
    assert found("<", "created_at", {"$": "today"}) == []
    # Of users everybody sees the names alone; when they were made is not among them.
    refused = api("li").get('/core/users?filter=["<","created_at",{"$":"today"}]', status=403)
    assert refused.json["code"] == "FIELD"
