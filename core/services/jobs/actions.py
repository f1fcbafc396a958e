"""What people do to jobs: put an end to one, or have it tried again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import update

from core.db.guard import unscoped
from core.errors import Conflict
from core.i18n import _
from core.models import QueuedJob
from core.services.jobs import queue
from core.services.work import Ctx
from plugins import Rules


class JobRules(Rules):
    """Jobs are asked for by what needs them."""

    closed = _("Jobs are made by what needs them. They can be cancelled and tried again.")


def cancel(ctx: Ctx, job: QueuedJob, arguments: Mapping[str, Any]) -> None:
    """End a job that waits or has failed at once, one that runs after its present transaction."""
    if job.state in ("done", "cancelled"):
        raise Conflict(_("This job is over already."), code="OVER")
    if job.state == "running":
        _set(ctx, job, "cancel", {"cancel_asked": True})
    else:
        _set(ctx, job, "cancel", {**queue.ended(ctx.now, job.uuid, "cancelled"), "cancel_asked": True})


def retry(ctx: Ctx, job: QueuedJob, arguments: Mapping[str, Any]) -> None:
    """Let a job that has failed, was cancelled or waits for its next attempt be run now, from where it was."""
    if job.state in ("done", "running"):
        raise Conflict(_("Only a job that failed, was cancelled or waits can be tried again."), code="OVER")
    values = {**queue.queued(job.uuid), "attempts": 0, "run_at": ctx.now, "ended_at": None, "cancel_asked": False}
    _set(ctx, job, "retry", values)
    ctx.work.enqueued = True


def _set(ctx: Ctx, job: QueuedJob, action: str, values: dict[str, Any]) -> None:
    before = job.state
    change = {**values, "version": QueuedJob.version + 1, "updated_at": ctx.now, "updated_by_id": ctx.identity.user_id}
    unscoped(ctx.work.connection, update(QueuedJob).where(QueuedJob.id == job.id).values(**change))
    ctx.db.refresh(job)
    ctx.journal.note(action, "core.job", job.id, [{"field": "state", "old": before, "new": job.state}])
