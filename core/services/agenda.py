"""One's day: activities that wait for oneself, due by its end; done, or put off to another day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from core.clock import local
from core.entities.listing import ask
from core.errors import Invalid
from core.i18n import _
from core.models import Activity, Notification
from core.security.catalog import verb_of
from core.services import periods, records
from core.services.work import Ctx

ACTIVITY, NOTIFICATION = "core.activity", "core.notification"
MOST, MOST_REMINDERS = 100, 20
DAYS_AHEAD, MOST_COMING = 7, 8


def waiting(ctx: Ctx) -> list[Activity]:
    """The actor's open activities that are due today or were before, the longest overdue first; at most `MOST`."""
    tomorrow = periods.begins(_after(ctx.today), ctx.kernel.clock.zone)
    due = ["or", ["<=", "due", ctx.today.isoformat()], ["<", "at", tomorrow.isoformat()]]
    condition = ["and", ["=", "assignee", ctx.identity.login], ["=", "done", False], due]
    found = records.listing(ctx, ask(ctx.rights, ctx.catalog[ACTIVITY], filter=condition, sort="due,at", limit=MOST))
    return _in_order(ctx, found.records)


def _after(day: dt.date) -> dt.date:
    return day + dt.timedelta(days=1)


def _in_order(ctx: Ctx, found: Iterable[Activity]) -> list[Activity]:
    """By day, then by time; what has none comes last in its day."""
    return sorted(found, key=lambda one: (day_of(ctx, one), one.happens_at is None, one.happens_at, one.id))


def coming(ctx: Ctx) -> list[Activity]:
    """The actor's open activities of the next days, the soonest first; at most `MOST_COMING`."""
    last = ctx.today + dt.timedelta(days=DAYS_AHEAD)
    tomorrow, end = (periods.begins(day, ctx.kernel.clock.zone) for day in (_after(ctx.today), _after(last)))
    timed = ["and", [">=", "at", tomorrow.isoformat()], ["<", "at", end.isoformat()]]
    due = ["and", ["empty", "at"], [">", "due", ctx.today.isoformat()], ["<=", "due", last.isoformat()]]
    condition = ["and", ["=", "assignee", ctx.identity.login], ["=", "done", False], ["or", timed, due]]
    found = records.listing(ctx, ask(ctx.rights, ctx.catalog[ACTIVITY], filter=condition, sort="at,due", limit=MOST))
    return _in_order(ctx, found.records)[:MOST_COMING]


def reminders(ctx: Ctx) -> list[Notification]:
    """What the actor has been told and has not read, the newest first; at most `MOST_REMINDERS`."""
    entity = ctx.catalog[NOTIFICATION]
    wanted = ask(ctx.rights, entity, filter=["=", "read", False], sort="-id", limit=MOST_REMINDERS)
    return list(records.listing(ctx, wanted).records)


def mark_read(ctx: Ctx, notification_id: int) -> None:
    """A reminder has been read. Raises NotFound."""
    entity = ctx.catalog[NOTIFICATION]
    verb = verb_of(entity, "read")
    assert verb is not None
    records.act(ctx, entity, notification_id, verb, {})


def day_of(ctx: Ctx, activity: Activity) -> dt.date:
    """The day for which it is planned: of its time if it has one, else the day on which it is due."""
    if activity.happens_at is not None:
        return ctx.kernel.clock.day(activity.happens_at)
    return activity.due or ctx.today


def complete(ctx: Ctx, activity_id: int, version: int) -> Any:
    """It is done. Raises NotFound, Forbidden, Conflict."""
    return records.change(ctx, ctx.catalog[ACTIVITY], activity_id, {"done": True}, version)


def days_ahead(today: dt.date) -> list[tuple[dt.date, str]]:
    """The days for which something is planned most often, with their names; the nearest first, each once."""
    found = {3: _("In three days"), 7 - today.weekday(): _("Next Monday"), 1: _("Tomorrow")}
    return [(today + dt.timedelta(days=days), title) for days, title in sorted(found.items())]


def put_off(ctx: Ctx, activity_id: int, version: int, to: dt.date) -> Any:
    """To a later day, at the same time of it. Raises NotFound, Forbidden, Conflict; Invalid for a day that is over."""
    if to <= ctx.today:
        raise Invalid(errors={"to": [_("Choose a day that is still to come.")]})
    entity, zone = ctx.catalog[ACTIVITY], ctx.kernel.clock.zone
    activity = records.find(ctx, entity, activity_id)
    changed: dict[str, Any] = {}
    if activity.happens_at is not None:
        there = local(activity.happens_at, zone)
        changed["at"] = dt.datetime.combine(to, there.time(), zone).isoformat()
    if activity.due is not None or not changed:
        changed["due"] = to.isoformat()
    return records.change(ctx, entity, activity_id, changed, version)
