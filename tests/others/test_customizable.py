"""Contacts and activities take the fields of administrators as customers do."""

from __future__ import annotations

from json import dumps
from typing import Any

import pytest
from sqlalchemy import event

from core.services import bulk, exports, login
from tests.others.conftest import FIELDS, define
from tests.rest.conftest import Api

WHERE = {"core.contact": ("/core/contacts", "name"), "core.activity": ("/core/activities", "subject")}
CHOICES = [{"code": "warm", "label_zh": "热", "label_en": "Warm"}, "cold"]


@pytest.fixture(params=WHERE)
def key(request: pytest.FixtureRequest, admin: Api) -> str:
    """An entity for which the administrator has defined fields of each type."""
    key = str(request.param)
    kinds = ("text", "number", "money", "date", "boolean")
    for position, kind in enumerate(kinds):
        define(admin, f"a_{kind}", kind, entity=key, position=position)
    define(admin, "a_choice", "choice", entity=key, choices=CHOICES, position=9)
    return key


VALUES = {
    "a_text": "言",
    "a_number": 1.5,
    "a_money": "7.00",
    "a_date": "2026-02-28",
    "a_boolean": False,
    "a_choice": "warm",
}


@pytest.mark.databases
def test_they_are_written_filtered_and_sorted_by(site: Any, admin: Api, key: str) -> None:
    path, name = WHERE[key]
    customer = site.customer("A")
    made = admin.post(path, {name: "1", "customer": customer, "custom": VALUES}).json
    assert made["custom"] == VALUES
    admin.post(path, {name: "2", "customer": customer, "custom": {"a_number": -3, "a_choice": "cold"}})
    admin.post(path, {name: "3", "customer": customer})
    for condition, expected in (
        (["=", "custom.a_text", "言"], "1"),
        (["<", "custom.a_number", 1], "2"),
        ([">=", "custom.a_money", "7"], "1"),
        (["between", "custom.a_date", "2026-01-01", "2026-12-31"], "1"),
        (["=", "custom.a_boolean", False], "1"),
        (["in", "custom.a_choice", ["cold", "warm"]], "12"),
        (["empty", "custom.a_number"], "3"),
    ):
        found = admin.get(path, filter=dumps(condition), sort="id").json["items"]
        assert "".join(one[name] for one in found) == expected, condition
    order = [one[name] for one in admin.get(path, sort="custom.a_number").json["items"]]
    assert order == ["2", "1", "3"]
    changed = admin.patch(f"{path}/{made['id']}", {"version": 1, "custom": {"a_text": None}}).json
    assert (changed["version"], changed["custom"]) == (2, VALUES | {"a_text": None})
    history = admin.get(f"{path}/{made['id']}/history").json["items"]
    assert history[0]["changes"] == [{"field": "custom.a_text", "old": "言", "new": None}]


def test_they_are_imported_and_exported(site: Any, admin: Api, key: str) -> None:
    _path, name = WHERE[key]
    site.customer("A")
    texts = {name: "x", "customer": "C000001", **{f"custom.{one}": str(value) for one, value in VALUES.items()}}
    with site.acting() as ctx:
        entity = ctx.catalog[key]
        bad = texts | {"custom.a_number": "many"}
        good, refused = bulk.store(ctx, entity, [texts, bad], text=True)
        assert (good.status, refused.status) == (201, 422)
        assert refused.refusal is not None
        assert list(refused.refusal.errors) == ["custom.a_number"]
    found = exports.export(site.kernel, entity, lambda work: login.by_login(work, "admin", door="test"))
    row = dict(zip(found.headers, next(found.rows), strict=True))
    assert [str(row[f"custom.{one}"]) for one in ("a_text", "a_choice", "a_date")] == ["言", "warm", "2026-02-28"]


def test_they_cost_a_list_nothing(site: Any, admin: Api, key: str) -> None:
    path, name = WHERE[key]
    for number in range(3):
        admin.post(path, {name: str(number), "customer": site.customer(f"C{number}"), "custom": VALUES})
    statements: list[str] = []
    event.listen(site.kernel.database.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    assert len(admin.get(path, limit="3").json["items"]) == 3
    with_three = len(statements)
    statements.clear()
    admin.get(path, limit="1")
    assert len(statements) == with_three


def test_what_takes_fields_is_told(admin: Api) -> None:
    refused = admin.post(
        FIELDS, {"entity": "core.term", "name": "x1", "type": "text", "label_zh": "x", "label_en": "x"}, 422
    )
    message = refused.json["errors"]["entity"][0]
    assert all(one in message for one in ("core.customer", "core.contact", "core.activity"))
