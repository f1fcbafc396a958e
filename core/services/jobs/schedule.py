"""When jobs are due by their schedules, and putting them into the queue then (M37).

A moment of a schedule is seen to once, and that is kept as a row: so a clock that jumps back repeats
nothing, and one that has jumped forward and back again has left nothing out. Of moments that were
missed only the last one counts.
"""

from __future__ import annotations

import datetime as dt
import logging
import zoneinfo
from collections.abc import Iterator, Mapping

from cronsim import CronSim, CronSimError
from sqlalchemy import delete, func, insert, select
from sqlalchemy.exc import IntegrityError

from core.db.guard import unscoped
from core.errors import Invalid
from core.models import JobSlot
from core.services import login
from core.services.jobs import queue
from core.services.work import Kernel, Work
from plugins import ContractError, Job

log = logging.getLogger(__name__)
ADMIN = "admin"
KEPT = dt.timedelta(days=8)
# How far to look back for the last moment; most schedules have one within the first.
_BACK = (dt.timedelta(hours=2), dt.timedelta(days=2), dt.timedelta(days=40), dt.timedelta(days=1500))


def check(job: Job, owner: str) -> None:
    """ContractError for a schedule that cannot be read."""
    if not job.schedule:
        return
    try:
        CronSim(job.schedule, dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
        fits = len(job.schedule.split()) == 5
    except CronSimError:
        fits = False
    if not fits:
        message = f"job {job.key}: {job.schedule!r} is not a cron line such as '30 2 * * *'"
        raise ContractError(f"plugin {owner!r}: {message}", owner)


def moments(line: str, zone: zoneinfo.ZoneInfo, after: dt.datetime) -> Iterator[dt.datetime]:
    """The moments of a cron line that follow `after`, in UTC; its hours are those of the zone.

    What falls into the hour that a change to summer time leaves out follows right after it; what falls
    into the hour that comes twice is due once, unless the line says every hour or every few minutes.
    """
    return (moment.astimezone(dt.UTC) for moment in CronSim(line, after.astimezone(zone)))


def latest(line: str, zone: zoneinfo.ZoneInfo, now: dt.datetime) -> dt.datetime | None:
    """The last moment of a cron line up to `now`; None if it has not had one for four years."""
    for back in _BACK:
        found = None
        for moment in moments(line, zone, now - back):
            if moment > now:
                break
            found = moment
        if found is not None:
            return found
    return None


class Schedules:
    """Sees to the schedules of one runner; asks the clock first, and the database only when one is due."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self._jobs = [job for job in kernel.jobs.values() if job.schedule]
        self._seen: dt.datetime | None = None
        self._next: dt.datetime | None = None

    def enqueue_due(self) -> None:
        """Put the jobs into the queue whose moment has come since the last time."""
        now = self.kernel.clock.now()
        jumped_back = self._seen is not None and now < self._seen
        quiet = self._next is not None and now < self._next
        if not self._jobs or (quiet and not jumped_back):
            return
        zone = self.kernel.clock.zone
        due = {job.key: latest(job.schedule, zone, now) for job in self._jobs}
        begun, seen_to = self.kernel.run(lambda work: _known(work, due), write=False) or (set(), set())
        for job in self._jobs:
            moment = due[job.key]
            if moment is not None and (job.key, moment) not in seen_to:
                self._see_to(job, moment, new=job.key not in begun)
        self._seen, self._next = now, min(next(moments(job.schedule, zone, now)) for job in self._jobs)

    def _see_to(self, job: Job, moment: dt.datetime, *, new: bool) -> None:
        try:
            self.kernel.run(lambda work: _see_to(work, job, moment, new=new), write=True)
        except IntegrityError:
            log.debug("another runner has seen to %s", job.key)


def _known(work: Work, due: Mapping[str, dt.datetime | None]) -> tuple[set[str], set[tuple[str, dt.datetime]]]:
    """Which schedules have begun, and which of these moments have been seen to."""
    begun = unscoped(work.connection, select(JobSlot.job_key).distinct())
    moments = {moment for moment in due.values() if moment is not None}
    seen_to = unscoped(work.connection, select(JobSlot.job_key, JobSlot.due_at).where(JobSlot.due_at.in_(moments)))
    return set(begun.scalars()), {(row.job_key, row.due_at) for row in seen_to}


def _see_to(work: Work, job: Job, moment: dt.datetime, *, new: bool) -> None:
    """One job for the moment. A schedule that is `new` here begins with the moment after it."""
    unscoped(work.connection, insert(JobSlot).values(job_key=job.key, due_at=moment))
    if new:
        return
    try:
        put_as_admin(work, job, unique="schedule")
    except Invalid:
        log.error("%s is due, but there is no active user %s to run it as", job.key, ADMIN)


def put_as_admin(work: Work, job: Job, *, unique: str | None = None) -> int:
    """Ask for a job that nobody in the browser asks for: it runs as the administrator, for whoever runs this
    program. Returns its id. Invalid if there is no such user.
    """
    who = login.by_login(work, ADMIN, door="job")
    return queue.put(work, job, None, user_id=who.user_id, on_behalf=login.system_user(), unique=unique)


def next_moment(kernel: Kernel, job: Job) -> dt.datetime | None:
    """When the job is due next; None without a schedule."""
    return next(moments(job.schedule, kernel.clock.zone, kernel.clock.now())) if job.schedule else None


def forget(work: Work) -> None:
    """Drop moments that are so long gone that no clock jumps back there; of each job the last one stays."""
    before = work.now - KEPT
    last = select(JobSlot.job_key, func.max(JobSlot.due_at).label("due_at")).group_by(JobSlot.job_key)
    for row in unscoped(work.connection, last).all():
        old = delete(JobSlot).where(JobSlot.job_key == row.job_key, JobSlot.due_at < min(before, row.due_at))
        unscoped(work.connection, old)
