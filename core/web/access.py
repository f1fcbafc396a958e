"""Who sees a record, and why: the verdict, the smallest change that would turn it, and what it rests on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from pyramid.request import Request
from pyramid.response import Response

from core.errors import BadRequest
from core.http.paths import collection
from core.i18n import _
from core.security.catalog import is_business, verb_of
from core.services import access, allowed, records
from core.services.work import Ctx
from core.web.addresses import record_path
from core.web.frame import frame, is_administrator, may_visit
from core.web.record import name_of, record_id
from core.web.templating import page
from core.web.words import action_title
from plugins import Entity

FOR, AGAINST, ASIDE = "ok", "no", "na"
_MARKS = {
    **dict.fromkeys(("grant", "share", "people", "personal", "public"), FOR),
    **dict.fromkeys(("missed", "no_people"), ASIDE),
}
_WITH_RECORD, _WITH_USER, _WITH_ROLE = (
    ("share", "add_people", "remove_people"),
    ("clearance", "activate"),
    (
        "grant",
        "remove_grant",
        "remove_deny",
    ),
)


@dataclass(frozen=True)
class Person:
    """A colleague in the list: whether he sees the record, and where his reasons are."""

    name: str
    login: str
    sees: bool
    url: str
    on: bool


@dataclass(frozen=True)
class Reason:
    """A step of the chain; `below` are those that it rests on."""

    mark: str
    text: str
    below: tuple[Reason, ...] = ()


@dataclass(frozen=True)
class Step:
    """A part of the change that would turn the verdict, and where it is made."""

    text: str
    url: str


@dataclass(frozen=True)
class Question:
    """One of the actions that can be asked for."""

    title: str
    url: str
    on: bool


def offered(ctx: Ctx, entity: Entity) -> bool:
    """Whether records of the entity have a page that explains who sees them."""
    return is_business(entity)


def view(entity: Entity, request: Request) -> Response:
    """GET `?user=LOGIN&action=NAME`; by default about oneself, and about seeing."""
    ctx: Ctx = request.ctx
    record = records.find(ctx, entity, record_id(request))
    login = request.GET.get("user", "").strip() or ctx.identity.login
    action = request.GET.get("action", "") or "view"
    told = access.explain(ctx, entity, record, login, language=request.locale_name)
    answer = next((one for one in told["actions"] if one["action"] == action), None)
    if answer is None:
        raise BadRequest(_("The query cannot be read."), errors={"action": [_("There is no such action here.")]})
    path = f"{record_path(entity.key, record.id)}/access"

    def url(who: str, what: str) -> str:
        return f"{path}?{urlencode({'user': who, 'action': what})}"

    people, more = access.onlookers(ctx, entity, record)
    seen = [Person(user.name, user.login, sees, url(user.login, action), user.login == login) for user, sees in people]
    return page(
        request,
        "access",
        frame=frame(request, ctx, entity),
        entity=entity,
        path=path,
        back=record_path(entity.key, record.id),
        title=name_of(request, ctx, entity, record),
        who=told["user"].get("label", ""),
        login=login,
        about_me=login == ctx.identity.login,
        action=action,
        deed=action_title(entity, action),
        allowed=answer["allowed"],
        questions=[
            Question(action_title(entity, one["action"]), url(login, one["action"]), one["action"] == action)
            for one in told["actions"]
        ],
        seeing=[one for one in seen if one.sees],
        others=[one for one in seen if not one.sees],
        more=more,
        steps=list(_steps(request, ctx, entity, record, login, answer["change"] or ())),
        reasons=list(_reasons(request, answer["because"])),
        at=ctx.now,
        zone=ctx.kernel.clock.zone,
        users=f"{collection('core.user')}/lookup",
    )


def _reasons(request: Request, told: Iterable[Mapping[str, Any]]) -> Iterator[Reason]:
    for one in told:
        mark = _MARKS.get(one["kind"], AGAINST)
        if one["kind"] == "customer":
            mark = FOR if one["allowed"] else AGAINST
        yield Reason(mark, request.say(one["text"]), tuple(_reasons(request, one.get("because", ()))))


def _steps(
    request: Request, ctx: Ctx, entity: Entity, record: Any, login: str, change: Iterable[Mapping[str, Any]]
) -> Iterator[Step]:
    for one in change:
        yield Step(request.say(one["text"]), _made_at(ctx, entity, record, login, one))


def _made_at(ctx: Ctx, entity: Entity, record: Any, login: str, step: Mapping[str, Any]) -> str:
    """The page on which the actor makes the change; "" where he makes none."""
    kind, role = step["kind"], step.get("role") or {}
    if kind == "share" and step["entity"] == entity.key:
        verb = verb_of(entity, "share")
        may = verb is not None and allowed.may(ctx, entity, verb.right, record)
        told = urlencode({"to": f"user:{login}", "actions": ",".join(step["actions"])})
        return f"{record_path(entity.key, record.id)}/actions/share?{told}" if may else ""
    if kind in _WITH_RECORD and kind != "share":
        return f"{record_path(entity.key, record.id)}/edit" if allowed.may(ctx, entity, "edit", record) else ""
    if kind in _WITH_ROLE and "id" in role and is_administrator(ctx):
        return f"{record_path('core.role', role['id'])}/edit"
    if kind == "end_share" and may_visit(ctx, ctx.catalog["core.share"]):
        return record_path("core.share", step["share"])
    if kind in _WITH_USER and ctx.rights.may_ever(ctx.catalog["core.user"], "edit"):
        return f"{collection('core.user')}?{urlencode({'q': login})}"
    return ""
