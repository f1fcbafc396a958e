"""What waits for oneself: the items of the queue, and what one has been told."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from pyramid.request import Request

from core.describe.activity import ICONS
from core.i18n import _
from core.models import Activity
from core.services import agenda, records
from core.services.agenda import ACTIVITY, NOTIFICATION
from core.services.work import Ctx
from core.web import format as formats
from core.web.addresses import record_path
from core.web.composer import ASKED
from core.web.values import Display

OVERDUE, TODAY = _("Overdue"), _("Today")
_BRIEF = 280  # characters of the content
_SHOWN = ("subject", "customer", "contact", "body")


@dataclass(frozen=True)
class Item:
    """An activity in the queue. `about` says with whom, `log` is where a call with them is written down; `tone`
    is the colour of its time.
    """

    id: int
    version: int
    path: str
    icon: str
    title: str
    about: str
    log: str
    brief: str
    when: str
    tone: str


@dataclass(frozen=True)
class Reminder:
    """Something the user was told; `path` leads to what it is about."""

    id: int
    text: str
    path: str
    when: str


def group(item: Item) -> str:
    return OVERDUE if item.tone == "overdue" else TODAY


def items(request: Request, ctx: Ctx, show: Display, waiting: list[Activity]) -> Iterator[Item]:
    entity = ctx.catalog[ACTIVITY]
    fields = [entity.field(name) for name in _SHOWN]
    look = records.reader(ctx, request.locale_name)
    for activity, document in zip(waiting, look.documents(entity, waiting, _SHOWN), strict=True):
        values = {field.name: show.shown(field, document) for field in fields}
        texts = {name: value.text for name, value in values.items()}
        customer = values["customer"]
        day, at = agenda.day_of(ctx, activity), activity.happens_at
        is_overdue = day < ctx.today or (at is not None and at < ctx.now)
        yield Item(
            activity.id,
            activity.version,
            record_path(ACTIVITY, activity.id),
            ICONS[activity.kind],
            texts["subject"] or f"#{activity.id}",
            " · ".join(name for name in (texts["customer"], texts["contact"]) if name),
            f"{customer.path}?{ASKED}=call" if customer.kind == "link" else "",
            texts["body"][:_BRIEF],
            _when(request.locale_name, ctx, day, at),
            "overdue" if is_overdue else "today",
        )


def _when(language: str, ctx: Ctx, day: dt.date, at: dt.datetime | None) -> str:
    if at is not None:
        return formats.short_moment(at, language, ctx.kernel.clock.zone, ctx.now)
    return "" if day == ctx.today else formats.short_day(day, language, ctx.today)


def reminders(request: Request, ctx: Ctx, show: Display) -> Iterator[Reminder]:
    entity = ctx.catalog[NOTIFICATION]
    found = agenda.reminders(ctx)
    documents = records.reader(ctx, request.locale_name, request.say).documents(entity, found)
    for one, document in zip(found, documents, strict=True):
        about = show.shown(entity.field("about"), document)
        when = show.shown(entity.field("at"), document)
        yield Reminder(one.id, document["text"], about.path or record_path(NOTIFICATION, one.id), when.text)
