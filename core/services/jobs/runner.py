"""Running jobs: one runner takes one job at a time and is watched while it runs.

A thread cannot be ended from outside, a process can: a job that takes longer than it may ends the
process that it runs in, and whoever started that process starts another.
"""

from __future__ import annotations

import copy
import datetime as dt
import logging
import os
import random
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from core.db.engine import sqlite_path
from core.db.guard import unscoped
from core.errors import Conflict, KehuError, in_words
from core.i18n import _
from core.models import QueuedJob
from core.services import login
from core.services.chunks import stored
from core.services.jobs import queue
from core.services.jobs.queue import Claim, Doubled, LostLease
from core.services.jobs.schedule import Schedules, put_as_admin
from core.services.work import Kernel, Work
from plugins import Job

log = logging.getLogger(__name__)
POLL = 1.0  # seconds between looks at the queue when nobody rings
REAP = 10.0  # seconds between looks for runners that are silent
REST = 5.0  # seconds to wait while the database does not answer
DRAIN = 30.0  # seconds that a running job gets when its runner shall stop
HUNG = 75  # exit code of a process that a job has held for longer than it may
HELD = 76  # exit code of a process that should stop and could not
TOO_LONG = "It took longer than it may and was stopped."


def name_of(pid: int) -> str:
    """How the runner in this process is called."""
    return f"{socket.gethostname()}:{pid}"


@dataclass
class Running:
    """What a runner is doing: for whoever watches it."""

    claim: Claim
    since: float  # on the clock that never jumps


class Runner:
    """Takes jobs and runs them, one after the other, in the thread that calls it.

    `leave(code)` ends the process.
    """

    def __init__(self, kernel: Kernel, *, lease: float = queue.LEASE, leave: Callable[[int], Any] = os._exit) -> None:
        self.kernel, self.lease, self.leave = kernel, lease, leave
        self.name = name_of(os.getpid())
        self.stopping = threading.Event()
        self.bell = kernel.bell
        self._schedules = Schedules(kernel)
        self._reaped = -REAP
        self._running: Running | None = None

    def stop(self) -> None:
        """Take no other job; the one that runs may end, or comes as far as its next transaction."""
        self.stopping.set()
        self.bell.set()

    def loop(self) -> None:
        """Run jobs as they come until `stop()`."""
        with self.watched():
            while not self.stopping.is_set():
                try:
                    idle = not self.step()
                except DBAPIError:
                    log.exception("the queue of jobs cannot be reached; trying again")
                    self.stopping.wait(REST)
                    continue
                if idle and self.bell.wait(POLL * random.uniform(0.8, 1.2)):
                    self.bell.clear()

    def step(self) -> bool:
        """See to schedules and to lost runners, then run the most urgent job. False if none is due."""
        self._schedules.enqueue_due()
        if time.monotonic() - self._reaped > REAP:
            self._reaped = time.monotonic()
            stored(self.kernel, queue.reap)
        if not self.kernel.run(queue.waiting, write=False):
            return False
        try:
            claim = stored(self.kernel, lambda work: queue.claim(work, self.name, self.lease))
        except Doubled:
            return True
        if claim is not None:
            self.run(claim)
        return claim is not None

    # --- one job ---------------------------------------------------------------------------------

    def run(self, claim: Claim, *, kernel: Kernel | None = None, again: bool = True) -> str | None:
        """Run a job that was taken, transaction by transaction. Its state, or None if it was lost to another.

        `kernel` is the one that the job itself sees; `again`: when it fails it may be tried once more.
        """
        state: str | None
        log.info("job %s %s begins, attempt %s", claim.id, claim.job.key, claim.attempts)
        try:
            while True:
                following = replace(claim, lease=str(uuid4()), attempts=1)
                state, outcome = self._attempt(claim, following.lease, kernel or self.kernel)
                if state != "running":
                    break
                claim = replace(following, payload=outcome.payload)
                if self.stopping.is_set():
                    stored(self.kernel, partial(queue.release, claim=claim))
                    state = "queued"
                    break
        except LostLease as lost:
            log.warning("%s was given to another runner: what this one did is undone", lost)
            return None
        except Exception as error:
            log.error("job %s %s failed", claim.id, claim.job.key, exc_info=error)
            self._running = None
            state = self._note_failure(claim, sentence(error), again=again and not isinstance(error, login.Left))
        finally:
            self._running = None
        log.info("job %s %s is %s", claim.id, claim.job.key, state)
        return state

    def _attempt(self, claim: Claim, lease: str, kernel: Kernel) -> tuple[str, Any]:
        """One transaction of the job and the mark that it was done, together or not at all."""

        def task(work: Work) -> tuple[str, Any]:
            self._running = Running(claim, time.monotonic())  # not before: other writers may take their time
            identity = login.by_id(work, claim.user_id, door="job", on_behalf=claim.on_behalf)
            work.journal.batch = claim.uuid
            outcome = claim.job.run(work.act_as(identity), copy.deepcopy(claim.payload))
            work.flush()
            return queue.settle(work, claim, outcome, self.kernel.clock.now(), lease, self.lease), outcome

        return stored(kernel, task)

    def _note_failure(self, claim: Claim, error: str, *, again: bool) -> str | None:
        try:
            return stored(self.kernel, lambda work: queue.failed(work, claim, error, again=again))
        except LostLease:
            return None

    # --- being watched ---------------------------------------------------------------------------

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Keep the lease, and end the process should a job not end."""
        over = threading.Event()
        thread = threading.Thread(target=self._watch, args=(over,), name="kehu-job-watch", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _watch(self, over: threading.Event) -> None:
        # On SQLite a job holds the only right to write: nobody can take it away, and a beat would have to wait.
        beats = sqlite_path(self.kernel.database.engine) is None
        beaten, asked = time.monotonic(), None
        while not over.wait(min(self.lease / 4, 1.0)):
            now, running = time.monotonic(), self._running
            if self.stopping.is_set():
                asked = asked or now
            if running is None:
                continue
            if now - running.since > running.claim.job.limit:
                log.error("job %s %s: %s", running.claim.id, running.claim.job.key, TOO_LONG)
                self.leave(HUNG)
            elif asked is not None and now - asked > DRAIN:
                log.error("job %s %s does not end; stopping without it", running.claim.id, running.claim.job.key)
                self.leave(HELD)
            elif beats and now - beaten > self.lease / 4:
                beaten = now
                try:
                    queue.beat(self.kernel, running.claim, self.lease)
                except DBAPIError:
                    log.exception("the lease of job %s could not be prolonged", running.claim.id)


def sentence(error: BaseException) -> str:
    """What is kept of an error, for people: not where in the code, nor a database's own words about rows."""
    if isinstance(error, KehuError):
        return in_words(error)
    if isinstance(error, DBAPIError):
        return f"The database refused: {type(error).__name__}."
    return f"{type(error).__name__}: {error}".splitlines()[0]


def work_off(kernel: Kernel) -> int:
    """Run in this thread whatever is due, until nothing is. Returns how many jobs that were."""
    runner, count = Runner(kernel), 0
    while runner.step():
        count += 1
    return count


@dataclass(frozen=True)
class Outcome:
    """What became of a job: its state, and its result or error."""

    state: str
    result: Any
    error: str | None


def run_now(kernel: Kernel, key: str, moment: dt.datetime | None = None) -> Outcome:
    """Run a job at once in this thread, as the administrator; it is told that now is `moment`.

    Conflict when it is one of a schedule and runs already. It is not tried again.
    """
    runner = Runner(kernel)
    claim = stored(kernel, lambda work: _taken_at_once(work, kernel.jobs.get(key), runner))
    told = kernel if moment is None else replace(kernel, clock=kernel.clock.at(moment))
    with runner.watched():
        runner.run(claim, kernel=told, again=False)
    return stored_outcome(kernel, claim.id)


def _taken_at_once(work: Work, job: Job, runner: Runner) -> Claim:
    number = put_as_admin(work, job)
    try:
        return queue.take(work, number, job, runner.name, runner.lease)
    except Doubled:
        raise Conflict(_("${job} is running already.", mapping={"job": job.key})) from None


def stored_outcome(kernel: Kernel, job_id: int) -> Outcome:
    """What the queue says about a job."""
    columns = select(QueuedJob.state, QueuedJob.result, QueuedJob.error).where(QueuedJob.id == job_id)
    with kernel.work(write=False) as work:
        return Outcome(*unscoped(work.connection, columns).one())
