"""Runners that are killed, hang or are asked to stop: nothing is lost, nothing happens twice."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from sqlalchemy import func, select, update

from core.db.guard import unscoped
from core.models import Customer, QueuedJob
from core.services.chain import verify
from core.services.jobs import queue
from core.services.jobs.runner import HUNG, TOO_LONG, name_of
from core.services.work import Kernel
from tests.jobs.child import kernel_on
from tests.support.site import Site

pytestmark = pytest.mark.databases
LEASE = 2.0
PATIENCE = 120


@contextmanager
def child(url: str) -> Iterator[subprocess.Popen[str]]:
    """A runner in a process of its own, which is up."""
    process = begin(url)
    try:
        yield process
    finally:
        end(process)


def begin(url: str, *, patiently: bool = True) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.jobs.child", url, str(LEASE)], stdout=subprocess.PIPE, text=True
    )
    if patiently:
        expect(process, "ready")
    return process


def end(process: subprocess.Popen[str]) -> None:
    """kill -9"""
    process.kill()
    process.wait()
    assert process.stdout is not None
    process.stdout.close()


def expect(process: subprocess.Popen[str], word: str) -> None:
    assert process.stdout is not None
    assert process.stdout.readline().strip() == word


def ask(kernel: Kernel, key: str, payloads: list[object]) -> None:
    with kernel.work(write=True) as work:
        for payload in payloads:
            queue.put(work, kernel.jobs.get(key), payload, user_id=1, on_behalf=None)


def made(kernel: Kernel) -> list[str]:
    with kernel.work(write=False) as work:
        return sorted(work.system.scalars(select(Customer.name)))


def states(kernel: Kernel) -> Counter[str]:
    with kernel.work(write=False) as work:
        counted = select(QueuedJob.state, func.count()).group_by(QueuedJob.state)
        return Counter({row[0]: row[1] for row in work.system.execute(counted)})


@pytest.fixture
def kernel(site: Site, database_url: str) -> Iterator[Kernel]:
    found = kernel_on(database_url)
    yield found
    found.database.dispose()


@dataclass
class Killer:
    """`runners` processes, of which now and then one that is just doing something is killed and replaced."""

    url: str
    kernel: Kernel
    runners: int
    kills: int

    def run(self) -> None:
        dice = random.Random(7)
        processes = [begin(self.url) for _runner in range(self.runners)]
        try:
            work, killed, last, until = self.open(), 0, 0, time.monotonic() + PATIENCE
            while left := self.open():
                if left != last:  # however slow the machine is: it gets on
                    last, until = left, time.monotonic() + PATIENCE
                assert time.monotonic() < until, states(self.kernel)
                time.sleep(dice.uniform(0.005, 0.05))
                if killed < self.kills and left < work * (1 - killed / (self.kills + 1)):
                    killed += self.kill(processes, by_lease=killed % 2 == 0)
            assert killed == self.kills
        finally:
            for process in processes:
                end(process)

    def kill(self, processes: list[subprocess.Popen[str]], *, by_lease: bool) -> int:
        """Kill one that has a job. Its job is found by its lease, or given back as the parent of a runner does."""
        with self.kernel.work(write=False) as work:
            busy = work.system.scalars(select(QueuedJob.runner).where(QueuedJob.state == "running")).all()
        victims = [process for process in processes if name_of(process.pid) in busy]
        if not victims:
            return 0
        victim = victims[0]
        end(victim)
        processes[processes.index(victim)] = begin(self.url, patiently=False)
        with self.kernel.work(write=True) as work:
            if not by_lease:
                queue.abandoned(work, name_of(victim.pid), queue.LOST)
            # The pauses are for other tests.
            waiting = update(QueuedJob).where(QueuedJob.state == "queued").values(run_at=work.now)
            unscoped(work.connection, waiting)
        return 1

    def open(self) -> int:
        found = states(self.kernel)
        if found["queued"] and not found["running"]:
            with self.kernel.work(write=True) as work:
                unscoped(work.connection, update(QueuedJob).where(QueuedJob.state == "queued").values(run_at=work.now))
        return found["queued"] + found["running"]


@pytest.mark.parametrize(("jobs", "runners", "kills"), [(120, 3, 4), pytest.param(1500, 6, 25, marks=pytest.mark.long)])
def test_kill_9_at_any_moment_loses_nothing_and_doubles_nothing(
    kernel: Kernel, database_url: str, jobs: int, runners: int, kills: int
) -> None:
    single = [f"job-{number:04}" for number in range(jobs)]
    long = [{"name": f"long-{number}", "done": 0, "total": 20} for number in range(jobs // 60)]
    ask(kernel, "test.make", list(single))
    ask(kernel, "test.many", list(long))
    Killer(database_url, kernel, runners, kills).run()
    assert states(kernel) == {"done": len(single) + len(long)}
    assert made(kernel) == sorted([*single, *(f"{one['name']}-{part}" for one in long for part in range(20))])
    assert kernel.run(verify, write=False) is None


def test_a_job_that_hangs_ends_its_process_and_then_itself(kernel: Kernel, database_url: str) -> None:
    ask(kernel, "test.hang", [None])
    for attempt in (1, 2):
        with child(database_url) as process:
            assert process.wait(PATIENCE) == HUNG
            # On SQLite it had the only right to write: that is free again.
            kernel.run(lambda work: queue.abandoned(work, name_of(process.pid), TOO_LONG), write=True)
        with kernel.work(write=True) as work:
            row = work.system.scalars(select(QueuedJob)).one()
            assert (row.attempts, row.error) == (attempt, TOO_LONG)
            unscoped(work.connection, update(QueuedJob).values(run_at=work.now))
    assert states(kernel) == {"failed": 1}
    assert made(kernel) == []


def test_sigterm_lets_a_job_come_to_its_end(kernel: Kernel, database_url: str) -> None:
    ask(kernel, "test.wait", [1])
    ask(kernel, "test.make", ["left for others"])
    with child(database_url) as process:
        expect(process, "waiting")
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
    assert states(kernel) == {"done": 1, "queued": 1}
    assert made(kernel) == ["first"]
