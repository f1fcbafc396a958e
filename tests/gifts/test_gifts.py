"""A third party's plugin, seen from outside: its entity, panel and column work like the kernel's own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pyramid.interfaces import IRoutesMapper
from sqlalchemy import inspect
from webtest import TestApp

from core.app import make_app
from core.entities.listing import ask
from core.http.paths import by_path
from core.migrations import leaving
from core.migrations.runner import connected
from core.services import records
from core.services.work import Ctx
from tests.rest.conftest import api, app  # noqa: F401 - fixtures
from tests.support.site import Site

GIFTS = "/gifts/gifts"


@pytest.fixture
def two_reps(site: Site) -> Site:
    site.unit("east")
    site.user("li", "east")
    site.user("wang", "east")
    site.customer("Li's", "li")
    site.customer("Wang's", "wang")
    return site


@pytest.mark.databases
def test_a_child_is_seen_with_its_customer(two_reps: Site, api: Callable[..., Any]) -> None:  # noqa: F811
    li, wang = api("li"), api("wang")
    mine = li.get("/core/customers").json["items"][0]
    gift = li.post(GIFTS, {"customer": mine["id"], "name": "茶叶", "price": "99"}).json
    assert (gift["code"], gift["customer"]["label"]) == ("G000001", "Li's")
    assert li.names(GIFTS) == ["茶叶"]
    assert wang.names(GIFTS) == []
    wang.get(f"{GIFTS}/{gift['id']}", status=404)
    refused = wang.post(GIFTS, {"customer": mine["id"], "name": "x"}, status=422).json
    assert refused == wang.post(GIFTS, {"customer": 999, "name": "x"}, status=422).json
    assert li.names(GIFTS, filter='["=","customer.name","Li\'s"]') == ["茶叶"]
    li.delete(f"{GIFTS}/{gift['id']}", version=1, status=403)


def test_what_is_deleted_comes_back(two_reps: Site, api: Callable[..., Any]) -> None:  # noqa: F811
    """Nobody declares it: whatever goes to the recycle bin has the verb."""
    boss = api("admin")
    customer = boss.get("/core/customers").json["items"][0]["id"]
    gift = boss.post(GIFTS, {"customer": customer, "name": "茶叶"}).json
    boss.delete(f"{GIFTS}/{gift['id']}", version=1)
    assert boss.names(GIFTS) == []
    assert f"/api/v1{GIFTS}/{{id}}/actions/restore" in boss.get("/openapi.json").json["paths"]
    api("li").post(f"{GIFTS}/{gift['id']}/actions/restore", {}, status=404)  # deleting is not his
    boss.post(f"{GIFTS}/{gift['id']}/actions/restore", {}, status=200)
    assert boss.names(GIFTS) == ["茶叶"]


@pytest.mark.databases
def test_what_a_plugin_makes_searchable_is_found(two_reps: Site, api: Callable[..., Any]) -> None:  # noqa: F811
    li, wang = api("li"), api("wang")
    mine = li.get("/core/customers").json["items"][0]
    gift = li.post(GIFTS, {"customer": mine["id"], "name": "西湖龙井-茶叶"}).json
    hit = {"entity": "gifts.gift", "id": gift["id"], "label": "西湖龙井-茶叶", "field": "name"}
    assert li.get("/search", q="龙井茶").json["items"] == [hit]
    assert wang.get("/search", q="龙井茶").json["items"] == []
    assert (li.names(GIFTS, q="龙井茶"), wang.names(GIFTS, q="龙井茶")) == (["西湖龙井-茶叶"], [])


def test_children_go_and_return_with_their_customer(two_reps: Site, api: Callable[..., Any]) -> None:  # noqa: F811
    li, admin = api("li"), api()
    mine = li.get("/core/customers").json["items"][0]
    li.post(GIFTS, {"customer": mine["id"], "name": "茶叶"})
    admin.delete(f"/core/customers/{mine['id']}", version=1)
    assert admin.names(GIFTS) == []
    assert li.names(GIFTS) == []
    admin.act(f"/core/customers/{mine['id']}", "restore")
    assert li.names(GIFTS) == ["茶叶"]


def test_a_child_follows_its_customer_to_the_next_owner(two_reps: Site, api: Callable[..., Any]) -> None:  # noqa: F811
    li, wang = api("li"), api("wang")
    mine = li.get("/core/customers").json["items"][0]
    li.post(GIFTS, {"customer": mine["id"], "name": "茶叶"})
    api().act(f"/core/customers/{mine['id']}", "assign", {"owner": "wang"})
    assert (li.names(GIFTS), wang.names(GIFTS)) == ([], ["茶叶"])
    api().act(f"/core/customers/{mine['id']}", "share", {"to": {"user": "li"}})
    assert li.names(GIFTS) == ["茶叶"]


def test_the_column_costs_one_statement_a_page(two_reps: Site) -> None:
    column = two_reps.kernel.columns.get("gifts.count")
    gift = two_reps.kernel.catalog["gifts.gift"]

    def task(ctx: Ctx) -> Any:
        customer = ctx.catalog["core.customer"]
        page = records.listing(ctx, ask(ctx.rights, customer)).records
        for _number in range(2):
            records.create(ctx, gift, {"customer": page[0].id, "name": "x"})
        return column.load(ctx, [record.id for record in page]), page[0].id

    counts, customer_id = two_reps.run(task)
    assert counts == {customer_id: 2}
    with two_reps.acting("wang", write=False) as ctx:
        assert column.load(ctx, [customer_id]) == {}


def test_the_pages_have_the_plugin_in_them(two_reps: Site, app: TestApp) -> None:  # noqa: F811
    two_reps.run(lambda ctx: records.create(ctx, ctx.catalog["gifts.gift"], {"customer": 1, "name": "龙井"}))
    page = app.get("/login")
    form = page.forms[0]
    form["login"], form["password"] = "admin", "x9-Long-Enough"
    form.submit(status=303)
    assert "龙井" in app.get("/core/customers/1").text
    listed = app.get("/core/customers").html if hasattr(page, "html") else app.get("/core/customers").text
    assert "gifts.count" in str(listed)
    assert "龙井" in app.get(GIFTS).text


@pytest.mark.databases
def test_tables_that_refer_to_each_other_are_purged_with_their_rows(site: Site, tmp_path: Path) -> None:
    customer = site.customer("Acme")
    with site.acting() as ctx:
        values = {"customer": customer, "name": "茶叶", "given_on": "2026-05-01"}
        gift = records.create(ctx, ctx.catalog["gifts.gift"], values)
        entity = ctx.catalog["core.customer"]
        records.change(ctx, entity, customer, {"gifts.favourite": gift.id}, 1)
    site.close()
    counts = leaving.purge(site.settings.database_url, "gifts", tmp_path / "gifts.zip")
    assert counts == {"gifts_gift": 1, "gifts_wishes": 1}
    with connected(site.settings.database_url, write=False) as connection:
        assert not [name for name in inspect(connection).get_table_names() if "gifts" in name]


def test_entities_share_their_routes(site: Site) -> None:
    routes = make_app(site.kernel).registry.getUtility(IRoutesMapper).get_routes()
    paths = [path for path, entity in by_path(site.kernel.catalog).items() if entity.key.startswith("gifts.")]
    assert paths
    own = [route.path for route in routes for path in paths if f"{path}/" in f"{route.path}/"]
    assert own == []
