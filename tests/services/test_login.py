"""Logging in: what is counted, locked, kept and ended (M23, M24)."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select, update

from core.errors import Conflict, Invalid, TooMany
from core.models import Audit, Change, User
from core.security import passwords
from core.services import login
from core.services.login import Visitor
from core.services.work import Work
from tests.support.site import PASSWORD, Site

HERE = Visitor("127.0.0.1", "test")


def enter(site: Site, name: str, password: str) -> str | None:
    return login.log_in(site.kernel, name, password, HERE)


def audited(site: Site) -> list[tuple[str, int | None]]:
    def read(work: Work) -> Any:
        rows = work.system.execute(select(Audit.action, Change.actor_id).join(Change).order_by(Audit.id))
        return [tuple(row) for row in rows]

    with site.kernel.work(write=False) as work:
        return [row for row in read(work) if row[0].startswith("log")]


@pytest.mark.parametrize("name", ["admin", "nobody", "ＡＤＭＩＮ"])
def test_the_sixth_wrong_password_meets_a_lock_known_or_not(
    site: Site, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    for _time in range(5):
        assert enter(site, name, "wrong") is None
    with pytest.raises(TooMany) as locked:
        enter(site, name, PASSWORD)
    assert 0 < locked.value.seconds <= 15 * 60 + 1
    later = dt.datetime.now(dt.UTC) + dt.timedelta(minutes=15, seconds=1)
    monkeypatch.setattr(site.kernel.clock, "now", lambda: later)
    assert (enter(site, name, PASSWORD) is not None) == (name != "nobody")


def test_a_login_is_known_in_any_case_and_width_and_taken_in_all(site: Site) -> None:
    assert enter(site, " Ａdmin ", PASSWORD) is not None
    with pytest.raises(Conflict) as refused:
        site.user("ADMIN")
    assert refused.value.code == "DUPLICATE"
    assert "login" in refused.value.errors


def test_an_older_site_with_two_cases_of_a_login_tells_them_apart(site: Site) -> None:
    site.user("other")
    with site.acting() as ctx:
        other = update(User).where(User.login == "other").values(login="Admin", login_folded="admin")
        ctx.work.elevated("an older site", write=True).execute(other)
    with site.kernel.work(write=False) as work:
        assert {name: login.by_login(work, name, door="test").login for name in ("admin", "Admin")} == {
            "admin": "admin",
            "Admin": "Admin",
        }
        with pytest.raises(Invalid):
            login.by_login(work, "ADMIN", door="test")


def test_success_forgets_the_failures(site: Site) -> None:
    for _round in range(3):
        for _time in range(4):
            assert enter(site, "admin", "wrong") is None
        assert enter(site, "admin", PASSWORD) is not None


def test_logins_and_failures_are_audited(site: Site) -> None:
    enter(site, "admin", "wrong")
    enter(site, "nobody", "wrong")
    secret = enter(site, "admin", PASSWORD)
    assert secret is not None
    with site.kernel.work(write=True) as work:
        who = login.by_session(work, secret, HERE)
        assert who is not None
        login.log_out(work, who)
    with site.kernel.work(write=False) as work:
        assert login.by_session(work, secret, HERE) is None
    # An unknown name is counted, but anybody could fill the trail with such.
    assert audited(site) == [("login-failed", None), ("login", 1), ("logout", 1)]


def test_an_outdated_hash_is_renewed_at_login(site: Site) -> None:
    weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    with site.kernel.work(write=True) as work:
        work.elevated("test", write=True).execute(update(User).where(User.login == "admin").values(password_hash=weak))
    assert enter(site, "admin", PASSWORD) is not None
    with site.kernel.work(write=False) as work:
        stored = work.system.scalar(select(User.password_hash).where(User.login == "admin"))
    assert stored is not None
    assert stored != weak
    assert not passwords.is_outdated(stored)


def test_a_changed_password_ends_old_sessions(site: Site) -> None:
    secret = enter(site, "admin", PASSWORD)
    assert secret is not None
    with site.kernel.work(write=True) as work:
        work.elevated("test", write=True).execute(
            update(User).where(User.login == "admin").values(epoch=User.epoch + 1)
        )
    with site.kernel.work(write=False) as work:
        assert login.by_session(work, secret, HERE) is None


def test_secrets_are_not_stored(site: Site) -> None:
    secret = enter(site, "admin", PASSWORD)
    token = site.kernel.run(lambda work: login.new_token(work, "admin"), write=True)
    assert secret is not None
    assert token is not None
    assert min(len(secret), len(token)) >= 43  # 256 bits
    with site.kernel.work(write=False) as work:
        dump = str([list(work.system.execute(select(model.__table__)).all()) for model in login_tables()])
    assert secret not in dump
    assert token not in dump


def login_tables() -> list[Any]:
    from core.models import LoginSession, Token

    return [LoginSession, Token, Audit]
