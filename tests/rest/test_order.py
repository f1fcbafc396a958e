"""The order in which a request is judged, on every address that the OpenAPI document has."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from core.http.paths import by_path
from tests.support.site import Site

METHODS = ("get", "post", "patch", "delete")
ABSENT = "987654"
BIG = b'{"name": "' + b"x" * (9 * 2**20) + b'"}'


def calls(client: Any) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Each method of each address, about a record that is not there, and the description of the call."""
    for path, item in client.get("/openapi.json").json["paths"].items():
        for method in METHODS:
            if method in item:
                yield method.upper(), path.replace("{id}", ABSENT), item[method]


def send(
    client: Any, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None, token: bool = True
) -> Any:
    own = client.headers if token else {}
    client.app.lint = False  # it objects to bodies that are sent like this
    return client.app.request(path, method=method, body=body, headers={**own, **(headers or {})}, expect_errors=True)


def answers(client: Any, wanted: Callable[[str, dict[str, Any]], bool], status: int, **how: Any) -> int:
    """Send the same to every call that is wanted; how many there were."""
    found = 0
    query, token, kind = how.pop("query", ""), how.pop("token", True), how.pop("kind", "application/json")
    body, method_sent = how.pop("body", b""), how.pop("method", None)
    for method, path, call in calls(client):
        if wanted(method, call):
            headers = {"Content-Type": kind} if body else {}
            reply = send(client, method_sent or method, path + query, body, headers=headers, token=token)
            assert reply.status_code == status, (method, path, reply.status_code, reply.text[:300])
            assert str(status) in call["responses"] or status == 405, (method, path, status)
            found += 1
    return found


def takes_json(method: str, call: dict[str, Any]) -> bool:
    return "application/json" in call.get("requestBody", {}).get("content", {})


def about_one(method: str, call: dict[str, Any]) -> bool:
    return any(one["name"] == "id" for one in call.get("parameters", ()))


def every(method: str, call: dict[str, Any]) -> bool:
    return True


def test_first_of_all_who_it_is(api: Callable[..., Any]) -> None:
    wrong = {"query": "?nonsense=1", "body": b"{", "kind": "text/plain"}
    assert answers(api(), every, 401, token=False, **wrong) > 60
    assert answers(api(), every, 401, token=False, method="PUT", **wrong) > 60


def test_then_whether_it_can_be_read(api: Callable[..., Any]) -> None:
    client = api()
    assert answers(client, every, 400, query="?nonsense=1") > 60
    assert answers(client, every, 405, method="PUT", body=b"{", kind="text/plain") > 60
    assert answers(client, takes_json, 413, body=BIG) > 30
    assert answers(client, takes_json, 415, body=b"{", kind="text/plain") > 30
    assert answers(client, takes_json, 400, body=b"{") > 30
    assert answers(client, takes_json, 400, body=b'{"version": 1, "version": 2}') > 30


def test_then_whether_it_is_there(api: Callable[..., Any]) -> None:
    client = api()
    assert answers(client, about_one, 404, body=b'{"nonsense": 1}') > 30


def test_methods_are_named_where_one_is_wrong(api: Callable[..., Any]) -> None:
    client = api()
    for path, item in client.get("/openapi.json").json["paths"].items():
        reply = send(client, "PUT", path.replace("{id}", ABSENT))
        assert {name.strip() for name in reply.headers["Allow"].split(",")} == {
            method.upper() for method in METHODS if method in item
        }, path


@pytest.mark.parametrize("right", [False, True])
def test_then_right_version_and_values(site: Site, api: Callable[..., Any], right: bool) -> None:
    """403 before 428 before 409 before 422, for a change, a deletion and a verb."""
    grants = [{"entity": "core.customer", "action": "view", "reach": "all"}]
    if right:
        grants += [{"entity": "core.customer", "action": one, "reach": "all"} for one in ("edit", "delete", "assign")]
    site.role("r", grants)
    site.user("li", roles=["r"])
    path = f"/api/v1/core/customers/{site.customer('A')}"
    client = api("li")

    def judged(method: str, body: Any, place: str = path) -> int:
        reply = send(client, method, place, json.dumps(body).encode(), {"Content-Type": "application/json"})
        return int(reply.status_code)

    wrong = {"name": ""}
    assert judged("PATCH", wrong) == (428 if right else 403)
    assert judged("PATCH", {**wrong, "version": 9}) == (409 if right else 403)
    assert judged("PATCH", {**wrong, "version": 1}) == (422 if right else 403)
    assert judged("DELETE", {}) == (428 if right else 403)
    assert judged("DELETE", {"version": 9}) == (409 if right else 403)
    verb = f"{path}/actions/assign"
    assert judged("POST", {"owner": "nobody", "version": 9}, verb) == (409 if right else 403)
    assert judged("POST", {"owner": "nobody"}, verb) == (422 if right else 403)


def test_hidden_and_absent_are_the_same_bytes_on_every_address(site: Site, api: Callable[..., Any]) -> None:
    """Of each entity that hides records: those of another, and none."""
    site.user("li")
    others = site.customer("Other")
    hidden = {"core.customer": others, "core.role": 1, "core.audit": 1}
    client, admin = api("li"), api()
    hidden["core.token"] = admin.post("/core/tokens", {}).json["id"]
    hidden["core.contact"] = admin.post("/core/contacts", {"customer": others, "name": "C"}).json["id"]
    collections = {entity.key: path for path, entity in by_path(site.kernel.catalog).items()}
    compared = 0
    for key, number in hidden.items():
        client.get(f"{collections[key]}/{number}", status=404)
        for method, path, call in calls(client):
            if f"{collections[key]}/{ABSENT}" in path and about_one(method, call):
                body = b'{"version": 1}' if takes_json(method, call) else b""
                kind = {"Content-Type": "application/json"} if body else {}
                replies = [
                    send(client, method, path.replace(ABSENT, str(one)), body, kind) for one in (number, 987_654)
                ]
                pair = [(reply.status_code, reply.body, dict(reply.headers)) for reply in replies]
                assert pair[0] == pair[1], (method, path)
                assert pair[0][0] == 404
                compared += 1
    assert compared > 15
