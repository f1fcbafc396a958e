"""An import as a job, a part of the file in each transaction; and the job that takes all of it back."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from core.db.guard import unscoped
from core.errors import Conflict
from core.i18n import _
from core.models import Import, QueuedJob
from core.services import undo
from core.services.importing.choices import Choices
from core.services.importing.store import (
    DONE,
    DRAFT,
    REVERTED,
    REVERTING,
    STARTED,
    Kept,
    change,
    find,
    note_failures,
    part,
)
from core.services.imports import require, take
from core.services.jobs.queue import OPEN, enqueue
from core.services.notices import notify
from core.services.sentences import reasons
from core.services.work import Ctx
from plugins import Job, More

MOST_LEFT = 50  # records that could not be set back and are named


def start(ctx: Ctx, import_id: int) -> None:
    """Have the file imported as it was rehearsed. Raises NotFound, Forbidden, Conflict; Invalid for a bad plan."""
    found = find(ctx, import_id)
    preview = found.preview or {}
    if "counts" not in preview:
        raise Conflict(_("First say how the columns are read."), code="OPEN")
    choices = Choices.of(found.choices | {"readings": preview["readings"]})
    require(ctx, choices.plan(ctx.catalog[found.entity], Kept(ctx.work, found).headers), choices.options)
    job = enqueue(ctx, IMPORT.key, {"import": import_id, "part": 0})
    values = {"choices": choices.to_json(), "batch": _uuid(ctx, job), "started_at": ctx.now}
    change(ctx.work, import_id, DRAFT, state=STARTED, **values)


def revert(ctx: Ctx, import_id: int) -> None:
    """Have all that the import made and changed set back. Raises NotFound, Conflict."""
    found = find(ctx, import_id)
    state = found.state
    job = job_of(ctx, found)
    if state not in (STARTED, DONE) or (job is not None and job.state in OPEN):
        raise Conflict(_("This import cannot be taken back now."), code="OVER")
    number = enqueue(ctx, REVERT.key, {"import": import_id, "before": None})
    change(ctx.work, import_id, state, state=REVERTING, reverting=_uuid(ctx, number))


def _uuid(ctx: Ctx, job_id: int) -> str:
    return str(unscoped(ctx.work.connection, select(QueuedJob.uuid).where(QueuedJob.id == job_id)).scalar_one())


def job_of(ctx: Ctx, found: Import) -> QueuedJob | None:
    """The job that is at work on the import, or was last; None before the start and long after the end."""
    uuid = found.reverting or found.batch
    return ctx.db.scalar(select(QueuedJob).where(QueuedJob.uuid == uuid)) if uuid else None


# --- the jobs -------------------------------------------------------------------------------------------


def _import(ctx: Ctx, payload: Any) -> Any:
    """One part of the file."""
    found, number = find(ctx, payload["import"]), payload["part"]
    choices, work = Choices.of(found.choices), ctx.work
    plan = choices.plan(ctx.catalog[found.entity], Kept(work, found).headers)
    rows = part(work, found.id, number)
    outcome = take(ctx, plan, rows, choices.options)
    places = {id(row): at for at, row in enumerate(rows)}
    failed = [[places[id(one.row)], reasons(one.error)] for one in outcome.failures]
    if failed:
        note_failures(work, found.id, number, failed)
    counts = {name: getattr(found, name) + count for name, count in outcome.counts.items()}
    done = sum(counts.values())
    if done < found.rows:
        change(work, found.id, **counts)
        return More({"import": found.id, "part": number + 1}, done, found.rows)
    change(work, found.id, state=DONE, ended_at=ctx.now, **counts)
    told = _(
        "The import of ${about} is done: ${n} records, ${failed} rows failed.",
        mapping={
            "n": counts["created"] + counts["updated"],
            "failed": counts["failed"],
        },
    )
    notify(ctx, found.user_id, "core.imported", told, about=found)
    return counts


def _revert(ctx: Ctx, payload: Any) -> Any:
    """One transaction of the import, the newest first."""
    found = find(ctx, payload["import"])
    changes = undo.transactions(ctx, str(found.batch), payload["before"])
    if not changes:
        change(ctx.work, found.id, state=REVERTED)
        told = _("The import of ${about} was taken back: ${n} records.", mapping={"n": found.reverted})
        notify(ctx, found.user_id, "core.import_reverted", told, about=found)
        return {"records": found.reverted, "left": found.stayed}
    number, uuid = changes[0]
    outcome = undo.undo_what_can_be(ctx, uuid)
    left = [*found.left, *([one.entity, one.record_id, reasons(one.error)] for one in outcome.failures)]
    reverted, stayed = found.reverted + outcome.records, found.stayed + len(outcome.failures)
    change(ctx.work, found.id, reverted=reverted, stayed=stayed, left=left[:MOST_LEFT])
    return More({"import": found.id, "before": number}, reverted + stayed, found.created + found.updated)


IMPORT = Job(key="core.import", title=_("Import"), run=_import)
REVERT = Job(key="core.import_revert", title=_("Taking an import back"), run=_revert)
