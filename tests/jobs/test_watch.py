"""What watches a runner: it keeps the lease, and ends the process when a job does not end."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from core.services.jobs import runner
from core.services.jobs.runner import HELD, HUNG, Runner
from core.services.work import Ctx
from tests.jobs.conftest import Desk


def until(met: Callable[[], Any]) -> None:
    for _turn in range(600):
        if met():
            return
        time.sleep(0.05)
    raise AssertionError("it never came to that")


@pytest.mark.databases("postgresql", "mariadb")
def test_the_lease_of_a_running_job_is_prolonged(desk: Desk) -> None:
    leases: list[Any] = []

    def watch(ctx: Ctx, payload: Any) -> None:
        leases.append(desk.row(1).lease_until)
        desk.wait(seconds=30)
        until(lambda: desk.row(1).lease_until != leases[0])
        leases.append(desk.row(1).lease_until)

    desk.declare(watch)
    desk.ask()
    one = Runner(desk.kernel, lease=0.4)
    with one.watched():
        one.step()
    assert leases[1] > leases[0]
    assert desk.state(1) == "done"


def test_a_job_that_takes_too_long_ends_the_process(desk: Desk) -> None:
    left: list[int] = []
    desk.declare(lambda ctx, payload: until(lambda: left), limit=0)
    desk.ask()
    one = Runner(desk.kernel, lease=0.4, leave=left.append)
    with one.watched():
        one.step()
    assert set(left) == {HUNG}


def test_a_job_that_does_not_end_when_it_should_stop_ends_the_process(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "DRAIN", 0.2)
    left: list[int] = []
    desk.declare(lambda ctx, payload: until(lambda: left))
    desk.ask()
    one = Runner(desk.kernel, lease=0.4, leave=left.append)
    with one.watched():
        one.stop()
        one.step()
    assert set(left) == {HELD}


def test_a_loop_lives_through_a_database_that_is_away(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    from sqlalchemy.exc import OperationalError

    monkeypatch.setattr(runner, "REST", 0.01)
    one, steps = Runner(desk.kernel), []

    def step() -> bool:
        steps.append(1)
        if len(steps) < 3:
            raise OperationalError("select", {}, Exception("away"))
        one.stop()
        return False

    monkeypatch.setattr(one, "step", step)
    one.loop()
    assert len(steps) == 3
