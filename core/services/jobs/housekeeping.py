"""What the kernel tidies up every night: expired logins, kept replies, imported files, old jobs."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import delete, select

from core.i18n import _
from core.models import LoginSession, QueuedJob
from core.services import idempotency
from core.services.chunks import CHUNK
from core.services.importing import store
from core.services.jobs import schedule
from core.services.work import Ctx
from plugins import Job, More

FORGOTTEN = ("done", "cancelled")  # one that failed stays until somebody has dealt with it


def tidy(ctx: Ctx, payload: Any) -> Any:
    """A part of the old jobs, and with the first part all that is quickly done."""
    session = ctx.work.elevated(_("Housekeeping"), write=True)
    if payload is None:
        ended: Any = session.execute(delete(LoginSession).where(LoginSession.expires_at < ctx.now))
        schedule.forget(ctx.work)
        store.forget_old(ctx)
        payload = {"sessions": ended.rowcount, "replies": idempotency.forget_old(ctx.work), "jobs": 0}
    before = ctx.now - dt.timedelta(days=ctx.kernel.settings.job_days)
    old = select(QueuedJob.id).where(QueuedJob.state.in_(FORGOTTEN), QueuedJob.ended_at < before)
    ids = session.scalars(old.order_by(QueuedJob.id).limit(CHUNK)).all()
    if not ids:
        return payload
    session.execute(delete(QueuedJob).where(QueuedJob.id.in_(ids)))
    payload["jobs"] += len(ids)
    return More(payload, payload["jobs"])


HOUSEKEEPING = Job(key="core.housekeeping", title=_("Housekeeping"), run=tidy, schedule="30 3 * * *")
