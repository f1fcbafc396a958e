"""How the queue stands, for those who look after the site."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import func, select

from core.models import QueuedJob
from core.services.jobs.queue import OPEN
from core.services.work import Work

LATE = dt.timedelta(minutes=10)


@dataclass(frozen=True)
class Standing:
    """Jobs waiting or running, failed for good, overdue, and `parked`: of plugins that are off."""

    open: int
    failed: int
    overdue: int
    parked: int
    missing: tuple[str, ...]


def standing(work: Work) -> Standing:
    """The counts at this moment."""
    by_kind = select(QueuedJob.key, QueuedJob.state, func.count()).group_by(QueuedJob.key, QueuedJob.state)
    rows = work.system.execute(by_kind.where(QueuedJob.state.in_((*OPEN, "failed")))).all()
    known = list(work.kernel.jobs)
    late = select(func.count()).where(
        QueuedJob.state == "queued", QueuedJob.run_at < work.now - LATE, QueuedJob.key.in_(known)
    )
    return Standing(
        open=sum(count for _key, state, count in rows if state in OPEN),
        failed=sum(count for _key, state, count in rows if state == "failed"),
        overdue=work.system.scalar(late) or 0,
        parked=sum(count for key, state, count in rows if state in OPEN and key not in known),
        missing=tuple(sorted({key for key, _state, _count in rows if key not in known})),
    )
