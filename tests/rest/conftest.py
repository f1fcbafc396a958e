"""Programs that talk to a site through its REST door."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError
from webtest import TestApp

from core.app import make_app
from core.db.database import Database, LostCommit
from core.services.login import new_token
from tests.support.site import Site

Json = dict[str, Any]


class Api:
    """A client with one user's token."""

    def __init__(self, app: TestApp, token: str) -> None:
        self.app, self.headers = app, {"Authorization": f"Bearer {token}"}

    def get(self, path: str, status: int = 200, **query: str) -> Any:
        return self.app.get(f"/api/v1{path}", query or None, headers=self.headers, status=status)

    def post(self, path: str, body: Any = None, status: int | str = 201) -> Any:
        return self.app.post_json(f"/api/v1{path}", {} if body is None else body, headers=self.headers, status=status)

    def attach(self, customer: int, name: str, content: bytes, status: int = 201) -> Any:
        """Upload a file to a customer."""
        query = urlencode({"entity": "core.customer", "record": customer, "name": name})
        path = f"/api/v1/core/attachments?{query}"
        kind = "application/octet-stream"
        return self.app.post(path, content, headers=self.headers, content_type=kind, status=status)

    def patch(self, path: str, body: Any, status: int = 200) -> Any:
        return self.app.patch_json(f"/api/v1{path}", body, headers=self.headers, status=status)

    def delete(self, path: str, version: int | None = None, status: int = 204) -> Any:
        headers = self.headers | ({"If-Match": f'"{version}"'} if version is not None else {})
        return self.app.delete(f"/api/v1{path}", headers=headers, status=status)

    def act(self, path: str, verb: str, body: Any = None, status: int = 200) -> Any:
        return self.post(f"{path}/actions/{verb}", body, status)

    def names(self, path: str = "/core/customers", **query: Any) -> list[str]:
        return [item["name"] for item in self.get(path, **query).json["items"]]

    def customer(self, name: str, **values: Any) -> Json:
        made: Json = self.post("/core/customers", {"name": name, **values}).json
        return made


@pytest.fixture
def app(site: Site) -> TestApp:
    return TestApp(make_app(site.kernel))


@pytest.fixture
def api(site: Site, app: TestApp) -> Callable[..., Api]:
    """`api("li")`: a client as that user; `api()` as the administrator."""

    def client(login: str = "admin", *, read_only: bool = False) -> Api:
        secret = site.kernel.run(lambda work: new_token(work, login, read_only=read_only), write=True)
        assert secret is not None
        return Api(app, secret)

    return client


@pytest.fixture
def trouble(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the next writing transactions meet at their end: "lost before", "lost after" or "busy"."""
    coming: list[str] = []
    real = Database.transaction

    @contextmanager
    def transaction(self: Database, *, write: bool) -> Iterator[Connection]:
        kind = coming.pop(0) if write and coming else ""
        with real(self, write=write) as connection:
            yield connection
            if kind == "busy":
                raise OperationalError("", None, Exception("database is locked"))
            if kind == "lost before":
                raise LostCommit
        if kind == "lost after":
            raise LostCommit

    monkeypatch.setattr(Database, "transaction", transaction)
    return coming
