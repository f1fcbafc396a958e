"""Somebody leaves: who takes over what, shown before it is done, done once, undone once."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from pyramid.config import Configurator
from pyramid.httpexceptions import HTTPSeeOther
from pyramid.request import Request
from pyramid.response import Response
from sqlalchemy import select

from core.errors import Conflict, Forbidden, Invalid
from core.models import User
from core.services import records
from core.services.leaving import USER, Candidate, Held, Plan, candidates, hand_over, held_by, proposed, require
from core.services.work import Ctx
from core.web import toast
from core.web.addresses import record_path
from core.web.forms.again import FormRefused
from core.web.frame import frame
from core.web.query import number
from core.web.record import name_of, record_id
from core.web.templating import page
from core.web.toast import Toast
from core.web.undo import offer

MOST_LISTED = 100
_HEIRS = 3  # that are proposed at first
_ID = "{id:[1-9][0-9]*}"


@dataclass(frozen=True)
class Row:
    """A record of his own: what it is called, and who is to get it (0: nobody)."""

    name: str
    field: str
    title: str
    path: str
    to: int


@dataclass(frozen=True)
class Said:
    """What the form holds: those who take over, by id; whether customers go to nobody; somebody else's login."""

    heirs: tuple[int, ...]
    pooled: bool
    also: str
    told: dict[tuple[str, int], int | None]
    first: bool


def includeme(config: Configurator) -> None:
    config.add_route("web.leaver", f"/admin/leavers/{_ID}")
    config.add_view(view, route_name="web.leaver", request_method="GET")
    config.add_view(apply, route_name="web.leaver", request_method="POST")


def view(context: Any, request: Request) -> Response:
    """GET: all that he is responsible for, and who would get it."""
    return _draw(request, request.ctx, None)


def apply(context: Any, request: Request) -> Response:
    """POST: hand it over and shut him out."""
    ctx: Ctx = request.ctx
    user_id, said = record_id(request), _said(request)
    try:
        hand_over(ctx, user_id, Plan(said.heirs, said.pooled, said.told))
    except (Invalid, Forbidden, Conflict) as error:
        raise FormRefused(_draw, error, {}) from error
    user = records.find(ctx, ctx.catalog[USER], user_id)
    named = name_of(request, ctx, ctx.catalog[USER], user)
    return toast.put(HTTPSeeOther(record_path(USER, user_id)), request, Toast("done", named, offer(ctx)))


def _said(request: Request) -> Said:
    form = request.POST if request.method == "POST" else request.GET
    told = {}
    for name in form:
        kind, _dash, rest = name.partition("/")
        key, _slash, record = rest.partition("/")
        if kind == "to" and (which := number(record)) is not None:
            told[key, which] = number(form[name])
    heirs = tuple(dict.fromkeys(heir for one in form.getall("heir") if (heir := number(one)) is not None))
    also = form.get("also", "")
    return Said(heirs, form.get("pooled") == "1", also.strip() if isinstance(also, str) else "", told, not form)


def _draw(request: Request, ctx: Ctx, refused: FormRefused | None) -> Response:
    entity = ctx.catalog[USER]
    user: User = records.find(ctx, entity, record_id(request))
    require(ctx, user)
    said = _said(request)
    people = _people(ctx, user, said)
    known = {one.id for one in people}
    near = [one.id for one in people[:_HEIRS]] if said.first else [one.id for one in people if one.login == said.also]
    heirs = tuple(dict.fromkeys([*(one for one in said.heirs if one in known), *near]))
    held = held_by(ctx, user.id)
    told = {key: to for key, to in said.told.items() if to is None or to in heirs}
    given = proposed(ctx, held, Plan(heirs, said.pooled, told))
    own = [one for one in held if one.is_own]
    counts = Counter(one.entity.key for one in held)
    error = refused.error if refused else None
    return page(
        request,
        "admin/leaver",
        status=error.status if error else 200,
        frame=frame(request, ctx, entity),
        user=user,
        here=f"/admin/leavers/{user.id}",
        back=record_path(USER, user.id),
        people=people,
        heirs=heirs,
        pooled=said.pooled,
        counts=[(ctx.catalog[key], count) for key, count in counts.items()],
        total=len(held),
        rows=_rows(request, ctx, own[:MOST_LISTED], given),
        own=len(own),
        takes=Counter(to for to in given.values() if to is not None),
        pools=sum(to is None for to in given.values()),
        missing=not heirs and any(one.needed for one in held),
        also="" if any(one.login == said.also for one in people) else said.also,
        error=error.detail or next(iter(error.errors.values()), [""])[0] if error else "",
    )


def _people(ctx: Ctx, user: User, said: Said) -> list[Candidate]:
    chosen = [one for one in (said.also,) if one]
    if said.heirs:
        chosen += ctx.db.scalars(select(User.login).where(User.id.in_(said.heirs))).all()
    return candidates(ctx, user, chosen)


def _rows(request: Request, ctx: Ctx, held: list[Held], given: dict[tuple[str, int], int | None]) -> list[Row]:
    look = records.reader(ctx, request.locale_name)
    look.look_up((one.entity.key, one.id) for one in held)
    rows = []
    for one in held:
        label = look.label(one.entity.key, one.id)
        name = label.label if label else f"#{one.id}"
        path = record_path(one.entity.key, one.id)
        rows.append(Row(name, f"to/{one.entity.key}/{one.id}", one.entity.title, path, given[one.key] or 0))
    return rows
