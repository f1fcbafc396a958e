"""A site whose jobs a test declares itself."""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from core.clock import Clock
from core.models import QueuedJob
from core.services.jobs import queue, runner
from core.services.work import Ctx, Kernel
from plugins import Job, Registry
from tests.support.site import Site

MONDAY = dt.datetime(2026, 6, 8, 2, 0, tzinfo=dt.UTC)  # 10:00 in Shanghai


class StillClock(Clock):
    """A clock that is moved by hand."""

    moment = MONDAY

    def now(self) -> dt.datetime:
        return self.moment

    def at(self, moment: dt.datetime) -> StillClock:
        other = copy.copy(self)
        other.moment = moment
        return other


def with_jobs(kernel: Kernel, *jobs: Job) -> Kernel:
    """The kernel with more jobs than its plugins have."""
    registry: Registry[Job] = Registry("job")
    for job in (*kernel.jobs.values(), *jobs):
        registry.add("test", job.key, job)
    return replace(kernel, jobs=registry)


class Desk:
    """Declare jobs, ask for them, run them, and see what has become of them. There are no others."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.clock = StillClock(site.settings)
        site.kernel = replace(site.kernel, clock=self.clock, jobs=Registry("job"))

    @property
    def kernel(self) -> Kernel:
        return self.site.kernel

    def declare(self, run: Callable[[Ctx, Any], Any], key: str = "test.job", **more: Any) -> Job:
        job = Job(key=key, title=key, run=run, **more)
        self.site.kernel = with_jobs(self.kernel, job)
        return job

    def forget(self, key: str) -> None:
        """As if its plugin were off."""
        left = [job for job in self.kernel.jobs.values() if job.key != key]
        self.site.kernel = with_jobs(replace(self.kernel, jobs=Registry("job")), *left)

    def ask(self, payload: Any = None, key: str = "test.job", user: str = "admin", **more: Any) -> int:
        return self.site.run(lambda ctx: queue.enqueue(ctx, key, payload, **more), user)

    def work_off(self) -> int:
        return runner.work_off(self.kernel)

    def wait(self, **span: float) -> None:
        self.clock.moment += dt.timedelta(**span)

    def rows(self, **where: Any) -> list[QueuedJob]:
        with self.kernel.work(write=False) as work:
            statement = select(QueuedJob).filter_by(**where).order_by(QueuedJob.id)
            return list(work.system.scalars(statement).all())

    def row(self, number: int) -> QueuedJob:
        [found] = self.rows(id=number)
        return found

    def state(self, number: int) -> str:
        return self.row(number).state

    def claim(self, name: str = "other:1", seconds: float = 60) -> queue.Claim | None:
        """Take the next job as another runner would."""
        return self.kernel.run(lambda work: queue.claim(work, name, seconds), write=True)


@pytest.fixture
def desk(site: Site) -> Desk:
    return Desk(site)
