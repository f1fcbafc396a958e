"""`Idempotency-Key`: what is sent twice is done once, and answered twice."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from sqlalchemy import func, select

from core.app import make_app
from core.models import KeptReply
from core.services import idempotency
from tests.rest.conftest import Api
from tests.support.site import Site

CUSTOMERS = "/core/customers"


def send(client: Api, key: str, body: Any, status: int = 201, *, method: str = "post", path: str = CUSTOMERS) -> Any:
    headers = client.headers | {"Idempotency-Key": key}
    return getattr(client.app, f"{method}_json")(f"/api/v1{path}", body, headers=headers, status=status)


def kept(site: Site) -> int:
    with site.acting(write=False) as ctx:
        return ctx.system.scalar(select(func.count()).select_from(KeptReply)) or 0


@pytest.mark.databases
def test_the_second_gets_the_reply_of_the_first(site: Site, api: Callable[..., Any]) -> None:
    client = api()
    first, second = (send(client, "k1", {"name": "A"}) for _ in range(2))
    assert (second.body, sorted(second.headers.items())) == (first.body, sorted(first.headers.items()))
    assert client.names() == ["A"]
    record = f"{CUSTOMERS}/{first.json['id']}"
    for _ in range(2):
        changed = send(client, "k2", {"name": "B", "version": 1}, 200, method="patch", path=record)
        assert (changed.json["version"], changed.headers["ETag"]) == (2, '"2"')
    for _ in range(2):
        rows = send(client, "k3", {"rows": [{"name": "C"}]}, 200, path=f"{CUSTOMERS}/bulk")
        assert rows.json["rows"][0]["status"] == 201
    for _ in range(2):
        gone = send(client, "k4", {"version": 2}, 204, method="delete", path=record)
        assert (gone.body, "Content-Type" in gone.headers) == (b"", False)
    assert client.names() == ["C"]
    assert kept(site) == 4


def test_a_key_is_of_one_request_and_one_user(site: Site, api: Callable[..., Any]) -> None:
    site.user("li")
    client = api()
    send(client, "k", {"name": "A"})
    for method, path, body in (
        ("post", CUSTOMERS, {"name": "B"}),
        ("post", f"{CUSTOMERS}/bulk", {"name": "A"}),
        ("patch", f"{CUSTOMERS}/1", {"name": "A"}),
    ):
        refused = send(client, "k", body, 422, method=method, path=path)
        assert (refused.json["code"], list(refused.json["errors"])) == ("IDEMPOTENCY_KEY", ["Idempotency-Key"])
    send(api("li"), "k", {"name": "B"})
    assert sorted(client.names()) == ["A", "B"]


def test_what_is_refused_is_not_kept(site: Site, api: Callable[..., Any]) -> None:
    client = api()
    send(client, "k", {"name": ""}, 422)
    send(client, "k", {"name": "A", "code": "X"})
    send(client, "l", {"name": "B", "code": "X"}, 409)
    client.app.post_json("/api/v1/me", {}, headers=client.headers | {"Idempotency-Key": "m"}, status=405)
    assert kept(site) == 1


@pytest.mark.parametrize("key", ["", "two words", "x" * 201, "é"])
def test_a_key_that_is_none_is_a_400(api: Callable[..., Any], key: str) -> None:
    client = api()
    headers = client.headers | {"Idempotency-Key": key.encode("utf-8").decode("latin-1")}
    refused = client.app.post_json(f"/api/v1{CUSTOMERS}", {"name": "A"}, headers=headers, status=400)
    assert list(refused.json["errors"]) == ["Idempotency-Key"]
    client.app.get(f"/api/v1{CUSTOMERS}", headers=headers)  # it means nothing where nothing is written


def test_a_key_is_kept_for_a_day(site: Site, api: Callable[..., Any]) -> None:
    client = api()
    send(client, "k", {"name": "A"})
    send(client, "old", {"name": "Old"})
    with time_machine.travel(dt.datetime.now(dt.UTC) + dt.timedelta(hours=24, seconds=1)):
        send(client, "k", {"name": "A"})
        assert site.kernel.run(idempotency.forget_old, write=True) == 1
    assert sorted(client.names()) == ["A", "A", "Old"]
    assert kept(site) == 1


def test_whose_rights_have_changed_is_not_shown_the_reply_again(site: Site, api: Callable[..., Any]) -> None:
    li = site.user("li")
    client = api("li")
    send(client, "k", {"name": "A"})
    api().patch(f"/core/users/{li}", {"roles": [], "version": 1})
    refused = send(client, "k", {"name": "A"}, 409)
    assert refused.json["code"] == "RIGHTS_CHANGED"
    assert "A" not in refused.json.values()


def test_a_token_that_may_only_read_repeats_nothing(site: Site, api: Callable[..., Any]) -> None:
    send(api(), "k", {"name": "A"})
    send(api(read_only=True), "k", {"name": "A"}, 403)


def test_no_secret_is_kept(site: Site, api: Callable[..., Any]) -> None:
    client = api()
    first, second = (send(client, "k", {}, path="/core/tokens") for _ in range(2))
    assert first.json["secret"] != second.json["secret"]
    li = site.user("li")
    send(client, "p", {"password": "x9-Long-Enough"}, 200, path=f"/core/users/{li}/actions/set-password")
    with site.acting(write=False) as ctx:
        (row,) = ctx.system.scalars(select(KeptReply)).all()
        text = str({column.key: getattr(row, column.key) for column in KeptReply.__table__.columns})
    assert "Long-Enough" not in text
    assert "p" not in (row.key_hash, row.request_hash)


@pytest.mark.databases
def test_two_at_once_do_it_once(site: Site, api: Callable[..., Any]) -> None:
    """The second waits, and then finds the reply or is told that the first is under way."""
    from webtest import TestApp

    client = api()
    app = make_app(site.kernel)
    found: list[int] = []
    barrier = threading.Barrier(4)

    def shoot() -> None:
        mine = Api(TestApp(app), client.headers["Authorization"].split()[1])
        barrier.wait()
        reply = mine.app.post_json(
            f"/api/v1{CUSTOMERS}",
            {"name": "A"},
            headers=mine.headers | {"Idempotency-Key": "k"},
            expect_errors=True,
        )
        if reply.status_code == 409:
            assert reply.json["code"] == "IN_FLIGHT"
        found.append(reply.status_code)

    threads = [threading.Thread(target=shoot) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(found) <= {201, 409}
    assert 201 in found
    assert client.names() == ["A"]
    send(client, "k", {"name": "A"})
    assert client.names() == ["A"]
