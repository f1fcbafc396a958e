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
