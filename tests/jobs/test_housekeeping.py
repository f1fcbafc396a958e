"""What the kernel tidies up every night."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from sqlalchemy import func, insert, select

from core.models import LoginSession, QueuedJob
from core.services import login
from core.services.jobs import housekeeping, runner
from core.services.jobs.standing import standing
from core.services.login import Visitor
from tests.jobs.conftest import Desk, with_jobs
from tests.support.site import PASSWORD


@pytest.mark.databases
def test_old_logins_and_jobs_go_and_failures_stay(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(housekeeping, "CHUNK", 2)
    desk.site.kernel = with_jobs(desk.kernel, housekeeping.HOUSEKEEPING)
    desk.declare(lambda ctx, payload: 1 // payload, attempts=1)
    old = [desk.ask(1) for _number in range(5)]
    bad = desk.ask(0)
    login.log_in(desk.kernel, "admin", PASSWORD, Visitor())
    desk.work_off()
    desk.wait(days=29)
    waiting = desk.ask(1)
    assert tidied(desk) == {"sessions": 1, "replies": 0, "jobs": 0}
    desk.wait(days=2)
    fresh = login.log_in(desk.kernel, "admin", PASSWORD, Visitor())
    assert tidied(desk) == {"sessions": 0, "replies": 0, "jobs": len(old)}
    left = {row.id: row.state for row in desk.rows()}
    assert not left.keys() & set(old)
    assert (left[bad], left[waiting]) == ("failed", "queued")
    assert fresh is not None
    with desk.kernel.work(write=False) as work:
        assert work.system.scalar(select(func.count()).select_from(LoginSession)) == 1


def tidied(desk: Desk) -> Any:
    ended = runner.run_now(desk.kernel, "core.housekeeping")
    assert ended.state == "done", ended.error
    return ended.result


def test_how_the_queue_stands(desk: Desk) -> None:
    desk.declare(lambda ctx, payload: 1 // payload, attempts=1)
    desk.declare(lambda ctx, payload: None, "test.off")
    desk.ask(0)
    desk.work_off()
    desk.ask(key="test.off")
    desk.ask(1)
    desk.wait(minutes=11)
    desk.ask(1)
    desk.forget("test.off")
    with desk.kernel.work(write=False) as work:
        found = standing(work)
    assert (found.open, found.failed, found.overdue, found.parked) == (3, 1, 1, 1)
    assert found.missing == ("test.off",)


def test_looking_for_work_is_one_statement_that_an_index_serves(desk: Desk) -> None:
    desk.declare(lambda ctx, payload: None)
    values = {column.key: None for column in QueuedJob.__table__.columns if column.key != "id"}
    now = desk.clock.moment
    rows = [
        values
        | {
            "uuid": f"{number}",
            "slot": f"{number}",
            "key": "test.job",
            "user_id": 1,
            "attempts": 0,
            "done": 0,
            "state": "queued" if number % 50 == 0 else "done",
            "priority": 0,
            "cancel_asked": False,
            "version": 1,
            "run_at": now + dt.timedelta(seconds=number),
            "created_at": now,
            "updated_at": now,
        }
        for number in range(2000)
    ]
    with desk.kernel.work(write=True) as work:
        work.elevated("test", write=True).execute(insert(QueuedJob), rows)
    desk.wait(seconds=-1)
    with desk.kernel.work(write=False) as work:
        from core.services.jobs import queue

        plan = work.connection.exec_driver_sql(
            "EXPLAIN QUERY PLAN "
            + str(queue._due(work).limit(1).compile(work.connection, compile_kwargs={"literal_binds": True})),
            execution_options={"kehu_tables": "*"},
        ).all()
        assert "USING INDEX ix_core_job_state" in str(plan), plan
