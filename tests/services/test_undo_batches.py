"""Undo of what took several transactions: an import is set back part by part, and says what could not be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from webtest import TestApp

from core.app import make_app
from core.entities.csvfile import Row
from core.entities.mapping import plan
from core.models import Change, Customer
from core.rest import changes as door
from core.services import chain, imports, login, records
from core.services.login import new_token

pytestmark = pytest.mark.databases("sqlite", "postgresql")


class Importing:
    """Five customers that came in chunks of two."""

    def __init__(self, site: Any, monkeypatch: Any, tmp_path: Path) -> None:
        monkeypatch.setattr("core.services.chunks.CHUNK", 2)
        monkeypatch.setattr("core.services.chunks.chunked.__defaults__", (2,))
        self.site, self.entity = site, site.kernel.catalog["core.customer"]
        rows = [Row(number, (f"客户{number}",)) for number in range(1, 6)]

        def who(work: Any) -> Any:
            return login.by_login(work, "admin", door="test")

        for outcome in imports.run(site.kernel, plan(self.entity, ["name"]), rows, who):
            assert not outcome.failures
        with site.kernel.work(write=False) as work:
            self.batch = work.system.scalar(select(Change.batch).order_by(Change.number.desc()).limit(1))
            count = select(func.count()).select_from(Change).where(Change.batch == self.batch)
            assert work.system.scalar(count) == 3
        secret = site.kernel.run(lambda work: new_token(work, "admin"), write=True)
        self.app, self.headers = TestApp(make_app(site.kernel)), {"Authorization": f"Bearer {secret}"}

    def names(self) -> list[str]:
        with self.site.kernel.work(write=False) as work:
            living = select(Customer.name).where(Customer.deleted_at.is_(None)).order_by(Customer.id)
            return list(work.system.scalars(living))

    def undo(self, batch: str, **body: Any) -> Any:
        address = f"/api/v1/changes/{batch}/undo"
        return self.app.post_json(address, body, headers=self.headers).json


@pytest.fixture
def imported(site, monkeypatch, tmp_path):
    return Importing(site, monkeypatch, tmp_path)


def test_all_chunks_are_set_back_and_redone(imported):
    answer = imported.undo(imported.batch)
    assert (answer["records"], answer["failed"], answer["next"]) == (5, [], None)
    assert imported.names() == []
    again = imported.undo(answer["change"])
    assert again["records"] == 5
    assert imported.names() == [f"客户{number}" for number in range(1, 6)]
    with imported.site.kernel.work(write=False) as work:
        assert chain.verify(work) is None


def test_what_was_changed_since_stays_and_is_named(imported):
    with imported.site.acting() as ctx:
        third = ctx.db.scalars(select(Customer).where(Customer.name == "客户3")).one()
        number = third.id
        records.change(ctx, imported.entity, number, {"name": "better"}, 1)
    answer = imported.undo(imported.batch)
    assert answer["records"] == 4
    (failed,) = answer["failed"]
    assert (failed["entity"], failed["record"], failed["code"]) == ("core.customer", number, "UNDO_CONFLICT")
    assert imported.names() == ["better"]


def test_it_goes_on_where_it_stopped(imported, monkeypatch):
    monkeypatch.setattr(door, "MOST_AT_ONCE", 1)
    first = imported.undo(imported.batch)
    assert first["records"] == 1
    assert len(imported.names()) == 4
    second = imported.undo(imported.batch, cursor=first["next"])
    third = imported.undo(imported.batch, cursor=second["next"])
    assert (second["records"], third["records"], third["next"]) == (2, 2, None)
    assert imported.names() == []
    repeated = imported.undo(imported.batch)
    assert (repeated["records"], repeated["failed"]) == (0, [])


def test_a_bad_cursor_is_said(imported):
    address = f"/api/v1/changes/{imported.batch}/undo"
    imported.app.post_json(address, {"cursor": "x"}, headers=imported.headers, status=400)
    imported.app.post_json(address, {"other": 1}, headers=imported.headers, status=400)


# --- of others' batches one learns nothing but of what he sees -----------------------------------------


class Others:
    """An import of the administrator's: two customers of li's, three of which li sees nothing."""

    OWNERS = ("li", "wang", "wang", "li", "wang")

    def __init__(self, site: Any, monkeypatch: Any) -> None:
        self.site, self.entity = site, site.kernel.catalog["core.customer"]
        grants = [
            {"entity": "core.customer", "action": action, "reach": "own"} for action in ("view", "edit", "delete")
        ]
        site.role("own", grants)
        for name in ("li", "wang", "zhao"):
            site.user(name, roles=("own",))
        self.app = TestApp(make_app(site.kernel))
        self.headers = {
            name: {"Authorization": f"Bearer {self._token(name)}", "Accept-Language": "en"}
            for name in ("admin", "li", "zhao")
        }

    def _token(self, name: str) -> str:
        return str(self.site.kernel.run(lambda work: new_token(work, name), write=True))

    def come_in(self) -> tuple[str, list[int]]:
        rows = [Row(number, (f"客户{number}", owner)) for number, owner in enumerate(self.OWNERS, 1)]
        for outcome in imports.run(self.site.kernel, plan(self.entity, ["name", "owner"]), rows, self._admin):
            assert not outcome.failures
        with self.site.kernel.work(write=False) as work:
            batch = work.system.scalar(select(Change.batch).order_by(Change.number.desc()).limit(1))
            return batch, list(work.system.scalars(select(Customer.id).order_by(Customer.id)))

    @staticmethod
    def _admin(work: Any) -> Any:
        return login.by_login(work, "admin", door="test")

    def undo(self, name: str, change: str, status: int = 200, **body: Any) -> Any:
        address = f"/api/v1/changes/{change}/undo"
        return self.app.post_json(address, body, headers=self.headers[name], status=status)

    def history(self, name: str, customer: int) -> Any:
        address = f"/api/v1/core/customers/{customer}/history"
        return self.app.get(address, headers=self.headers[name]).json["items"]

    def change_at_once(self, ids: list[int], note: str = "x") -> str:
        body = {"rows": [{"id": one, "note": note} for one in ids], "match": "id"}
        reply = self.app.post_json("/api/v1/core/customers/bulk", body, headers=self.headers["admin"])
        assert [row["status"] for row in reply.json["rows"]] == [200] * len(ids)
        return str(reply.headers["Change-Id"])


@pytest.fixture
def others(site, monkeypatch):
    return Others(site, monkeypatch)


@pytest.mark.parametrize("size", [1, 2, 500])
def test_hidden_records_of_anothers_import_are_not_told_of(others, monkeypatch, size):
    monkeypatch.setattr("core.services.chunks.chunked.__defaults__", (size,))
    monkeypatch.setattr(door, "MOST_AT_ONCE", 2)
    batch, ids = others.come_in()
    absent = others.undo("zhao", "0" * 8 + "-0000-4000-8000-" + "0" * 12, 404)
    assert others.undo("zhao", batch, 404).body == absent.body
    answer = others.undo("li", batch).json
    assert (answer["records"], answer["failed"], answer["next"]) == (2, [], None)
    with others.site.kernel.work(write=False) as work:
        living = select(Customer.id).where(Customer.deleted_at.is_(None)).order_by(Customer.id)
        assert list(work.system.scalars(living)) == [ids[1], ids[2], ids[4]]
    answers = [others.undo("admin", batch).json]
    while answers[-1]["next"]:
        answers.append(others.undo("admin", batch, cursor=answers[-1]["next"]).json)
    assert sum(one["records"] for one in answers) == 3


def test_of_ones_own_that_stand_in_the_way_is_still_told(others):
    batch, ids = others.come_in()
    others.change_at_once([ids[0]])
    with others.site.acting() as ctx:
        records.change(ctx, others.entity, ids[0], {"name": "better"}, 2)
    answer = others.undo("li", batch).json
    assert answer["records"] == 1
    assert [(one["record"], one["code"]) for one in answer["failed"]] == [(ids[0], "UNDO_CONFLICT")]


def test_what_changed_along_with_hidden_records_is_refused_like_anything(others):
    _batch, ids = others.come_in()
    change = others.change_at_once([ids[0], ids[1]])
    (newest, *_rest) = others.history("li", ids[0])
    assert newest["change"] == change
    refused = others.undo("li", change, 403)
    assert newest["undo"] == {"possible": False, "reason": refused.json["detail"]}
    assert refused.json["detail"] == "Your role does not let you do this."
    assert "code" not in refused.json or refused.json["code"] != "UNDO_CONFLICT"
    others.undo("zhao", change, 404)
    alone = others.change_at_once([ids[0], ids[3]], "y")  # he sees both
    assert others.history("li", ids[0])[0]["undo"] == {"possible": True}
    assert others.undo("li", alone).json["records"] == 2
    assert others.history("admin", ids[0])[2]["undo"]["possible"]
    assert others.undo("admin", change).json["records"] == 2
