"""`GET /search` over all entities: the best hits first, and nothing that the caller may not see or ask by."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import event

from core.services.search import everywhere
from tests.rest.conftest import Api, api, app  # noqa: F401 - fixtures
from tests.support.site import Site

Client = Callable[..., Api]


def hits(client: Api, q: str, **query: Any) -> list[tuple[str, str, str]]:
    items = client.get("/search", q=q, **query).json["items"]
    return [(item["entity"].partition(".")[2], item["label"], item["field"]) for item in items]


@pytest.mark.databases
def test_the_best_hits_come_first(site: Site, api: Client) -> None:  # noqa: F811
    admin = api()
    names = ["New Acme Ltd", "Macmeron", "Acme Steel", "Acme"]
    made = {name: admin.customer(name)["id"] for name in names}
    admin.customer("Other", short_name="Acme")
    admin.post("/core/contacts", {"customer": made["Acme"], "name": "Acme Wang"})
    assert hits(admin, "acme") == [
        ("customer", "Acme", "name"),
        ("customer", "Other", "short_name"),
        ("customer", "Acme Steel", "name"),
        ("contact", "Acme Wang", "name"),
        ("customer", "New Acme Ltd", "name"),
        ("customer", "Macmeron", "name"),
    ]
    assert hits(admin, "acme", limit="2") == [("customer", "Acme", "name"), ("customer", "Other", "short_name")]
    first = admin.get("/search", q="ACME").json["items"][0]
    assert first == {"entity": "core.customer", "id": made["Acme"], "label": "Acme", "field": "name"}


@pytest.mark.databases
def test_by_sound_by_code_and_by_number(site: Site, api: Client) -> None:  # noqa: F811
    admin = api()
    one = admin.customer("华为技术有限公司", phone="010-6243 1234")
    admin.post("/core/contacts", {"customer": one["id"], "name": "重阳", "mobile": "138 1234 5678"})
    huawei, person = ("customer", "华为技术有限公司"), ("contact", "重阳")
    assert hits(admin, "huawei") == [(*huawei, "name")]
    assert hits(admin, "hwjs") == [(*huawei, "name")]
    assert hits(admin, "chongyang") == [(*person, "name")]
    assert hits(admin, "+86 10 62431234") == hits(admin, "01062431234") == [(*huawei, "phone")]
    assert hits(admin, "5678") == [(*person, "mobile")]
    assert hits(admin, one["code"].lower()) == [(*huawei, "code")]
    assert hits(admin, "nothing like it") == []


@pytest.mark.databases
def test_what_is_hidden_changes_nothing(site: Site, api: Client) -> None:  # noqa: F811
    site.unit("east")
    site.user("li", "east")
    site.user("wang", "east")
    li, wang = api("li"), api("wang")
    mine = li.customer("海伟一", phone="13812345678")
    before = {q: li.get("/search", q=q).body for q in ("海伟", "haiwei", "5678", "13912345678")}
    hers = [wang.customer(f"海伟{n}", phone=f"1391234567{n}", short_name="海伟")["id"] for n in range(9)]
    wang.post("/core/contacts", {"customer": hers[0], "name": "海伟"})
    gone = li.customer("海伟二")
    api().delete(f"/core/customers/{gone['id']}", version=1)
    assert {q: li.get("/search", q=q).body for q in before} == before
    assert [item["id"] for item in li.get("/search", q="海伟").json["items"]] == [mine["id"]]
    assert len(hits(wang, "海伟")) == 10


@pytest.mark.parametrize("right", ["none", "mask"])
def test_a_closed_field_yields_no_hit_and_no_label(site: Site, api: Client, right: str) -> None:  # noqa: F811
    everything = [{"entity": "*", "action": "*", "reach": "all"}]
    for role, field in (("no_phone", "phone"), ("no_name", "name")):
        site.role(role, everything, [{"entity": "core.customer", "field": field, "right": right}])
        site.user(role, roles=[role])
    api().customer("北京海伟石油化工股份有限公司", phone="13812345678", short_name="石油")
    assert hits(api("no_phone"), "5678") == []
    assert hits(api("no_phone"), "haiwei")[0][2] == "name"
    assert hits(api("no_name"), "海伟") == hits(api("no_name"), "haiwei") == []
    ((_entity, label, field),) = hits(api("no_name"), "石油")
    assert (field, "海伟" in label) == ("short_name", False)


@pytest.mark.parametrize(
    ("query", "wrong"),
    [
        ({}, "q"),
        ({"q": " "}, "q"),
        ({"q": "华"}, "q"),
        ({"q": "-·' "}, "q"),
        ({"q": "a\x01b"}, "q"),
        ({"q": "a\nb"}, "q"),
        ({"q": "x" * 201}, "q"),
        ({"q": "ab", "limit": "0"}, "limit"),
        ({"q": "ab", "limit": "101"}, "limit"),
        ({"q": "ab", "sort": "name"}, "sort"),
    ],
)
def test_what_cannot_be_looked_for(site: Site, api: Client, query: dict[str, str], wrong: str) -> None:  # noqa: F811
    problem = api().get("/search", 400, **query).json
    assert list(problem["errors"]) == [wrong]


def test_it_is_described(site: Site, api: Client) -> None:  # noqa: F811
    described = api().get("/openapi.json").json["paths"]["/api/v1/search"]["get"]
    assert [one["name"] for one in described["parameters"]] == ["q", "limit"]
    api().post("/search", {}, 405)


@pytest.mark.databases
def test_three_statements_however_many_entities(site: Site) -> None:
    for number in range(5):
        site.customer(f"海伟{number}")
    with site.acting(write=False) as ctx:
        seen: list[str] = []
        event.listen(site.kernel.database.engine, "before_cursor_execute", lambda *args: seen.append(args[2]))
        assert len(everywhere.search(ctx, "海伟")) == 5
    assert len(seen) == 3
