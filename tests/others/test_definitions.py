"""Fields that an administrator defines: what they may be called, what may change, who notices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from webtest import TestApp

from core.app import make_app
from core.boot import boot
from core.services import records
from tests.others.conftest import FIELDS, define
from tests.rest.conftest import Api
from tests.support.site import Site

CUSTOMERS = "/core/customers"
GOOD = {"entity": "core.customer", "type": "text", "label_zh": "字段", "label_en": "Field"}


def test_a_name_is_short_plain_and_nobody_elses(admin: Api) -> None:
    for name in ("a", "A1", "1a", "_a", "a b", "a.b", "名称", "a" * 32, "a-b", "a\n", ""):
        assert "name" in admin.post(FIELDS, GOOD | {"name": name}, status=422).json["errors"], name
    for name in ("phone", "id", "version", "created_at", "owner", "gifts", "core", "custom"):
        assert "name" in admin.post(FIELDS, GOOD | {"name": name}, status=422).json["errors"], name
    admin.post(FIELDS, GOOD | {"name": "a" * 31})
    again = admin.post(FIELDS, GOOD | {"name": "a" * 31}, status=409).json
    assert (again["code"], [*again["errors"]]) == ("DUPLICATE", ["name"])


def test_only_some_entities_take_fields(admin: Api) -> None:
    for key in ("core.user", "core.custom_field", "gifts.gift", "nothing", "core"):
        refused = admin.post(FIELDS, GOOD | {"name": "ab", "entity": key}, status=422).json
        assert "core.customer" in refused["errors"]["entity"][0]


def test_there_are_not_too_many(admin: Api) -> None:
    rows = [GOOD | {"name": f"f{number}"} for number in range(61)]
    statuses = [row["status"] for row in admin.post(f"{FIELDS}/bulk", {"rows": rows}, status=200).json["rows"]]
    assert statuses == [201] * 60 + [409]
    assert len(admin.customer("A")["custom"]) == 60
    [first] = admin.get(FIELDS, filter='["=","name","f0"]').json["items"]
    admin.delete(f"{FIELDS}/{first['id']}", version=1)
    admin.post(FIELDS, rows[60])
    assert admin.act(f"{FIELDS}/{first['id']}", "restore", status=409).json["code"] == "TOO_MANY"


def test_entity_name_and_type_stay(admin: Api) -> None:
    made = define(admin, "motto", "text")
    for change in ({"name": "other"}, {"type": "number"}, {"entity": "core.contact"}):
        refused = admin.patch(f"{FIELDS}/{made['id']}", {"version": 1, **change}, status=422).json
        assert [*refused["errors"]] == [*change]
    for kind in ("reference", "", 5, None, "textual"):
        assert "type" in admin.post(FIELDS, GOOD | {"name": "ab", "type": kind}, status=422).json["errors"]


@pytest.mark.parametrize(
    "choices",
    [
        None,
        [],
        "gold",
        {"gold": "Gold"},
        [5],
        [None],
        [""],
        [{"label_zh": "x"}],
        [{"code": "a", "colour": "red"}],
        [{"code": "a", "active": "no"}],
        [{"code": ["a"]}],
        [{"code": "a", "label_en": "y" * 101}],
        ["a", "a"],
        ["a|b"],
        ["-a"],
        ["x" * 65],
        [f"c{number}" for number in range(201)],
    ],
)
def test_choices_are_a_list_of_codes(admin: Api, choices: Any) -> None:
    body = GOOD | {"name": "ab", "type": "choice", "choices": choices}
    assert "choices" in admin.post(FIELDS, body, status=422).json["errors"]


def test_only_a_choice_has_choices(admin: Api) -> None:
    assert "choices" in admin.post(FIELDS, GOOD | {"name": "ab", "choices": ["a"]}, status=422).json["errors"]


@pytest.mark.databases
def test_a_choice_in_use_is_retired(admin: Api) -> None:
    made = define(admin, "rank", "choice", choices=["gold", "silver", "bronze"])
    record = admin.customer("A", custom={"rank": "gold"})
    path = f"{CUSTOMERS}/{record['id']}"
    changed = admin.patch(f"{FIELDS}/{made['id']}", {"version": 1, "choices": ["bronze", "tin"]}).json
    assert [(one["code"], one["active"]) for one in changed["choices"]] == [
        ("bronze", True),
        ("tin", True),
        ("gold", False),
    ]
    kept = admin.patch(path, {"version": 1, "phone": "1", "custom": {"rank": "gold"}}).json
    assert kept["custom"]["rank"] == "gold"
    assert admin.names(filter='["=","custom.rank","gold"]') == ["A"]
    refused = admin.post(CUSTOMERS, {"name": "B", "custom": {"rank": "gold"}}, status=422).json
    assert "tin" in refused["errors"]["custom.rank"][0]
    admin.patch(path, {"version": 2, "custom": {"rank": "tin"}})
    assert "custom.rank" in admin.patch(path, {"version": 3, "custom": {"rank": "gold"}}, status=422).json["errors"]


def test_what_is_required_is_asked_of_new_and_of_changed_records(admin: Api) -> None:
    old = admin.customer("Old")
    made = define(admin, "motto", "text", required=True)
    path = f"{CUSTOMERS}/{old['id']}"
    assert "custom.motto" in admin.post(CUSTOMERS, {"name": "New"}, status=422).json["errors"]
    assert "custom.motto" in admin.patch(path, {"version": 1, "phone": "1"}, status=422).json["errors"]
    assert admin.patch(path, {"version": 1, "name": "Old"}).json["version"] == 1
    admin.patch(path, {"version": 1, "phone": "1", "custom": {"motto": "x"}})
    assert "custom.motto" in admin.patch(path, {"version": 2, "custom": {"motto": None}}, status=422).json["errors"]
    admin.patch(f"{FIELDS}/{made['id']}", {"version": 1, "active": False})
    assert "custom" not in admin.patch(path, {"version": 2, "phone": "2"}).json


def test_what_somebody_may_not_fill_in_is_not_asked_of_him(site: Site, admin: Api, api: Callable[..., Api]) -> None:
    define(admin, "motto", "text", required=True)
    hidden = [{"entity": "core.customer", "field": "custom.motto", "right": "none", "condition": None}]
    site.role("blind", [], hidden)
    site.user("li", roles=["sales_rep", "blind"])
    made = api("li").customer("A")
    assert "custom" not in made
    api("li").patch(f"{CUSTOMERS}/{made['id']}", {"version": 1, "phone": "1"})
    refused = api("li").patch(f"{CUSTOMERS}/{made['id']}", {"version": 2, "custom": {"motto": "x"}}, status=403).json
    assert refused["code"] == "FIELD"
    for query in ({"filter": '["empty","custom.motto"]'}, {"sort": "custom.motto"}):
        assert api("li").get(CUSTOMERS, status=403, **query).json["code"] == "FIELD"


def test_administrators_only(site: Site, api: Callable[..., Api]) -> None:
    site.user("boss", roles=["executive", "sales_manager"])
    site.user("lin", roles=["customer_admin"])
    for login in ("boss", "lin"):
        assert api(login).get(FIELDS).json["items"] == []
        api(login).post(FIELDS, GOOD | {"name": "ab"}, status=403)


def test_every_process_notices_at_its_next_request(site: Site, admin: Api) -> None:
    """Two kernels in one process: each has its own catalog, and both follow the database."""
    other = boot(site.settings)
    elsewhere = Api(TestApp(make_app(other)), admin.headers["Authorization"].removeprefix("Bearer "))
    assert "custom" not in elsewhere.customer("A")
    made = define(admin, "motto", "text")
    assert elsewhere.customer("B")["custom"] == {"motto": None}
    elsewhere.patch(f"{FIELDS}/{made['id']}", {"version": 1, "active": False})
    assert "custom" not in admin.customer("C")
    assert all("." not in field.name for field in boot(site.settings, ()).catalog["core.customer"].fields)
    other.database.dispose()


def test_a_rolled_back_definition_was_never_there(site: Site, admin: Api) -> None:
    with pytest.raises(RuntimeError), site.acting() as ctx:
        _define_and_fail(ctx)
    assert "custom" not in admin.customer("A")


def _define_and_fail(ctx: Any) -> None:
    records.create(ctx, ctx.catalog["core.custom_field"], GOOD | {"name": "motto"})
    raise RuntimeError


def test_a_grant_on_a_field_that_goes_is_inert_and_a_denial_refuses_all(
    site: Site, admin: Api, api: Callable[..., Api]
) -> None:
    made = define(admin, "secret", "boolean")
    open_to = {"entity": "core.customer", "action": "view", "reach": "all", "deny": False}
    site.role("some", [open_to | {"condition": ["=", "custom.secret", False]}])
    site.role("most", [open_to, open_to | {"deny": True, "condition": ["=", "custom.secret", True]}])
    site.user("some", roles=["some"])
    site.user("most", roles=["most"])
    admin.customer("Open", custom={"secret": False})
    admin.customer("Secret", custom={"secret": True})
    admin.customer("Blank")
    assert api("some").names(sort="name") == ["Open"]
    assert api("most").names(sort="name") == ["Blank", "Open"]
    admin.delete(f"{FIELDS}/{made['id']}", version=1)
    assert (api("some").names(), api("most").names()) == ([], [])
    define(admin, "secret", "boolean")
    assert api("some").names() == []
    assert api("most").names(sort="name") == ["Blank", "Open", "Secret"]
    refused = admin.post(
        "/core/roles",
        {"code": "x", "name": "x", "grants": [open_to | {"condition": ["=", "custom.absent", 1]}]},
        status=422,
    )
    assert "custom.absent" in str(refused.json["errors"]["grants"])
