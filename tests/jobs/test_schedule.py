"""Each moment of a schedule is seen to once, whatever the clock does (M37)."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.boot import boot
from core.errors import Conflict
from core.models import JobSlot
from core.services.jobs import queue, runner, schedule
from core.services.jobs.schedule import Schedules, latest, moments
from core.services.work import Ctx
from plugins import ContractError, Job
from tests.db.threads import at_once
from tests.jobs.conftest import MONDAY, Desk
from tests.support.site import Site

SHANGHAI, NEW_YORK = zoneinfo.ZoneInfo("Asia/Shanghai"), zoneinfo.ZoneInfo("America/New_York")
UTC = dt.UTC
LINES = ("30 2 * * *", "0 9 * * MON-FRI", "*/5 * * * *", "15 * * * *", "0 0 1 * *", "0 1 * * *", "0 0 29 2 *")


def slots(desk: Desk) -> int:
    with desk.kernel.work(write=False) as work:
        return len(list(work.system.query(JobSlot).all()))


class Counted:
    """A job of a schedule that counts its runs by the moment at which they are."""

    def __init__(self, desk: Desk, line: str = "0 2 * * *") -> None:
        self.desk, self.runs = desk, list[dt.datetime]()
        desk.declare(self.run, schedule=line)
        self.schedules = Schedules(desk.kernel)
        self.schedules.enqueue_due()

    def run(self, ctx: Ctx, payload: Any) -> None:
        assert payload is None
        assert (ctx.identity.login, ctx.identity.door) == ("admin", "job")
        assert ctx.identity.on_behalf
        self.runs.append(ctx.now)

    def pass_on(self, **span: float) -> int:
        """Some time passes, and the runners look. How often the job has run in all."""
        self.desk.wait(**span)
        self.schedules.enqueue_due()
        Schedules(self.desk.kernel).enqueue_due()  # another runner, which has just started
        runner.work_off(self.desk.kernel)
        return len(self.runs)


def test_a_schedule_begins_with_the_next_moment_and_runs_once_at_each(desk: Desk) -> None:
    counted = Counted(desk)
    assert [counted.pass_on(hours=1) for _hour in range(15)] == [0] * 15  # 10:00 to 01:00 in Shanghai
    assert counted.pass_on(hours=1) == 1
    assert [counted.pass_on(minutes=1) for _minute in range(5)] == [1] * 5
    assert counted.pass_on(hours=24) == 2


def test_after_three_days_off_a_schedule_catches_up_once(desk: Desk) -> None:
    counted = Counted(desk)
    assert counted.pass_on(days=3, hours=5) == 1
    assert counted.pass_on(minutes=10) == 1
    assert counted.pass_on(days=1) == 2


def test_a_clock_that_jumps_back_a_day_repeats_nothing(desk: Desk) -> None:
    counted = Counted(desk)
    assert [counted.pass_on(days=1) for _day in range(2)] == [1, 2]
    assert counted.pass_on(days=-1) == 2
    assert counted.pass_on(hours=25) == 2
    assert counted.pass_on(hours=24) == 3


def test_a_clock_that_jumped_forward_and_back_leaves_nothing_out(desk: Desk) -> None:
    counted = Counted(desk, "0 * * * *")
    assert counted.pass_on(hours=1) == 1
    assert counted.pass_on(days=1) == 2
    assert counted.pass_on(days=-1) == 2
    assert [counted.pass_on(hours=1) for _hour in range(3)] == [3, 4, 5]
    # What ran too early is not run again at its proper time.
    assert [counted.pass_on(hours=1) for _hour in range(20)] == list(range(6, 26))
    assert counted.pass_on(hours=1) == 25
    assert counted.pass_on(hours=1) == 26


@given(st.lists(st.integers(-26 * 60, 26 * 60), max_size=12))
def test_whatever_the_clock_does_a_moment_has_one_row(jumps: list[int]) -> None:
    """The rule by itself: the last moment up to now, if it has not been seen to."""
    seen: set[dt.datetime] = set()
    now = MONDAY
    for jump in [0, *jumps]:
        now += dt.timedelta(minutes=jump)
        moment = latest("*/30 * * * *", SHANGHAI, now)
        assert moment is not None
        assert now - dt.timedelta(minutes=30) < moment <= now
        seen.add(moment)
    assert len({moment.timestamp() for moment in seen}) == len(seen)


@pytest.mark.databases
def test_many_runners_put_a_moment_into_the_queue_once(desk: Desk) -> None:
    desk.declare(lambda ctx, payload: None, schedule="0 2 * * *")
    Schedules(desk.kernel).enqueue_due()
    desk.wait(days=1)
    at_once([Schedules(desk.kernel).enqueue_due] * 6)
    assert len(desk.rows()) == 1
    assert slots(desk) == 2


@pytest.mark.databases
def test_of_two_workers_one_runs_a_scheduled_job(desk: Desk) -> None:
    """M37: also when a second moment comes while the first still runs."""
    desk.declare(lambda ctx, payload: None, schedule="0 * * * *")
    looking = Schedules(desk.kernel)
    looking.enqueue_due()
    desk.wait(hours=1)
    looking.enqueue_due()
    claims = [claim for claim in at_once([lambda: desk.claim()] * 4) if isinstance(claim, queue.Claim)]
    assert len(claims) == 1
    desk.wait(hours=1)
    looking.enqueue_due()
    assert [row.state for row in desk.rows()] == ["running", "queued"]
    assert desk.claim() is None
    with pytest.raises(Conflict, match="running already"):
        runner.run_now(desk.kernel, "test.job")
    assert len(desk.rows()) == 2
    runner.Runner(desk.kernel).run(claims[0])
    assert desk.claim() is not None


def test_a_moment_that_comes_while_one_waits_adds_nothing(desk: Desk) -> None:
    desk.declare(lambda ctx, payload: None, schedule="0 * * * *")
    looking = Schedules(desk.kernel)
    for _hour in range(4):
        looking.enqueue_due()
        desk.wait(hours=1)
    assert len(desk.rows()) == 1


def test_without_an_administrator_the_runner_lives_on(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    counted = Counted(desk)
    with desk.kernel.work(write=True) as work:
        from core.models import User

        work.elevated("test", write=True).query(User).filter_by(login="admin").update({"active": False})
    assert counted.pass_on(days=1) == 0
    assert "no active user admin" in caplog.text


# --- run at once ------------------------------------------------------------------------------------------


def test_run_now_tells_the_job_another_time_and_keeps_the_books_by_the_clock(desk: Desk) -> None:
    told: list[dt.datetime] = []

    def tell(ctx: Ctx, payload: Any) -> Any:
        told.append(ctx.now)
        return {"day": str(ctx.today)}

    desk.declare(tell, schedule="0 2 * * *")
    then = dt.datetime(2027, 1, 1, 1, tzinfo=UTC)
    ended = runner.run_now(desk.kernel, "test.job", then)
    assert (ended.state, ended.result) == ("done", {"day": "2027-01-01"})
    assert told == [then]
    [row] = desk.rows()
    assert (row.started_at, row.ended_at) == (MONDAY, MONDAY)


def test_run_now_fails_once_and_says_why(desk: Desk) -> None:
    def fail(ctx: Ctx, payload: Any) -> None:
        raise ValueError("no")

    desk.declare(fail, schedule="0 2 * * *")
    ended = runner.run_now(desk.kernel, "test.job")
    assert (ended.state, ended.error) == ("failed", "ValueError: no")
    desk.wait(days=1)
    assert desk.work_off() == 0


# --- cron lines -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("zone", [SHANGHAI, NEW_YORK])
def test_the_last_moment_is_the_one_that_walking_forward_meets(line: str, zone: zoneinfo.ZoneInfo) -> None:
    """Around both changes of the clocks in New York, minute by minute."""
    for day in (dt.datetime(2026, 3, 8, 4, tzinfo=UTC), dt.datetime(2026, 11, 1, 3, tzinfo=UTC)):
        walked = []
        for moment in (
            moments(line, zone, day - dt.timedelta(days=1600))
            if line.endswith("2 *")
            else moments(line, zone, day - dt.timedelta(days=40))
        ):
            if moment > day + dt.timedelta(hours=6):
                break
            walked.append(moment)
        assert walked == sorted(set(walked))
        for minute in range(0, 360, 7):
            now = day + dt.timedelta(minutes=minute)
            assert latest(line, zone, now) == max((one for one in walked if one <= now), default=None), now


def test_summer_time_neither_leaves_out_nor_repeats_a_daily_job() -> None:
    for first, days in ((dt.datetime(2026, 3, 6, 12, tzinfo=UTC), 5), (dt.datetime(2026, 10, 30, 12, tzinfo=UTC), 5)):
        for line in ("30 2 * * *", "30 1 * * *"):
            until = first + dt.timedelta(days=days)
            walk = moments(line, NEW_YORK, first)
            found = []
            while (moment := next(walk)) <= until:
                found.append(moment.astimezone(NEW_YORK).date())
            assert len(found) == len(set(found)) == days


@pytest.mark.parametrize("line", ["", "* * * * *", "@daily", "1 2 3", "61 * * * *", "0 0 30 2 *", "* * * * * *", "x"])
def test_a_schedule_that_cannot_be_read_stops_the_boot(line: str) -> None:
    job = Job(key="test.job", title="x", run=lambda ctx, payload: None, schedule=line)
    if line in ("", "* * * * *"):
        schedule.check(job, "test")
    else:
        with pytest.raises(ContractError, match=r"test\.job"):
            schedule.check(job, "test")


def test_pauses_grow_and_end_somewhere() -> None:
    assert all(queue.pause(n) / queue.pause(n + 1) < 0.5 for n in range(1, 5))
    assert queue.pause(50) < dt.timedelta(hours=8)


def test_the_kernel_has_its_own_job(site: Site) -> None:
    assert boot(site.settings).jobs.get("core.housekeeping").schedule
