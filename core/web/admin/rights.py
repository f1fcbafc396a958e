"""All that a person may do, in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pyramid.config import Configurator
from pyramid.request import Request
from pyramid.response import Response
from sqlalchemy import select

from core.errors import NotFound
from core.i18n import _
from core.models import Role, User, user_role
from core.security.catalog import is_business
from core.security.grants import ANY, REACHES, Grant
from core.security.rights import Rights
from core.services import records
from core.services.work import Ctx
from core.web.frame import frame, is_administrator
from core.web.lists.wording import Wording
from core.web.templating import page
from core.web.values import display
from core.web.words import ACTIONS, WORDS
from plugins import Entity

USER = "core.user"
SHOWN = ("view", "create", "edit", "delete", "assign", "share", "export", "import", "merge")


@dataclass(frozen=True)
class Cell:
    """What somebody may do with an entity by one action: the widest reach, 0 to 4, and how it reads in full."""

    action: str
    reach: int
    word: str
    conditioned: bool
    sentences: tuple[str, ...]


@dataclass(frozen=True)
class Line:
    """An entity's rights: a cell for each action of `SHOWN`, then the verbs that need a right of their own."""

    entity: Entity
    cells: tuple[Cell, ...]
    verbs: tuple[str, ...]
    fields: tuple[str, ...]


def includeme(config: Configurator) -> None:
    config.add_route("web.admin.rights", "/admin/rights")
    config.add_view(view, route_name="web.admin.rights", request_method="GET")


def view(context: Any, request: Request) -> Response:
    """GET, `?user=LOGIN`; without one of oneself. Of others only for who looks after roles; else NotFound."""
    ctx: Ctx = request.ctx
    user = _user(ctx, request.GET.get("user", "").strip() or ctx.identity.login)
    rights = _rights(ctx, user)
    roles = select(Role.code, Role.name).join(user_role, user_role.c.role_id == Role.id)
    held = ctx.system.execute(roles.where(user_role.c.user_id == user.id, Role.deleted_at.is_(None)))
    units = [ctx.work.org.nodes[one].name for one in (rights.units if rights else ()) if one in ctx.work.org.nodes]
    lines = list(_lines(request, ctx, rights)) if rights else []
    return page(
        request,
        "admin/rights",
        frame=frame(request, ctx, admin=True),
        user=user,
        unit=ctx.work.org.nodes[user.unit_id].name,
        units=units,
        roles=[name for _code, name in held],
        may_choose=is_administrator(ctx),
        actions=[(action, ACTIONS[action]) for action in SHOWN],
        groups=[
            (_("Business"), [line for line in lines if is_business(line.entity)]),
            (_("Settings"), [line for line in lines if not is_business(line.entity)]),
        ],
    )


def _user(ctx: Ctx, login: str) -> User:
    user = ctx.db.scalars(select(User).where(User.login == login)).one_or_none()
    if user is None or (user.id != ctx.identity.user_id and not is_administrator(ctx)):
        raise NotFound
    return records.find(ctx, ctx.catalog[USER], user.id)


def _rights(ctx: Ctx, user: User) -> Rights | None:
    """None for somebody who has left."""
    if not user.active:
        return None
    return ctx.kernel.store.rights(ctx.system, user.id, ctx.work.epochs, ctx.now, ctx.today)


def _lines(request: Request, ctx: Ctx, rights: Rights) -> Iterator[Line]:
    show = display(request, ctx)
    for entity in rights.catalog:
        wording = Wording(request, ctx, entity, show)
        cells = tuple(_cell(request, rights, wording, action) for action in SHOWN)
        verbs = tuple(
            verb.title
            for verb in entity.verbs
            if verb.right not in (*SHOWN, "explain") and rights.may_ever(entity, verb.right)
        )
        fields = tuple(_fields(request, rights, entity))
        if verbs or fields or any(cell.reach for cell in cells):
            yield Line(entity, cells, verbs, fields)


def _cell(request: Request, rights: Rights, wording: Wording, action: str) -> Cell:
    say, entity = request.say, wording.entity
    said = [
        d for d in rights.person.grants if d["entity"] == entity.key or (d["entity"] == ANY and is_business(entity))
    ]
    pairs = [
        (grant, document.get("condition"))
        for grant, document in zip(rights.grants(entity), said, strict=True)
        if grant.speaks_of(entity, action) and not grant.broken
    ]
    given, denied = [one for one in pairs if not one[0].deny], [one for one in pairs if one[0].deny]
    if not rights.may_ever(entity, action):
        given = []
    widest = max((REACHES.index(grant.reach) + 1 for grant, _condition in given), default=0)
    sentences = [_sentence(wording, *one) for one in given]
    sentences += [say(_("Never: ${what}", mapping={"what": _sentence(wording, *one)})) for one in denied]
    shared = len(rights.shares.of(entity, action))
    if shared:
        sentences.append(say(_("${n} records shared one by one", mapping={"n": shared})))
    open_ = action == "view" and entity.public and not widest
    word = say(WORDS["reach"][REACHES[widest - 1]]) if widest else say(_("Names only")) if open_ else ""
    conditioned = bool(denied) or any(condition for _grant, condition in given)
    return Cell(action, widest, word, conditioned and bool(widest), tuple(dict.fromkeys(sentences)))


def _sentence(wording: Wording, grant: Grant, condition: Any) -> str:
    reach = str(wording.say(WORDS["reach"][grant.reach]))
    if condition is None:
        return reach
    what = wording.text(condition)
    return str(wording.say(_("${reach}, where ${what}", mapping={"reach": reach, "what": what})))


def _fields(request: Request, rights: Rights, entity: Entity) -> Iterator[str]:
    say = request.say
    titles = {field.name: field.title for field in entity.fields}
    for rule in rights.field_rights(entity):
        if rule.right != "edit" and rule.field in titles:
            yield f"{say(titles[rule.field])}: {say(WORDS['right'][rule.right])}"
