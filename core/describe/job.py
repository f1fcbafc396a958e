"""任务: what runs in the background, has run, or could not (M37)."""

from __future__ import annotations

from core.fields import INT_MAX, Boolean, Choice, Document, Integer, Moment, Reference, Text
from core.i18n import _
from core.models import QueuedJob
from core.services.jobs.actions import JobRules, cancel, retry
from plugins import Entity, Field, Group, Verb

STATES = {
    "queued": _("Waiting"),
    "running": _("Running"),
    "done": _("Done"),
    "failed": _("Failed"),
    "cancelled": _("Cancelled"),
}


def _as_stored(value: object) -> object:
    return value


JOB = Entity(
    key="core.job",
    model=QueuedJob,
    title=_("Job"),
    plural=_("Jobs"),
    icon="refresh",
    sort="-id",
    label="key",
    natural_key="key",
    fields=(
        Field("key", Text(64, names="job"), _("Job"), read_only=True),
        Field("state", Choice(STATES, aside=("failed", "cancelled")), _("State"), read_only=True),
        Field("user", Reference("core.user"), _("Acts as"), read_only=True),
        Field("on_behalf", Text(200), _("Started by"), read_only=True),
        Field("run_at", Moment(), _("Due"), read_only=True),
        Field("priority", Integer(-INT_MAX), _("Priority"), read_only=True),
        Field("attempts", Integer(), _("Attempts"), read_only=True),
        Field("done", Integer(), _("Done so far"), read_only=True),
        Field("total", Integer(), _("Of"), read_only=True),
        Field("started", Moment(), _("Started"), read_only=True, column="started_at"),
        Field("ended", Moment(), _("Ended"), read_only=True, column="ended_at"),
        Field("cancelling", Boolean(), _("To be cancelled"), read_only=True, column="cancel_asked"),
        Field("result", Document(_as_stored), _("Result"), read_only=True),
        Field("error", Text(400), _("What went wrong"), read_only=True),
    ),
    columns=("key", "state", "user", "run_at", "ended", "error"),
    groups=(
        Group(_("Job"), ("key", "state", "user", "on_behalf", "run_at", "priority")),
        Group(_("Progress"), ("done", "total", "attempts", "started", "ended", "cancelling")),
        Group(_("Result"), ("result", "error")),
    ),
    rules=JobRules(),
    verbs=(
        Verb("cancel", _("Cancel the job"), "cancel", cancel),
        Verb("retry", _("Try again"), "retry", retry),
    ),
)
