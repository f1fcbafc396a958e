"""P7: what is explained is what is enforced, and the change that is proposed turns the verdict."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import insert, select

from core.entities.resolver import SystemResolver, row_of
from core.models import Customer, Role, Share, User, user_role
from core.security.scope import ACTION, FOR
from core.services import access
from core.services.login import by_login
from core.services.work import Ctx
from tests.scope.models import Deal, Visit
from tests.scope.stage import Stage
from tests.scope.test_oracle_property import worlds
from tests.scope.worlds import WorldMaker

KINDS: dict[type, str] = {Customer: "customers", Deal: "deals", Visit: "visits"}


class _Undo(Exception):
    """Takes back what a change did."""


@contextmanager
def trial(stage: Stage) -> Iterator[Ctx]:
    """The administrator in a transaction that leaves nothing behind."""
    try:
        with stage.kernel.work(write=True) as work:
            yield work.act_as(by_login(work, "admin", door="test"))
            raise _Undo
    except _Undo:
        pass


def verdicts(ctx: Ctx, model: Any, record: Any, login: str) -> dict[str, dict[str, Any]]:
    entity = ctx.catalog.of_model(model)
    assert entity is not None
    told = access.explain(ctx, entity, record, login)
    return {item["action"]: item for item in told["actions"]}


def apply(ctx: Ctx, user_id: int, steps: list[dict[str, Any]]) -> None:
    """Do what the explanation proposes."""
    session = ctx.work.elevated("trial", write=True)
    user = session.get_one(User, user_id)
    gone: dict[int, list[int]] = {}
    given: list[tuple[int | None, dict[str, Any]]] = []
    for step in steps:
        match step["kind"]:
            case "clearance":
                user.clearance = step["to"]
            case "remove_deny" | "remove_grant":
                gone.setdefault(step["role"]["id"], []).append(step["line"])
            case "end_share":
                session.delete(session.get_one(Share, step["share"]))
            case "share":
                row = {"entity": step["entity"], "record_id": step["record"], "actions": step["actions"]}
                session.add(Share(**row, to={"user": user_id}))
            case "grant":
                given.append((step["role"] and step["role"]["id"], step["grant"]))
            case kind:
                raise AssertionError(f"no such step: {kind}")
    for role_id, numbers in gone.items():
        role = session.get_one(Role, role_id)
        role.grants = [one for number, one in enumerate(role.grants, 1) if number not in numbers]
    for holder_id, grant in given:
        if holder_id is None:
            made = Role(code="trial", name="t", grants=[grant], field_rights=[])
            session.add(made)
            session.flush()
            session.execute(insert(user_role).values(user_id=user_id, role_id=made.id))
        else:
            role = session.get_one(Role, holder_id)
            role.grants = [*role.grants, grant]
    session.flush()
    ctx.work._epoch_watch.write(ctx.work.connection)
    ctx.work.system.expire_all()
    del ctx.work.epochs


def enforced(ctx: Ctx, login: str, model: Any, record_id: int, action: str) -> bool:
    """Whether the user's own session finds the record for the action, and sees it."""
    mine = ctx.work.act_as(by_login(ctx.work, login, door="test"))
    found = []
    for wanted in {"view", action}:
        options = {FOR: model, ACTION: wanted}
        found.append(mine.db.scalar(select(model.id).where(model.id == record_id), execution_options=options))
    return None not in found


def compare(stage: Stage, maker: WorldMaker, rng: random.Random, *, records: int, changes: int) -> tuple[int, int]:
    """How many verdicts were compared, and how many changes were tried."""
    verdicts_compared = tried = 0
    for user in maker.world.users.values():
        for model, name in KINDS.items():
            live = [one for one in getattr(maker.world, name).values() if not one.deleted]
            for chosen in rng.sample(live, min(records, len(live))):
                with trial(stage) as ctx:
                    record = ctx.db.get(model, chosen.id)
                    if record is None:  # hangs on a customer in the bin
                        continue
                    told = verdicts(ctx, model, record, user.login)
                    verdicts_compared += same_as_enforced(ctx, user, model, record, told)
                for action in rng.sample(sorted(told), min(changes, len(told))):
                    tried += turns(stage, user, model, chosen.id, action)
    return verdicts_compared, tried


def same_as_enforced(ctx: Ctx, user: Any, model: Any, record: Any, told: dict[str, Any]) -> int:
    entity = ctx.catalog.of_model(model)
    assert entity is not None
    work = ctx.work
    rights = work.kernel.store.rights(work.system, user.id, work.epochs, work.now, work.today)
    resolver, row = SystemResolver(ctx.system, ctx.catalog), row_of(record)
    right_of = {verb.name: verb.right for verb in entity.verbs}
    for name, item in told.items():
        action = right_of.get(name, name)
        what = f"{user.login} {name} {entity.key}/{record.id}: {item}"
        assert item["allowed"] == enforced(ctx, user.login, model, record.id, action), what
        covered = rights.covers(entity, "view", row, resolver) and rights.covers(entity, action, row, resolver)
        assert item["allowed"] == covered, what
        assert item["because"], what
        kinds = {reason["kind"] for reason in item["because"]}
        if item["allowed"]:
            assert not kinds & {"deny", "clearance", "unseen", "no_grant", "missed"}, what
        else:
            assert kinds & {"deny", "clearance", "no_grant", "customer", "unseen"}, what
    return len(told)


def turns(stage: Stage, user: Any, model: Any, record_id: int, action: str) -> int:
    with trial(stage) as ctx:
        record = ctx.db.get(model, record_id)
        before = verdicts(ctx, model, record, user.login)[action]
        apply(ctx, user.id, before["change"])
        after = verdicts(ctx, model, record, user.login)[action]
        assert after["allowed"] != before["allowed"], (user, model, record_id, before, after)
    return 1


def run(stage: Stage, seeds: range, **how: int) -> tuple[int, int]:
    compared = tried = 0
    for maker in worlds(stage, seeds):
        more = compare(stage, maker, random.Random(maker.rng.random()), **how)
        compared, tried = compared + more[0], tried + more[1]
    return compared, tried


def test_what_is_explained_is_what_is_enforced(stage: Stage) -> None:
    compared, tried = run(stage, range(3000, 3003), records=3, changes=1)
    assert compared > 800
    assert tried > 100


@pytest.mark.databases("postgresql", "mariadb")
def test_servers_explain_the_same(stage: Stage) -> None:
    compared, _tried = run(stage, range(3100, 3101), records=2, changes=1)
    assert compared > 150


@pytest.mark.long
def test_what_is_explained_is_what_is_enforced_in_many_worlds(stage: Stage) -> None:
    compared, tried = run(stage, range(4000, 4060), records=20, changes=3)
    assert compared > 100_000
    assert tried > 10_000
