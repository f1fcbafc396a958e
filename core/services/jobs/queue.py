"""The life of a job as rows: asked for, taken, ended, tried again, cancelled.

Bookkeeping is not audited: what a job changes is, and so is what people do to it.
"""

from __future__ import annotations

import datetime as dt
import json
import random
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from sqlalchemy import insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from core.db.database import ATTEMPTS
from core.db.guard import Refused, unscoped
from core.models import QueuedJob
from core.services.work import Ctx, Kernel, Work
from plugins import Job, More

LEASE = 60.0  # seconds that a runner may be silent before its job is given to another
MOST_LEASE = dt.timedelta(minutes=10)  # a longer one was given by a clock that was wrong
FIRST_PAUSE = dt.timedelta(seconds=30)
LONGEST_PAUSE = dt.timedelta(hours=6)
MOST_UNIQUE = 120
OPEN = ("queued", "running")
LOST = "Its runner ended unexpectedly."


class Doubled(Exception):
    """Such a job runs already."""


class LostLease(Exception):
    """Somebody else has the job by now, or it is over: nothing of this transaction may stay."""


@dataclass(frozen=True)
class Claim:
    """A job that this runner may run, and `lease`, by which it is known that it still may."""

    id: int
    uuid: str
    lease: str
    job: Job
    payload: Any
    user_id: int
    on_behalf: str | None
    attempts: int


def enqueue(
    ctx: Ctx,
    key: str,
    payload: Any = None,
    *,
    run_at: dt.datetime | None = None,
    priority: int = 0,
    unique: str | None = None,
) -> int:
    """Ask for a job in the transaction at hand: it runs after the commit, as the actor. Returns its id.

    A job with the same `unique` text that still waits does for both, at the earlier moment. Lower
    `priority` goes first. KeyError for an unknown job, TypeError for a payload that is not JSON.
    """
    return put(
        ctx.work,
        ctx.kernel.jobs.get(key),
        payload,
        user_id=ctx.identity.user_id,
        on_behalf=ctx.identity.on_behalf,
        run_at=run_at,
        priority=priority,
        unique=unique,
    )


def put(
    work: Work,
    job: Job,
    payload: Any,
    *,
    user_id: int,
    on_behalf: str | None,
    run_at: dt.datetime | None = None,
    priority: int = 0,
    unique: str | None = None,
) -> int:
    """What `enqueue` does, for whomever."""
    if not work.write:
        raise Refused("this unit of work is for reading")
    if unique is not None and len(unique) > MOST_UNIQUE:
        raise ValueError(f"job {job.key}: a unique key has at most {MOST_UNIQUE} characters")
    values = {
        "job_key": job.key,
        "payload": plain(payload, f"the payload of job {job.key}"),
        "user_id": user_id,
        "on_behalf": on_behalf,
        "run_at": run_at or work.now,
        "priority": priority,
        "unique_key": unique,
    }
    work.enqueued = True
    if unique is None:
        return _insert(work, values)
    for _attempt in range(ATTEMPTS):
        if (found := _sooner(work, job.key, unique, values["run_at"])) is not None:
            return found
        try:
            with work.connection.begin_nested():
                return _insert(work, values | {"slot": f"{job.key}/{unique}"})
        except IntegrityError as error:
            taken = error  # by somebody else's that has just come in, or has it been run by now?
    raise taken


def _sooner(work: Work, key: str, unique: str, run_at: dt.datetime) -> int | None:
    """The job that waits for this key, at the latest at `run_at` now."""
    # Locked, so that it is not run before what this transaction has changed is there to be seen.
    statement = (
        select(QueuedJob.id, QueuedJob.run_at)
        .where(QueuedJob.key == key, QueuedJob.unique_key == unique, QueuedJob.state == "queued")
        .order_by(QueuedJob.id)
        .limit(1)
        .with_for_update()
    )
    row = unscoped(work.connection, statement).first()
    if row is not None and row.run_at > run_at:
        unscoped(work.connection, update(QueuedJob).where(QueuedJob.id == row.id).values(run_at=run_at))
    return None if row is None else int(row.id)


def _insert(work: Work, values: dict[str, Any]) -> int:
    uuid = str(uuid4())
    actor = work.journal.identity.user_id if work.journal.identity else None
    whole = {
        "uuid": uuid,
        "slot": uuid,
        "state": "queued",
        "attempts": 0,
        "done": 0,
        "cancel_asked": False,
        "version": 1,
        "created_at": work.now,
        "updated_at": work.now,
        "created_by_id": actor,
        "updated_by_id": actor,
        **values,
    }
    return int(unscoped(work.connection, insert(QueuedJob).values(**whole)).inserted_primary_key[0])


def plain(value: Any, what: str) -> Any:
    """The value, if JSON gives it back as it is. TypeError otherwise: a fault of the code."""
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
        text.encode()
    except (TypeError, ValueError) as error:
        raise TypeError(f"{what} is not JSON: {error}") from None
    if json.loads(text) != value:
        raise TypeError(f"{what} is not JSON: its keys are not all text")
    return json.loads(text)


# --- taking ------------------------------------------------------------------------------------------


def waiting(work: Work) -> bool:
    """Whether a job is due that this program knows. One statement on an index."""
    return unscoped(work.connection, _due(work).limit(1)).first() is not None


def _due(work: Work) -> Any:
    known = list(work.kernel.jobs)
    return select(QueuedJob.id, QueuedJob.key).where(
        QueuedJob.state == "queued", QueuedJob.run_at <= work.now, QueuedJob.key.in_(known)
    )


def claim(work: Work, runner: str, seconds: float) -> Claim | None:
    """Take the most urgent job that is due, for `seconds`. None if there is none, or another runner was
    quicker; Doubled when a job of the schedule that it would be runs since just now.
    """
    jobs = work.kernel.jobs
    single = [job.key for job in jobs.values() if job.schedule]
    busy = select(QueuedJob.key).where(QueuedJob.state == "running", QueuedJob.key.in_(single))
    statement = _due(work)
    if taken := list(unscoped(work.connection, busy).scalars()):
        statement = statement.where(QueuedJob.key.not_in(taken))
    order = (QueuedJob.priority, QueuedJob.run_at, QueuedJob.id)
    found = unscoped(work.connection, statement.order_by(*order).limit(1).with_for_update(skip_locked=True)).first()
    if found is None:
        return None
    return take(work, found.id, jobs.get(found.job_key), runner, seconds)


def take(work: Work, job_id: int, job: Job, runner: str, seconds: float) -> Claim:
    """Take this job. Doubled when it is one of a schedule, and one such runs already."""
    lease = str(uuid4())
    values = {
        "slot": f"run/{job.key}" if job.schedule else lease,
        "attempts": QueuedJob.attempts + 1,
        "started_at": work.now,
        "error": None,
        **_held(work.now, runner, lease, seconds),
    }
    try:
        with work.connection.begin_nested():
            _set(work, job_id, values)
    except IntegrityError:
        raise Doubled(job.key) from None
    columns = (QueuedJob.id, QueuedJob.uuid, QueuedJob.lease, QueuedJob.payload)
    whose = (QueuedJob.user_id, QueuedJob.on_behalf, QueuedJob.attempts)
    row = unscoped(work.connection, select(*columns, *whose).where(QueuedJob.id == job_id)).one()
    return Claim(job=job, **row._mapping)


def _held(now: dt.datetime, runner: str, lease: str, seconds: float) -> dict[str, Any]:
    until = now + dt.timedelta(seconds=seconds)
    return {"state": "running", "lease": lease, "lease_until": until, "runner": runner[:100]}


def beat(kernel: Kernel, claim: Claim, seconds: float) -> None:
    """Say that the runner is alive."""
    with kernel.work(write=True) as work:
        until = work.now + dt.timedelta(seconds=seconds)
        unscoped(work.connection, _of(claim).values(lease_until=until))


# --- ending -------------------------------------------------------------------------------------------


def settle(work: Work, claim: Claim, outcome: Any, now: dt.datetime, lease: str, seconds: float) -> str:
    """Mark what the job has just done, in the same transaction; the last thing that it does. Returns the state.

    With `More` the job is held for its next transaction under the new `lease`. Raises LostLease. `now`
    may be another moment than the one that the job was told.
    """
    row = _locked(work, claim)
    values: dict[str, Any]
    if isinstance(outcome, More):
        values = {
            "payload": plain(outcome.payload, f"the payload of job {claim.job.key}"),
            "done": outcome.done,
            "total": outcome.total,
            "attempts": 1,  # it gets on
        }
        if row.cancel_asked:
            values |= ended(now, row.uuid, "cancelled")
        else:
            values |= _held(now, row.runner, lease, seconds)
    else:
        result = plain(outcome, f"the result of job {claim.job.key}")
        values = {"result": result, **ended(now, row.uuid, "done")}
    _set(work, claim.id, values)
    return str(values["state"])


def failed(work: Work, claim: Claim, error: str, *, again: bool) -> str:
    """Note that an attempt failed: another follows later, or the job has failed for good. Returns the state."""
    row = _locked(work, claim)
    return _after_failure(work, row, error, claim.job.attempts if again else 0)


def release(work: Work, claim: Claim) -> None:
    """Give the job back between two of its transactions: the runner is going to stop."""
    row = _locked(work, claim)
    _set(work, claim.id, {**queued(row.uuid), "attempts": 0, "run_at": work.now})


def reap(work: Work) -> int:
    """Take jobs from runners that have not been heard of since their lease. Returns how many."""
    late = or_(QueuedJob.lease_until < work.now, QueuedJob.lease_until > work.now + MOST_LEASE)
    return _take_away(work, late, LOST)


def abandoned(work: Work, runner: str, error: str) -> int:
    """Take the jobs of a runner that is known to have ended. Returns how many."""
    return _take_away(work, QueuedJob.runner == runner[:100], error)


def _take_away(work: Work, which: Any, error: str) -> int:
    statement = select(*_LOCKED, QueuedJob.key).where(QueuedJob.state == "running", which)
    rows = unscoped(work.connection, statement.with_for_update(skip_locked=True)).all()
    for row in rows:
        jobs = work.kernel.jobs
        _after_failure(work, row, error, jobs.get(row.job_key).attempts if row.job_key in jobs else row.attempts + 1)
    return len(rows)


def _after_failure(work: Work, row: Any, error: str, most: int) -> str:
    if row.cancel_asked:
        values = ended(work.now, row.uuid, "cancelled")
    elif row.attempts >= most:
        values = ended(work.now, row.uuid, "failed")
    else:
        values = {**queued(row.uuid), "run_at": work.now + pause(row.attempts)}
    _set(work, row.id, {**values, "error": error[:400]})
    return str(values["state"])


def pause(attempts: int) -> dt.timedelta:
    """How long to wait after so many failures: four times longer each time, and never all at once."""
    return min(FIRST_PAUSE * 4 ** min(attempts - 1, 9), LONGEST_PAUSE) * random.uniform(0.75, 1.25)


_LOCKED = (QueuedJob.id, QueuedJob.uuid, QueuedJob.runner, QueuedJob.cancel_asked, QueuedJob.attempts)


def _locked(work: Work, claim: Claim) -> Any:
    statement = select(*_LOCKED).where(QueuedJob.id == claim.id, QueuedJob.lease == claim.lease)
    row = unscoped(work.connection, statement.with_for_update()).first()
    if row is None:
        raise LostLease(f"job {claim.id} {claim.job.key}")
    return row


def queued(uuid: str) -> dict[str, Any]:
    """A job that waits, or at least is nobody's."""
    return {"state": "queued", "slot": uuid, "lease": None, "lease_until": None, "runner": None}


def ended(now: dt.datetime, uuid: str, state: str) -> dict[str, Any]:
    return {**queued(uuid), "state": state, "ended_at": now}


def _of(claim: Claim) -> Any:
    return update(QueuedJob).where(QueuedJob.id == claim.id, QueuedJob.lease == claim.lease)


def _set(work: Work, job_id: int, values: dict[str, Any]) -> None:
    shown = {"version": QueuedJob.version + 1, "updated_at": work.now}
    unscoped(work.connection, update(QueuedJob).where(QueuedJob.id == job_id).values(**values, **shown))
