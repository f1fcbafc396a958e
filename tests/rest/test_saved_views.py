"""Saved views through REST."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.support.site import Site

VIEWS = "/core/saved-views"
FORMAL = ["=", "state", "formal"]


def test_a_program_keeps_reads_changes_and_deletes_views(site: Site, api: Callable[..., Any]) -> None:
    site.user("li", "hq", ["sales_rep"])
    client = api("li")
    made = client.post(VIEWS, {"name": "Formal", "entity": "core.customer", "query": {"filter": FORMAL}}).json
    assert made["owner"]["key"] == "li"
    assert made["unit"] is None
    assert made["query"] == {"filter": FORMAL}
    changed = client.patch(f"{VIEWS}/{made['id']}", {"query": {"sort": "-name", "q": ""}, "version": 1}).json
    assert changed["query"] == {"sort": "-name"}
    assert [one["name"] for one in client.get(VIEWS).json["items"]] == ["Formal"]
    assert client.get(f"{VIEWS}/{made['id']}/history").json["items"]
    client.delete(f"{VIEWS}/{made['id']}", 2)
    assert client.get(VIEWS).json["items"] == []


def test_what_is_wrong_is_said_at_its_field(site: Site, api: Callable[..., Any]) -> None:
    client = api()
    for values, field in (
        ({"entity": "core.nothing"}, "entity"),
        ({"query": {"filter": ["=", "nothing", 1]}}, "query"),
        ({"query": {"colour": "red"}}, "query"),
        ({"query": {"sort": ["name"]}}, "query"),
        ({"query": "name"}, "query"),
        ({"query": {"columns": "name,nothing"}}, "query"),
        ({"owner": "li"}, "owner"),
    ):
        body = {"name": "A", "entity": "core.customer", **values}
        assert field in client.post(VIEWS, body, status=422).json["errors"], values


def test_nobody_sees_or_changes_anothers_view(site: Site, api: Callable[..., Any]) -> None:
    site.create("core.unit", {"code": "east", "name": "East", "kind": "branch", "parent": "hq"})
    site.user("li", "hq", ["sales_rep"])
    site.user("wang", "east", ["sales_rep"])
    li, wang = api("li"), api("wang")
    mine = li.post(VIEWS, {"name": "Mine", "entity": "core.customer"}).json["id"]
    ours = li.post(VIEWS, {"name": "Ours", "entity": "core.customer", "unit": "hq"}).json["id"]
    assert [one["name"] for one in wang.get(VIEWS).json["items"]] == ["Ours"]
    wang.get(f"{VIEWS}/{mine}", status=404)
    wang.patch(f"{VIEWS}/{ours}", {"name": "X", "version": 1}, status=403)
    wang.delete(f"{VIEWS}/{ours}", 1, status=403)
    refused = wang.post(VIEWS, {"name": "All", "entity": "core.customer", "unit": "hq"}, status=422)
    assert "unit" in refused.json["errors"]
    assert wang.act(f"{VIEWS}/{ours}", "open-first").status_int == 200
    wang.act(f"{VIEWS}/{mine}", "open-first", status=404)
    api("wang", read_only=True).act(f"{VIEWS}/{ours}", "close-first", status=403)
