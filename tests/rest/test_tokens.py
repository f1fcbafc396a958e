"""API tokens: one's own, never stronger than oneself, gone from the next request on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from sqlalchemy import select
from webtest import TestApp

from core.app import make_app
from core.errors import TooMany
from core.http.limits import MOST_ADDRESSES, Limit
from core.models import Audit
from core.services.login import Visitor, log_in
from tests.rest.conftest import Api
from tests.support.site import PASSWORD, Site

TOKENS = "/core/tokens"


def of(client: Api, made: Any) -> Api:
    """A client with the token that was just made."""
    return Api(client.app, made.json["secret"])


@pytest.mark.databases
def test_a_secret_is_shown_once_and_lives_until_it_is_ended(site: Site, api: Callable[..., Any]) -> None:
    site.user("li")
    li = api("li")
    made = li.post(TOKENS, {"name": "ERP"})
    assert (made.json["user"]["key"], made.json["read_only"], made.json["expires"]) == ("li", False, None)
    other = of(li, made)
    assert other.get("/me").json["login"] == "li"
    listed = other.get(TOKENS).json["items"]
    assert [item["name"] for item in listed] == [None, "ERP"]
    for shown in (*listed, li.get(f"{TOKENS}/{made.json['id']}").json):
        assert set(shown) == {
            *("id", "version", "created_at", "created_by", "updated_at", "updated_by"),
            *("name", "user", "read_only", "expires"),
        }
    li.delete(f"{TOKENS}/{made.json['id']}", 1)
    other.get("/me", status=401)
    assert [item["name"] for item in li.get(TOKENS).json["items"]] == [None]
    li.patch(f"{TOKENS}/{made.json['id']}", {"name": "x", "version": 2}, status=404)


def test_nobody_sees_or_ends_another_one_s(site: Site, api: Callable[..., Any]) -> None:
    site.user("li")
    site.user("zhang", roles=["executive"])
    admin, li, zhang = api(), api("li"), api("zhang")
    made = li.post(TOKENS, {}).json
    assert [item["user"]["key"] for item in zhang.get(TOKENS).json["items"]] == ["zhang"]
    hidden, absent = (zhang.get(f"{TOKENS}/{one}", status=404).body for one in (made["id"], 987_654))
    assert hidden == absent
    zhang.delete(f"{TOKENS}/{made['id']}", 1, status=404)
    assert {item["user"]["key"] for item in admin.get(TOKENS).json["items"]} == {"admin", "li", "zhang"}
    admin.delete(f"{TOKENS}/{made['id']}", 1)


def test_only_an_administrator_makes_them_for_others(site: Site, api: Callable[..., Any]) -> None:
    site.user("li")
    site.role("people", [{"entity": key, "action": "*", "reach": "all"} for key in ("core.user", "core.token")])
    site.user("hr", roles=["people"])
    made = api().post(TOKENS, {"user": "li", "read_only": True})
    assert of(api(), made).get("/me").json["login"] == "li"
    for login in ("li", "hr"):
        api(login).post(TOKENS, {"user": "admin"}, status=403)
    api("li").post(TOKENS, {"user": "li"})
    api("li").patch(f"{TOKENS}/{made.json['id']}", {"user": "admin", "version": 1}, status=422)


def test_a_token_makes_none_stronger_than_itself(site: Site, api: Callable[..., Any]) -> None:
    api(read_only=True).post(TOKENS, {"read_only": True}, status=403)
    soon, later = "2099-01-01T00:00:00Z", "2099-06-01T00:00:00Z"
    short = of(api(), api().post(TOKENS, {"expires": soon}))
    assert short.post(TOKENS, {}).json["expires"] == soon
    for end in (None, later):
        assert list(short.post(TOKENS, {"expires": end}, status=422).json["errors"]) == ["expires"]
    assert list(api().post(TOKENS, {"expires": "2020-01-01T00:00:00Z"}, status=422).json["errors"]) == ["expires"]


def test_a_token_ends_at_its_moment(site: Site, api: Callable[..., Any]) -> None:
    end = dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)
    made = of(api(), api().post(TOKENS, {"expires": end.isoformat()}))
    made.get("/me")
    with time_machine.travel(end + dt.timedelta(seconds=1)):
        made.get("/me", status=401)


def test_the_audit_has_it_without_the_secret(site: Site, api: Callable[..., Any]) -> None:
    secret = api().post(TOKENS, {"name": "ERP"}).json["secret"]
    with site.acting() as ctx:
        entries = ctx.system.scalars(select(Audit).where(Audit.entity == "core.token").order_by(Audit.id)).all()
    assert entries[-1].action == "create"
    assert not any(secret in str(entry.changes) or "hash" in str(entry.changes) for entry in entries)


def test_a_deny_keeps_people_from_making_tokens(site: Site, api: Callable[..., Any]) -> None:
    site.role("none", [{"entity": "core.token", "action": "create", "reach": "all", "deny": True}])
    site.user("li", roles=["sales_rep", "none"])
    api("li").post(TOKENS, {}, status=403)


# --- too many failures ------------------------------------------------------------------------------


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The limits' clock."""
    moment = [1000.0]
    monkeypatch.setattr("core.http.limits.time.monotonic", lambda: moment[0])
    return moment


def test_bad_tokens_wear_an_address_out_and_good_ones_pass(api: Callable[..., Any], now: list[float]) -> None:
    client = api()
    stranger = Api(client.app, "nonsense")
    for _ in range(60):
        stranger.get("/me", status=401)
    refused = stranger.get("/me", status=429)
    assert refused.content_type == "application/problem+json"
    assert int(refused.headers["Retry-After"]) <= 61
    client.get("/me")
    client.app.get("/api/v1/me", status=401)  # without any token there is nothing to count
    elsewhere = client.app.get(
        "/api/v1/me", headers=stranger.headers, extra_environ={"REMOTE_ADDR": "10.0.0.9"}, status=401
    )
    assert elsewhere.headers["WWW-Authenticate"] == "Bearer"
    now[0] += 61
    stranger.get("/me", status=401)


def test_the_table_of_addresses_does_not_grow_without_end() -> None:
    limit = Limit(1, 60)
    for number in range(MOST_ADDRESSES + 5):
        limit.count(str(number))
    assert len(limit._counts) == MOST_ADDRESSES


def test_unlock_lets_a_user_try_again(site: Site, api: Callable[..., Any]) -> None:
    li = site.user("li")
    site.role("desk", [{"entity": "core.user", "action": "unlock", "reach": "all"}])
    site.user("desk", roles=["desk", "sales_rep"])
    api().act(f"/core/users/{li}", "set-password", {"password": PASSWORD})
    for _ in range(5):
        assert log_in(site.kernel, "li", "wrong", Visitor()) is None
    with pytest.raises(TooMany):
        log_in(site.kernel, "li", PASSWORD, Visitor())
    api("li").act(f"/core/users/{li}", "unlock", status=403)
    api("desk").act(f"/core/users/{li}", "set-password", {"password": PASSWORD}, status=403)
    api("desk").act(f"/core/users/{li}", "unlock")
    assert log_in(site.kernel, "li", PASSWORD, Visitor()) is not None


def test_failed_logins_wear_an_address_out(site: Site, now: list[float]) -> None:
    browser = TestApp(make_app(site.kernel))
    form = browser.get("/login").forms[0]
    for number in range(50):
        form["login"], form["password"] = f"nobody{number}", "wrong"
        form.submit(status=422)
    form["login"], form["password"] = "admin", "wrong"
    assert form.submit(status=429).headers["Retry-After"]
    now[0] += 15 * 60 + 1
    form.submit(status=422)


def test_one_changes_one_s_own_password(site: Site, api: Callable[..., Any], now: list[float]) -> None:
    li = site.user("li")
    api().act(f"/core/users/{li}", "set-password", {"password": PASSWORD})
    client, fresh = api("li"), "Quite-New-7"
    assert list(client.post("/me/password", {}, 422).json["errors"]) == ["old", "new"]
    for wrong, name in (("nope", "old"), (PASSWORD, "new")):
        refused = client.post("/me/password", {"old": wrong, "new": PASSWORD}, 422)
        assert list(refused.json["errors"]) == [name]
    api("li", read_only=True).post("/me/password", {"old": PASSWORD, "new": fresh}, 403)
    client.post("/me/password", {"old": PASSWORD, "new": fresh}, 204)
    assert log_in(site.kernel, "li", PASSWORD, Visitor()) is None
    assert log_in(site.kernel, "li", fresh, Visitor()) is not None
    for _ in range(49):
        client.post("/me/password", {"old": "x", "new": "y"}, 422)
    client.post("/me/password", {"old": fresh, "new": "y"}, 429)


def test_an_ended_token_never_works_again(site: Site, api: Callable[..., Any]) -> None:
    site.user("li")
    li = api("li")
    li.headers["Accept-Language"] = "en"
    made = li.post(TOKENS, {"name": "leaked"})
    lost, path = of(li, made), f"{TOKENS}/{made.json['id']}"
    ended = li.delete(path, 1).headers["Change-Id"]
    refused = li.post(f"/changes/{ended}/undo", None, 409).json
    assert refused["code"] == "UNDO_REFUSED"
    assert "never works again" in refused["detail"]
    again = li.post(TOKENS, {"name": "mistake"})
    undone = li.post(f"/changes/{again.headers['Change-Id']}/undo", None, 200).headers["Change-Id"]
    assert li.post(f"/changes/{undone}/undo", None, 409).json["code"] == "UNDO_REFUSED"
    for token in (lost, of(li, again)):
        token.get("/me", status=401)
