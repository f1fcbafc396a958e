"""The page of the day, and what its buttons do."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.request import Request
from pyramid.response import Response

from core.errors import BadRequest, Invalid
from core.http.paths import collection
from core.i18n import _
from core.security.catalog import is_business
from core.services import agenda, periods
from core.services.agenda import ACTIVITY
from core.services.periods import Period
from core.services.work import Ctx
from core.web import format as formats
from core.web import toast
from core.web.frame import HOME, frame, has_home, may_visit
from core.web.home import queue
from core.web.home.cards import blocks
from core.web.record import name_of, record_id, version
from core.web.templating import page
from core.web.toast import Toast
from core.web.undo import offer
from core.web.values import display

PERIODS = {"month": _("This month"), "quarter": _("This quarter"), "year": _("This year")}


@dataclass(frozen=True)
class Choice:
    """A day to which an item can be put off."""

    to: str
    title: str
    when: str


def view(context: Any, request: Request) -> Response:
    """GET. Who has no start page goes to the first list that he has."""
    ctx: Ctx = request.ctx
    if not has_home(ctx):
        visible = [entity for entity in ctx.catalog if may_visit(ctx, entity)]
        first = next((entity for entity in visible if is_business(entity)), visible[0])
        return HTTPSeeOther(collection(first.key))
    profile, period = ctx.rights.person.profile, _period(request, ctx)
    waits = profile != "executive" and may_visit(ctx, ctx.catalog[ACTIVITY])
    show = display(request, ctx, brief=True)
    items = list(queue.items(request, ctx, show, agenda.waiting(ctx))) if waits else []
    unit = ctx.work.org.nodes.get(ctx.identity.unit_id)
    return page(
        request,
        "home",
        frame=frame(request, ctx, home=True),
        profile=profile,
        unit=unit.name if unit else "",
        day=formats.whole_day(ctx.today, request.locale_name),
        periods=PERIODS,
        period=period,
        waits=waits,
        groups=[(title, list(some)) for title, some in groupby(items, queue.group)],
        count=len(items),
        most=agenda.MOST,
        reminders=list(queue.reminders(request, ctx, show)) if waits else [],
        cards=blocks(request, ctx, period),
        choices=_choices(ctx, request.locale_name),
        may_create=ctx.rights.may_ever(ctx.catalog[ACTIVITY], "create"),
        activities=collection(ACTIVITY),
    )


def _period(request: Request, ctx: Ctx) -> Period:
    """The `period` of the address. Raises BadRequest."""
    name = request.GET.get("period", periods.DEFAULT)
    if name not in PERIODS:
        raise BadRequest(_("The query cannot be read."), errors={"period": [_("Give month, quarter or year.")]})
    return periods.around(name, ctx.today)


def _choices(ctx: Ctx, language: str) -> list[Choice]:
    today = ctx.today
    found = [*agenda.days_ahead(today), (today + dt.timedelta(days=30), _("In a month"))]
    return [Choice(to.isoformat(), title, formats.short_day(to, language, today)) for to, title in found]


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
