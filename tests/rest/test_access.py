"""`access`: why somebody may or may not, told to whoever may know it, and no more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.site import Site

CUSTOMERS = "/core/customers"
ASKING = (
    *({"entity": "core.customer", "action": one, "reach": "all"} for one in ("view", "explain")),
    {"entity": "core.user", "action": "explain", "reach": "all"},
)


def told(client: Any, number: int, **query: str) -> dict[str, Any]:
    reply = client.get(f"{CUSTOMERS}/{number}/access", **query).json
    return {item["action"]: item for item in reply["actions"]}


def kinds(item: dict[str, Any], name: str = "because") -> list[str]:
    return [one["kind"] for one in item[name]]


@pytest.fixture
def number(site: Site) -> int:
    site.unit("east")
    site.user("li", "east")
    site.user("zhang")
    site.user("wang", "east", roles=["sales_manager"])
    site.role("helper", [*ASKING])
    site.user("helper", roles=["helper"])
    return site.customer("Acme", "li")


@pytest.mark.databases
def test_both_ways_with_the_change_that_turns_it(site: Site, api: Callable[..., Any], number: int) -> None:
    admin = api()
    owner = told(admin, number, user="li")
    assert {name: item["allowed"] for name, item in owner.items() if name in ("view", "edit", "delete", "assign")} == {
        "view": True,
        "edit": True,
        "delete": False,
        "assign": False,
    }
    assert owner["view"]["because"] == [
        {
            "kind": "grant",
            "role": {"id": owner["view"]["because"][0]["role"]["id"], "label": "销售代表", "key": "sales_rep"},
            "reach": "own",
            "line": 2,
            "text": owner["view"]["because"][0]["text"],
        }
    ]
    assert kinds(owner["view"], "change") == ["remove_grant"]
    stranger = told(admin, number, user="zhang")["view"]
    assert (stranger["allowed"], kinds(stranger)) == (False, ["no_grant", "missed"])
    (step,) = stranger["change"]
    assert (step["kind"], step["to"], step["actions"]) == ("share", {"user": "zhang"}, ["view"])
    admin.act(f"{CUSTOMERS}/{number}", "share", {"to": step["to"], "actions": step["actions"]})
    shared = told(admin, number, user="zhang")["view"]
    assert (shared["allowed"], kinds(shared), kinds(shared, "change")) == (True, ["share"], ["end_share"])
    admin.patch(f"{CUSTOMERS}/{number}", {"secrecy": 3, "version": 1})
    secret = told(admin, number, user="li")["view"]
    assert (kinds(secret), kinds(secret, "change")) == (["clearance", "grant"], ["clearance"])
    assert secret["change"][0]["to"] == 3


def test_sentences_are_in_the_reader_s_language(api: Callable[..., Any], number: int) -> None:
    client = api()
    texts = {}
    for language in ("en", "zh-CN"):
        client.headers["Accept-Language"] = language
        texts[language] = told(client, number, user="li")["view"]["because"][0]["text"]
    assert texts["en"] == "销售代表 gives it on records of one's own."
    assert "销售代表" in texts["zh-CN"]
    assert texts["zh-CN"] != texts["en"]


def test_who_may_ask(api: Callable[..., Any], number: int) -> None:
    assert told(api("li"), number)["view"]["allowed"]
    api("li").get(f"{CUSTOMERS}/{number}/access", user="zhang", status=403)
    assert told(api("helper"), number, user="zhang")["view"]["allowed"] is False
    for nobody in ("nobody", ""):
        reply = api("helper").get(f"{CUSTOMERS}/{number}/access", user=nobody, status=400)
        assert list(reply.json["errors"]) == ["user"]
    api("helper").get(f"{CUSTOMERS}/{number}/access", usr="li", status=400)
    hidden, absent = (api("zhang").get(f"{CUSTOMERS}/{one}/access", status=404).body for one in (number, 987_654))
    assert hidden == absent
    assert api("zhang").get(f"{CUSTOMERS}/{number}/access", user="li", status=404).body == absent


def test_a_manager_asks_about_his_people_and_what_he_sees(site: Site, api: Callable[..., Any], number: int) -> None:
    site.unit("west")
    site.user("wu", "west")
    wang, admin = api("wang"), api()
    wang.headers["Accept-Language"] = "en"
    assert told(wang, number, user="li")["view"]["allowed"] is True
    for stranger in ("zhang", "wu", "admin"):
        refused = wang.get(f"{CUSTOMERS}/{number}/access", user=stranger, status=403).json
        assert "only about people in the units that you manage" in refused["detail"]
    theirs = site.customer("Beta", "wu")
    absent = wang.get(f"{CUSTOMERS}/987654/access", user="li", status=404).body
    assert wang.get(f"{CUSTOMERS}/{theirs}/access", user="li", status=404).body == absent
    admin.act(f"{CUSTOMERS}/{theirs}", "share", {"to": {"user": "wang"}, "actions": ["view"]})
    assert told(wang, theirs, user="li")["view"]["allowed"] is False  # of what he sees, wherever it is
    wang.get(f"{CUSTOMERS}/{theirs}/access", user="wu", status=403)


def test_nothing_is_told_of_a_customer_that_the_asker_does_not_see(
    site: Site, api: Callable[..., Any], number: int
) -> None:
    site.user("su", clearance=3)
    secret = site.customer("Secret", owner="su", secrecy=3)
    admin = api()
    made = admin.post("/core/activities", {"kind": "note", "subject": "s", "customer": secret, "assignee": "wang"})
    path = f"/core/activities/{made.json['id']}/access"
    assert "clearance" in admin.get(path, user="li").text
    for login in ("wang", "li"):  # about oneself, and about one's people
        reply = api("wang").get(path, user=login)
        for action in reply.json["actions"]:
            about = [one for one in action["because"] if one["kind"] == "customer"]
            assert [one["because"] for one in about] == [[]] * len(about)
            assert all(step.get("entity") != "core.customer" for step in action["change"] or ())
        assert "clearance" not in reply.text
        assert '"to":3' not in reply.text.replace(" ", "")


def test_a_dealer_asks_about_his_own_people_only(site: Site, api: Callable[..., Any], number: int) -> None:
    site.unit("d1", "dealer")
    site.user("deng", "d1", roles=["dealer", "helper"])
    replies = [
        api("deng").get(f"{CUSTOMERS}/{number}/access", user=login, status=400).body for login in ("li", "nobody")
    ]
    assert replies[0] == replies[1]


def test_roles_and_hidden_fields_stay_unnamed(site: Site, api: Callable[..., Any], number: int) -> None:
    rich = ["=", "annual_revenue", "777.00"]
    site.role("rich", [{"entity": "core.customer", "action": "view", "reach": "all", "condition": rich}])
    site.role("code_word", [{"entity": "core.customer", "action": "*", "reach": "all", "deny": True}])
    site.user("mo", roles=["rich"])
    site.user("no", roles=["code_word"])
    site.role(
        "clerk",
        [
            *ASKING,
            {"entity": "core.role", "action": "view", "reach": "all"},
        ],
        [{"entity": "core.customer", "field": "annual_revenue", "right": "none", "condition": None}],
    )
    site.user("clerk", roles=["clerk"])
    assert "777.00" in str(told(api(), number, user="mo"))
    plain = api("helper").get(f"{CUSTOMERS}/{number}/access", user="no").text
    assert "code_word" not in plain
    assert '{"restricted":true}' in plain
    for client in (api("helper"), api("clerk")):
        text = client.get(f"{CUSTOMERS}/{number}/access", user="mo").text
        assert "777.00" not in text
        assert "annual_revenue" not in text
    assert "rich" in api("clerk").get(f"{CUSTOMERS}/{number}/access", user="mo").text
    assert "rich" not in api("helper").get(f"{CUSTOMERS}/{number}/access", user="mo").text


def test_a_reading_token_and_a_user_who_left(site: Site, api: Callable[..., Any], number: int) -> None:
    mine = told(api(read_only=True), number)
    assert (mine["view"]["allowed"], mine["edit"]["allowed"]) == (True, False)
    assert (kinds(mine["edit"]), kinds(mine["edit"], "change")) == (["read_only"], ["token"])
    assert told(api(read_only=True), number, user="li")["edit"]["allowed"] is True
    gone = site.user("gone")
    api().act(f"/core/users/{gone}", "deactivate")
    left = told(api(), number, user="gone")
    assert {item["allowed"] for item in left.values()} == {False}
    assert kinds(left["view"]) == ["inactive"]


def test_public_and_personal_records(site: Site, api: Callable[..., Any], number: int) -> None:
    unit = api("li").get("/core/units/1/access").json["actions"][0]
    assert (unit["action"], unit["allowed"], kinds(unit), unit["change"]) == ("view", True, ["public"], None)
    token = api("li").post("/core/tokens", {}).json["id"]
    mine = api("li").get(f"/core/tokens/{token}/access").json["actions"]
    assert [(item["action"], item["allowed"]) for item in mine][:3] == [
        ("view", True),
        ("edit", True),
        ("delete", True),
    ]
    assert kinds(mine[0]) == ["personal"]


def test_what_people_do_follows_them_and_the_customer(site: Site, api: Callable[..., Any], number: int) -> None:
    admin = api()
    made = admin.post(
        "/core/activities", {"kind": "note", "subject": "s", "customer": number, "assignee": "zhang"}
    ).json

    def of(login: str, action: str = "view") -> dict[str, Any]:
        reply = admin.get(f"/core/activities/{made['id']}/access", user=login).json
        return next(item for item in reply["actions"] if item["action"] == action)

    site.user("wu")
    zhang, li, wu = of("zhang"), of("li"), of("wu")
    assert (zhang["allowed"], kinds(zhang), kinds(zhang, "change")) == (True, ["customer", "people"], ["remove_people"])
    assert (li["allowed"], kinds(li), kinds(li, "change")) == (True, ["customer"], ["remove_grant"])
    assert (wu["allowed"], kinds(wu, "change")) == (False, ["add_people"])
    assert of("zhang", "edit")["allowed"] is True
    refused = of("wu", "edit")
    assert (refused["allowed"], kinds(refused, "change")) == (False, ["add_people", "grant"])
    admin.patch(f"/core/activities/{made['id']}", {"participants": ["wu"], "version": 1})
    assert of("wu")["allowed"] is True
    for login, client in (("zhang", api("zhang")), ("wu", api("wu")), ("li", api("li"))):
        for action, status in (("view", 200), ("edit", 200)):
            version = admin.get(f"/core/activities/{made['id']}").json["version"]
            path = f"/core/activities/{made['id']}"
            sent = {"version": version, "subject": f"{login} {action}"}
            reply = client.app.patch_json(f"/api/v1{path}", sent, headers=client.headers, expect_errors=True)
            expected = status if of(login, "edit")["allowed"] else 403
            assert reply.status_code == expected, (login, action)
