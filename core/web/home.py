"""The day: what waits for oneself as one queue that empties, and what one has been told."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from babel.dates import format_date
from pyramid.config import Configurator
from pyramid.httpexceptions import HTTPSeeOther
from pyramid.request import Request
from pyramid.response import Response

from core.errors import Invalid
from core.http.paths import collection
from core.i18n import _
from core.models import Activity
from core.security.catalog import is_business
from core.services import agenda, records
from core.services.agenda import ACTIVITY, NOTIFICATION
from core.services.work import Ctx
from core.web import format as formats
from core.web import toast
from core.web.addresses import record_path
from core.web.frame import HOME, frame, may_visit
from core.web.record import name_of, record_id, version
from core.web.templating import page
from core.web.toast import Toast
from core.web.undo import offer
from core.web.values import Display, display

OVERDUE, TODAY = _("Overdue"), _("Today")
ICONS = {"visit": "map-pin", "call": "phone", "mail": "mail", "meeting": "users", "note": "note", "task": "checks"}
_BRIEF = 280  # characters of the content
_SHOWN = ("subject", "customer", "contact", "body")


@dataclass(frozen=True)
class Item:
    """An activity in the queue. `about` says with whom; `tone` is the colour of its time."""

    id: int
    version: int
    path: str
    icon: str
    title: str
    about: str
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


@dataclass(frozen=True)
class Choice:
    """A day to which an item can be put off."""

    to: str
    title: str
    when: str


def includeme(config: Configurator) -> None:
    config.add_route("web.home", HOME)
    config.add_view(view, route_name="web.home", request_method="GET")
    for name, act in (("done", done), ("later", later), ("read", read)):
        config.add_route(f"web.day.{name}", f"/day/{{id:[1-9][0-9]*}}/{name}")
        config.add_view(act, route_name=f"web.day.{name}", request_method="POST")


def view(context: Any, request: Request) -> Response:
    """GET. Who has no activities goes to the first list that he has."""
    ctx: Ctx = request.ctx
    if not may_visit(ctx, ctx.catalog[ACTIVITY]):
        visible = [entity for entity in ctx.catalog if may_visit(ctx, entity)]
        first = next((entity for entity in visible if is_business(entity)), visible[0])
        return HTTPSeeOther(collection(first.key))
    show = display(request, ctx, brief=True)
    waiting = agenda.waiting(ctx)
    items = list(_items(request, ctx, show, waiting))
    groups = [(title, list(some)) for title, some in groupby(items, _group)]
    return page(
        request,
        "home",
        frame=frame(request, ctx, home=True),
        day=format_date(ctx.today, "full", formats.locale(request.locale_name)),
        groups=groups,
        count=len(items),
        most=agenda.MOST,
        reminders=list(_reminders(request, ctx, show)),
        choices=_choices(ctx, request.locale_name),
        may_create=ctx.rights.may_ever(ctx.catalog[ACTIVITY], "create"),
        activities=collection(ACTIVITY),
    )


def _group(item: Item) -> str:
    return OVERDUE if item.tone == "overdue" else TODAY


def _items(request: Request, ctx: Ctx, show: Display, waiting: list[Activity]) -> Iterator[Item]:
    entity = ctx.catalog[ACTIVITY]
    fields = [entity.field(name) for name in _SHOWN]
    look = records.reader(ctx, request.locale_name)
    for activity, document in zip(waiting, look.documents(entity, waiting, _SHOWN), strict=True):
        texts = {field.name: show.shown(field, document).text for field in fields}
        day, at = agenda.day_of(ctx, activity), activity.happens_at
        is_overdue = day < ctx.today or (at is not None and at < ctx.now)
        yield Item(
            activity.id,
            activity.version,
            record_path(ACTIVITY, activity.id),
            ICONS.get(activity.kind, "checks"),
            texts["subject"] or f"#{activity.id}",
            " · ".join(name for name in (texts["customer"], texts["contact"]) if name),
            texts["body"][:_BRIEF],
            _when(request.locale_name, ctx, day, at),
            "overdue" if is_overdue else "today",
        )


def _when(language: str, ctx: Ctx, day: dt.date, at: dt.datetime | None) -> str:
    if at is not None:
        return formats.short_moment(at, language, ctx.kernel.clock.zone, ctx.now)
    return "" if day == ctx.today else formats.short_day(day, language, ctx.today)


def _reminders(request: Request, ctx: Ctx, show: Display) -> Iterator[Reminder]:
    entity = ctx.catalog[NOTIFICATION]
    found = agenda.reminders(ctx)
    documents = records.reader(ctx, request.locale_name, request.say).documents(entity, found)
    for one, document in zip(found, documents, strict=True):
        about = show.shown(entity.field("about"), document)
        when = show.shown(entity.field("at"), document)
        yield Reminder(one.id, document["text"], about.path or record_path(NOTIFICATION, one.id), when.text)


def _choices(ctx: Ctx, language: str) -> list[Choice]:
    today, weekday = ctx.today, ctx.today.weekday()
    days = [(_("Tomorrow"), 1), (_("In three days"), 3), (_("Next Monday"), 7 - weekday), (_("In a month"), 30)]
    found = {title: today + dt.timedelta(days=ahead) for title, ahead in days}
    return [Choice(to.isoformat(), title, formats.short_day(to, language, today)) for title, to in found.items()]


# --- what the buttons do -------------------------------------------------------------------------------


def done(context: Any, request: Request) -> Response:
    """POST with the version that the page showed."""
    ctx: Ctx = request.ctx
    return _on(request, "done", agenda.complete(ctx, record_id(request), version(request)))


def later(context: Any, request: Request) -> Response:
    """POST `to`, a day, with the version that the page showed."""
    ctx: Ctx = request.ctx
    try:
        to = dt.date.fromisoformat(request.POST.get("to", ""))
    except (ValueError, TypeError):
        raise Invalid(errors={"to": [_("Choose a day that is still to come.")]}) from None
    return _on(request, "saved", agenda.put_off(ctx, record_id(request), version(request), to))


def _on(request: Request, kind: str, activity: Any) -> Response:
    ctx: Ctx = request.ctx
    name = name_of(request, ctx, ctx.catalog[ACTIVITY], activity)
    return toast.put(HTTPSeeOther(HOME), request, Toast(kind, name, offer(ctx)))


def read(context: Any, request: Request) -> Response:
    """POST: a reminder has been read."""
    agenda.mark_read(request.ctx, record_id(request))
    return HTTPSeeOther(HOME)
