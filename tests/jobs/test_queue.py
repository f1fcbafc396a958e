"""A job happens once, or says why not: asked for, run, tried again, lost, given up."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from sqlalchemy import select

from core.db.guard import Refused
from core.errors import Conflict, Forbidden
from core.models import Audit, Change, Customer
from core.services import records
from core.services.jobs import queue
from core.services.jobs.runner import Runner
from core.services.work import Ctx, Work
from plugins import More
from tests.db.threads import at_once
from tests.jobs.conftest import MONDAY, Desk
from tests.support.site import Site

pytestmark = pytest.mark.databases


def make_customer(ctx: Ctx, payload: Any) -> Any:
    return {"id": records.create(ctx, ctx.catalog["core.customer"], {"name": payload["name"]}).id}


def names(site: Site) -> list[str]:
    with site.kernel.work(write=False) as work:
        return list(work.system.scalars(select(Customer.name).order_by(Customer.id)))


def test_a_job_runs_as_whoever_asked_and_its_change_is_audited_so(desk: Desk) -> None:
    desk.site.user("li")
    desk.declare(make_customer)
    number = desk.ask({"name": "Acme"}, user="li")
    assert desk.state(number) == "queued"
    assert desk.work_off() == 1
    row = desk.row(number)
    assert (row.state, row.result, row.error, row.attempts) == ("done", {"id": 1}, None, 1)

    def audited(work: Work) -> Any:
        statement = (
            select(Change.actor_id, Change.door, Change.batch).join(Audit).where(Audit.entity == "core.customer")
        )
        return work.system.execute(statement).one()

    with desk.kernel.work(write=False) as work:
        assert tuple(audited(work)) == (row.user_id, "job", row.uuid)
        assert work.system.scalar(select(Customer.owner_id)) == row.user_id


def test_a_job_has_the_rights_of_the_moment_at_which_it_runs(desk: Desk) -> None:
    desk.site.user("li")
    desk.declare(make_customer, attempts=1)
    number = desk.ask({"name": "Acme"}, user="li")
    desk.site.run(lambda ctx: records.change(ctx, ctx.catalog["core.user"], 2, {"roles": []}, 1))
    desk.work_off()
    assert desk.state(number) == "failed"
    assert "create this record" in str(desk.row(number).error)
    assert names(desk.site) == []


def test_the_job_of_a_user_who_has_left_fails_at_once_and_says_so(desk: Desk) -> None:
    desk.site.user("li")
    desk.declare(make_customer)
    number = desk.ask({"name": "Acme"}, user="li")
    desk.site.run(lambda ctx: records.change(ctx, ctx.catalog["core.user"], 2, {"active": False}, 1))
    desk.work_off()
    row = desk.row(number)
    assert (row.state, row.attempts) == ("failed", 1)
    assert row.error == "The user who asked for this is gone or no longer active."


def ask_in_vain(ctx: Ctx, unique: str | None = None) -> None:
    queue.enqueue(ctx, "test.job", {"name": "x"}, unique=unique)
    raise ZeroDivisionError


def test_what_is_rolled_back_was_never_asked_for(desk: Desk) -> None:
    desk.declare(make_customer)
    with pytest.raises(ZeroDivisionError):
        desk.site.run(ask_in_vain)
    with desk.site.acting() as ctx, pytest.raises(ZeroDivisionError), ctx.savepoint():
        ask_in_vain(ctx, "y")
    assert desk.rows() == []
    assert desk.work_off() == 0


def test_a_commit_rings_the_bell_and_a_rollback_does_not(desk: Desk) -> None:
    desk.declare(make_customer)
    with pytest.raises(ZeroDivisionError):
        desk.site.run(ask_in_vain)
    assert not desk.kernel.bell.is_set()
    desk.ask({"name": "x"})
    assert desk.kernel.bell.is_set()


def test_a_reading_transaction_cannot_ask(desk: Desk) -> None:
    desk.declare(make_customer)
    with desk.site.acting(write=False) as ctx, pytest.raises(Refused):
        queue.enqueue(ctx, "test.job", {"name": "x"})


@pytest.mark.parametrize(
    "payload", [{1: "x"}, {"x": {1, 2}}, (1, 2), dt.date(2026, 6, 8), float("nan"), "\ud800", b"x"]
)
def test_a_payload_that_is_not_json_is_refused_when_it_is_given(desk: Desk, payload: Any) -> None:
    desk.declare(make_customer)
    with pytest.raises(TypeError, match=r"payload of job test\.job is not JSON"):
        desk.ask(payload)
    assert desk.rows() == []


@pytest.mark.parametrize("payload", [None, [], {}, 0, "客户 𠮷", {"a": [1, {"b": None}], "c": 1.5}, True])
def test_a_payload_comes_as_it_was_given(desk: Desk, payload: Any) -> None:
    desk.declare(lambda ctx, given: [given])
    number = desk.ask(payload)
    desk.work_off()
    assert desk.row(number).result == [payload]


def test_an_unknown_job_and_too_long_a_key_are_faults_of_the_code(desk: Desk) -> None:
    desk.declare(make_customer)
    with pytest.raises(KeyError, match=r"test\.jobb"):
        desk.ask(key="test.jobb")
    with pytest.raises(ValueError, match="120"):
        desk.ask(unique="x" * 121)


# --- order and uniqueness ------------------------------------------------------------------------------


def test_the_urgent_first_then_the_older_and_none_before_its_time(desk: Desk) -> None:
    seen: list[str] = []
    desk.declare(lambda ctx, payload: seen.append(payload))
    desk.ask("late", run_at=MONDAY + dt.timedelta(hours=1), priority=-9)
    desk.ask("second")
    desk.ask("last", priority=5)
    desk.ask("first", priority=-1)
    assert desk.work_off() == 3
    assert seen == ["first", "second", "last"]
    desk.wait(hours=1)
    assert desk.work_off() == 1


def test_one_that_waits_is_not_doubled_and_one_that_has_run_does_not_count(desk: Desk) -> None:
    seen: list[Any] = []
    desk.declare(lambda ctx, payload: seen.append(payload))
    desk.declare(lambda ctx, payload: seen.append(payload), "test.other")
    first = desk.ask(1, unique="a", run_at=MONDAY + dt.timedelta(hours=1))
    assert desk.ask(2, unique="a", run_at=MONDAY + dt.timedelta(hours=2)) == first
    assert desk.row(first).run_at == MONDAY + dt.timedelta(hours=1)
    assert desk.ask(2, unique="a") == first
    assert desk.row(first).run_at == MONDAY
    assert desk.ask(3, unique="b") != first
    assert desk.ask(4, "test.other", unique="a") != first
    desk.work_off()
    assert sorted(seen) == [1, 3, 4]
    assert desk.ask(5, unique="a") != first


def test_one_that_runs_does_not_stand_for_a_new_one(desk: Desk) -> None:
    """It may have read already what the new one is about."""
    desk.declare(lambda ctx, payload: payload)
    first = desk.ask(1, unique="a")
    assert desk.claim() is not None
    second = desk.ask(2, unique="a")
    assert second != first
    assert desk.ask(3, unique="a") == second


def test_one_that_is_to_be_tried_again_waits_too(desk: Desk) -> None:
    def fail(ctx: Ctx, payload: Any) -> None:
        raise ValueError("no")

    desk.declare(fail)
    first = desk.ask(unique="a")
    desk.work_off()
    assert desk.row(first).run_at > MONDAY
    assert desk.ask(unique="a") == first
    assert desk.row(first).run_at == MONDAY


def test_many_who_ask_at_once_get_one_job(desk: Desk) -> None:
    desk.declare(lambda ctx, payload: None)

    def ask() -> int:
        with desk.kernel.work(write=True) as work:
            job = desk.kernel.jobs.get("test.job")
            return queue.put(work, job, None, user_id=1, on_behalf=None, unique="a")

    numbers = at_once([ask] * 6)
    assert len(set(numbers)) == 1, numbers
    assert len(desk.rows()) == 1


def test_two_who_ask_for_a_job_that_two_take(desk: Desk) -> None:
    """Each job that is due is taken by one of the runners that come at once."""
    desk.declare(lambda ctx, payload: None)
    for _number in range(4):
        desk.ask()
    claims = at_once([lambda: desk.claim()] * 8)
    taken = [claim.id for claim in claims if claim is not None]
    assert sorted(set(taken)) == sorted(taken)
    while (claim := desk.claim()) is not None:
        taken.append(claim.id)
    assert sorted(taken) == [1, 2, 3, 4]


# --- failing ----------------------------------------------------------------------------------------------


def test_a_job_that_raises_leaves_nothing_and_is_tried_later_and_later(desk: Desk) -> None:
    def fail(ctx: Ctx, payload: Any) -> None:
        make_customer(ctx, payload)
        raise ValueError("no\nsecret second line")

    desk.declare(fail, attempts=3)
    number = desk.ask({"name": "half"})
    waited = []
    for attempt in (1, 2):
        assert desk.work_off() == 1
        row = desk.row(number)
        assert (row.state, row.attempts, row.error) == ("queued", attempt, "ValueError: no")
        waited.append((row.run_at - desk.clock.moment).total_seconds())
        assert desk.work_off() == 0
        desk.clock.moment = row.run_at
    assert 22 < waited[0] < 38
    assert 90 <= waited[1] <= 150
    assert desk.work_off() == 1
    row = desk.row(number)
    assert (row.state, row.attempts, row.ended_at) == ("failed", 3, desk.clock.moment)
    desk.wait(days=9)
    assert desk.work_off() == 0
    assert names(desk.site) == []


def test_a_refusal_is_kept_in_the_words_of_the_refusal(desk: Desk) -> None:
    def refuse(ctx: Ctx, payload: Any) -> None:
        raise Conflict("Somebody was first.")

    desk.declare(refuse, attempts=1)
    number = desk.ask()
    desk.work_off()
    assert desk.row(number).error == "Somebody was first."


def test_a_database_error_tells_nothing_of_other_rows(desk: Desk) -> None:
    def double(ctx: Ctx, payload: Any) -> None:
        ctx.db.add(Customer(code="C1", name="x", kind="company", state="target", unit_id=1, owner_id=1, secrecy=1))
        ctx.db.flush()

    desk.site.customer("Hidden", code="C1")
    desk.declare(double, attempts=1)
    number = desk.ask()
    desk.work_off()
    assert desk.row(number).error == "The database refused: IntegrityError."


def test_a_result_that_is_not_json_undoes_the_job(desk: Desk) -> None:
    def odd(ctx: Ctx, payload: Any) -> Any:
        make_customer(ctx, {"name": "x"})
        return {1, 2}

    desk.declare(odd, attempts=1)
    number = desk.ask()
    desk.work_off()
    assert "result of job test.job is not JSON" in str(desk.row(number).error)
    assert names(desk.site) == []


def test_a_job_whose_code_is_gone_waits_until_it_is_back(desk: Desk) -> None:
    seen: list[Any] = []
    desk.declare(lambda ctx, payload: seen.append(payload))
    number, running = desk.ask(1), desk.ask(2)
    desk.declare(lambda ctx, payload: None, "test.other")
    taken = desk.claim()
    assert taken is not None
    desk.forget("test.job")
    other = desk.ask(key="test.other")
    assert desk.work_off() == 1
    assert [desk.state(one) for one in (number, running, other)] == ["running", "queued", "done"]
    desk.wait(hours=1)
    desk.work_off()
    assert desk.state(number) == "queued"
    desk.wait(days=365)
    desk.declare(lambda ctx, payload: seen.append(payload))
    assert desk.work_off() == 2
    assert sorted(seen) == [1, 2]


# --- leases -----------------------------------------------------------------------------------------------


def test_a_runner_that_died_loses_its_job_to_another(desk: Desk) -> None:
    desk.declare(make_customer)
    number = desk.ask({"name": "Acme"})
    assert desk.claim() is not None
    desk.wait(seconds=59)
    assert desk.work_off() == 0
    desk.wait(seconds=2)
    assert desk.work_off() == 0  # it is given back, to be tried after a pause
    row = desk.row(number)
    assert (row.state, row.error, row.attempts) == ("queued", queue.LOST, 1)
    desk.wait(minutes=1)
    assert desk.work_off() == 1
    assert names(desk.site) == ["Acme"]


def test_a_job_that_takes_every_runner_down_is_given_up(desk: Desk) -> None:
    desk.declare(make_customer, attempts=3)
    number = desk.ask({"name": "Acme"})
    for _death in range(3):
        assert desk.claim("dead:1") is not None
        assert desk.kernel.run(lambda work: queue.abandoned(work, "dead:1", queue.LOST), write=True) == 1
        desk.wait(hours=7)
    assert desk.work_off() == 0
    assert (desk.state(number), desk.row(number).error) == ("failed", queue.LOST)


def test_a_zombie_cannot_commit_what_another_has_been_given(desk: Desk) -> None:
    """A runner sleeps in the middle of its job, loses it, and wakes up when another has done it."""
    desk.declare(make_customer)
    number = desk.ask({"name": "Acme"})
    zombie = Runner(desk.kernel)
    claim = desk.kernel.run(lambda work: queue.claim(work, zombie.name, 60), write=True)
    assert claim is not None
    desk.wait(minutes=2)
    desk.work_off()
    desk.wait(minutes=2)
    assert desk.work_off() == 1
    assert zombie.run(claim) is None
    assert names(desk.site) == ["Acme"]
    assert (desk.state(number), desk.row(number).attempts) == ("done", 2)


def test_a_zombie_neither_fails_nor_prolongs_what_is_over(desk: Desk) -> None:
    fail = False

    def maybe(ctx: Ctx, payload: Any) -> None:
        if fail:
            raise ValueError("late")

    desk.declare(maybe)
    number = desk.ask()
    zombie = Runner(desk.kernel)
    claim = desk.kernel.run(lambda work: queue.claim(work, zombie.name, 60), write=True)
    assert claim is not None
    desk.wait(minutes=2)
    desk.work_off()
    desk.wait(minutes=2)
    desk.work_off()
    fail = True
    assert zombie.run(claim) is None
    queue.beat(desk.kernel, claim, 60)
    row = desk.row(number)
    assert (row.state, row.error, row.lease_until) == ("done", None, None)


def test_a_beat_keeps_the_lease(desk: Desk) -> None:
    desk.declare(make_customer)
    desk.ask({"name": "Acme"})
    claim = desk.claim()
    assert claim is not None
    for _beat in range(3):
        desk.wait(seconds=50)
        queue.beat(desk.kernel, claim, 60)
        assert desk.kernel.run(queue.reap, write=True) == 0
    desk.wait(seconds=61)
    assert desk.kernel.run(queue.reap, write=True) == 1


def test_a_lease_from_a_clock_that_was_a_day_ahead_holds_nothing_up(desk: Desk) -> None:
    desk.declare(make_customer)
    number = desk.ask({"name": "Acme"})
    desk.wait(days=1)
    assert desk.claim() is not None
    desk.wait(days=-1)
    desk.work_off()
    desk.wait(minutes=1)
    desk.work_off()
    assert desk.state(number) == "done"
    assert names(desk.site) == ["Acme"]


# --- in several transactions -------------------------------------------------------------------------------


def one_each(ctx: Ctx, payload: Any) -> Any:
    """Makes one customer in each transaction."""
    done, total = payload
    if done == total:
        return {"made": done}
    make_customer(ctx, {"name": f"c{done}"})
    return More([done + 1, total], done + 1, total)


def test_a_long_job_is_kept_transaction_by_transaction(desk: Desk) -> None:
    desk.declare(one_each)
    number = desk.ask([0, 3])
    assert desk.work_off() == 1
    row = desk.row(number)
    assert (row.state, row.result, row.done, row.total) == ("done", {"made": 3}, 3, 3)
    assert names(desk.site) == ["c0", "c1", "c2"]
    with desk.kernel.work(write=False) as work:
        changes = work.system.execute(select(Change.uuid, Change.batch).where(Change.door == "job")).all()
    assert len({uuid for uuid, _batch in changes}) == 3
    assert {batch for _uuid, batch in changes} == {row.uuid}


def test_a_long_job_goes_on_where_it_was_when_it_failed_or_died(desk: Desk) -> None:
    falls = [1, 1, 2]

    def fall(ctx: Ctx, payload: Any) -> Any:
        outcome = one_each(ctx, payload)
        if falls and payload[0] == falls[0]:
            falls.pop(0)
            raise OSError("power cut")
        return outcome

    desk.declare(fall, attempts=3)
    number = desk.ask([0, 4])
    for _try in range(4):
        desk.work_off()
        desk.wait(hours=7)
    assert (desk.state(number), falls) == ("done", [])
    assert names(desk.site) == ["c0", "c1", "c2", "c3"]


def test_a_transaction_of_a_long_job_is_not_committed_twice(desk: Desk) -> None:
    """A COMMIT whose answer was lost has landed, and the attempt is made once more."""
    desk.declare(one_each)
    desk.ask([0, 2])
    runner = Runner(desk.kernel)
    claim = desk.kernel.run(lambda work: queue.claim(work, runner.name, 60), write=True)
    assert claim is not None
    runner._attempt(claim, "next-lease", desk.kernel)
    with pytest.raises(queue.LostLease):
        runner._attempt(claim, "another-lease", desk.kernel)
    assert names(desk.site) == ["c0"]


def test_a_runner_that_stops_gives_a_long_job_back_at_once(desk: Desk) -> None:
    runner = Runner(desk.kernel)

    def stop_after_two(ctx: Ctx, payload: Any) -> Any:
        if payload[0] == 1:
            runner.stop()
        return one_each(ctx, payload)

    desk.declare(stop_after_two)
    runner.kernel = desk.kernel
    number = desk.ask([0, 4])
    runner.step()
    row = desk.row(number)
    assert (row.state, row.done, row.lease, row.run_at) == ("queued", 2, None, MONDAY)
    desk.work_off()
    assert names(desk.site) == ["c0", "c1", "c2", "c3"]


def test_forbidden_is_no_reason_to_stop_others(desk: Desk) -> None:
    def forbid(ctx: Ctx, payload: Any) -> None:
        raise Forbidden("No.")

    desk.declare(forbid, attempts=1)
    desk.declare(lambda ctx, payload: None, "test.fine")
    first, second = desk.ask(), desk.ask(key="test.fine")
    assert desk.work_off() == 2
    assert (desk.state(first), desk.state(second)) == ("failed", "done")
