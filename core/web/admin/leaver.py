"""Somebody leaves: who takes over what, shown before it is done, done once, undone once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pyramid.config import Configurator
from pyramid.httpexceptions import HTTPSeeOther
from pyramid.request import Request
from pyramid.response import Response
from sqlalchemy import select

from core.errors import Conflict, Forbidden, Invalid
from core.i18n import _
from core.models import User
from core.services import records
from core.services.leaving import (
    USER,
    Candidate,
    Held,
    Plan,
    candidates,
    hand_over,
    held_by,
    ownerless,
    proposed,
    require,
)
from core.services.work import Ctx
from core.web import toast
from core.web.addresses import record_path
from core.web.format import noun
from core.web.forms.again import FormRefused
from core.web.frame import frame
from core.web.query import number
from core.web.record import name_of, record_id
from core.web.templating import page
from core.web.toast import Toast
from core.web.undo import offer
from plugins import Entity

MOST_LISTED = 100
_HEIRS = 3  # that are proposed at first
_ID = "{id:[1-9][0-9]*}"


@dataclass(frozen=True)
class Row:
    """A record of his own: what it is called, its kind, and who is to get it (0: nobody)."""

    name: str
    field: str
    kind: str
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
        went = hand_over(ctx, user_id, Plan(said.heirs, said.pooled, said.told))
    except (Invalid, Forbidden, Conflict) as error:
        raise FormRefused(_draw, error, {}) from error
    user = records.find(ctx, ctx.catalog[USER], user_id)
    named = name_of(request, ctx, ctx.catalog[USER], user)
    told = Toast("handed" if went else "done", named, offer(ctx), tuple(_told(request, ctx, went)))
    return toast.put(HTTPSeeOther(record_path(USER, user_id)), request, told)


def _told(request: Request, ctx: Ctx, went: Mapping[int | None, Counter[str]]) -> Iterator[str]:
    """What went to whom in numbers; of many people the rest together."""
    say = request.say
    people = select(User.id, User.name).where(User.id.in_([one for one in went if one is not None]))
    names: dict[int | None, str] = {row.id: row.name for row in ctx.system.execute(people)}
    whole = sorted(went.items(), key=lambda one: -one[1].total())
    shown = whole if len(whole) <= _HEIRS else whole[: _HEIRS - 1]
    for to, kinds in shown:
        parts = [_number_of(request, ctx.catalog[kind], count) for kind, count in kinds.items()]
        yield f"{', '.join(parts)} → {names.get(to) or say(_('Nobody'))}"
    if left := whole[len(shown) :]:
        total = sum(kinds.total() for _to, kinds in left)
        yield str(say(_("${n} more → ${people} others", mapping={"n": total, "people": len(left)})))


def _number_of(request: Request, entity: Entity, count: int) -> str:
    things = noun(request.say(entity.title if count == 1 else entity.plural), request.locale_name)
    return str(request.say(_("${n} ${things}", mapping={"n": count, "things": things})))


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
    held = held_by(ctx, user.id)
    counts = Counter(one.entity.key for one in held)
    people = _people(ctx, user, list(counts), said)
    known = {one.id for one in people}
    near = _first_heirs(people, list(counts)) if said.first else [one.id for one in people if one.login == said.also]
    heirs = tuple(dict.fromkeys([*(one for one in said.heirs if one in known), *near]))
    told = {key: to for key, to in said.told.items() if to is None or to in heirs}
    plan = Plan(heirs, said.pooled, told)
    given = proposed(ctx, held, plan)
    own = [one for one in held if one.is_own]
    kinds = [ctx.catalog[key] for key in dict.fromkeys(one.entity.key for one in own)]
    stray = ownerless(held, plan, given)
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
        kinds=kinds,
        takes=Counter((to, key) for (key, _record), to in given.items()),
        pools=sum(to is None for to in given.values()),
        missing=stray,
        also="" if any(one.login == said.also for one in people) else said.also,
        error=error.detail or next(iter(error.errors.values()), [""])[0] if error else "",
    )


def _first_heirs(people: list[Candidate], kinds: list[str]) -> list[int]:
    """Who is proposed at first: a few with a role of his, else who comes first; and for a kind that none of these may
    own the first who may.
    """
    found = [one for one in people if one.is_alike][:_HEIRS] or people[:1]
    for kind in kinds:
        if not any(kind in one.may_own for one in found):
            found += [one for one in people if kind in one.may_own][:1]
    return [one.id for one in found]


def _people(ctx: Ctx, user: User, kinds: list[str], said: Said) -> list[Candidate]:
    chosen = [one for one in (said.also,) if one]
    if said.heirs:
        chosen += ctx.db.scalars(select(User.login).where(User.id.in_(said.heirs))).all()
    return candidates(ctx, user, kinds, chosen)


def _rows(request: Request, ctx: Ctx, held: list[Held], given: dict[tuple[str, int], int | None]) -> list[Row]:
    look = records.reader(ctx, request.locale_name)
    look.look_up((one.entity.key, one.id) for one in held)
    rows = []
    for one in held:
        label = look.label(one.entity.key, one.id)
        name = label.label if label else f"#{one.id}"
        path = record_path(one.entity.key, one.id)
        rows.append(
            Row(name, f"to/{one.entity.key}/{one.id}", one.entity.key, one.entity.title, path, given[one.key] or 0)
        )
    return rows
