"""Roles: who holds them, what they give as a table, and each grant with its condition line by line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlencode

from pyramid.config import Configurator
from pyramid.httpexceptions import HTTPSeeOther
from pyramid.request import Request
from pyramid.response import Response
from sqlalchemy import func, select

from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.i18n import _
from core.models import Role, User, user_role
from core.security.catalog import is_business
from core.security.grants import ANY, REACHES
from core.security.judge import refusal
from core.services import allowed, records
from core.services.work import Ctx
from core.web import toast
from core.web.addresses import record_path
from core.web.admin.rights import SHOWN
from core.web.forms.again import FormRefused
from core.web.frame import frame, may_visit
from core.web.lists.filtering import Drawing, errors_of, filterable, is_facet, rearranged, sent_lines
from core.web.lists.terms import Line, Lines
from core.web.lists.wording import Wording
from core.web.record import record_id, version
from core.web.templating import page
from core.web.toast import Toast
from core.web.undo import offer
from core.web.values import display
from core.web.words import ACTIONS, WORDS
from plugins import Entity

KEY = "core.role"
PATH = "/admin/roles"
SHORT = (_("Own"), _("Unit"), _("And below"), _("All"))  # words for the reaches where there is little room
_NO_LINES = ("references",)  # kinds of fields that conditions of roles cannot use

Grant = Mapping[str, Any]


@dataclass(frozen=True)
class Cell:
    """The grants of one entity and action: the widest reach, 0 to 4, and where a click leads."""

    title: str
    reach: int
    word: str
    conditioned: bool
    denied: bool
    path: str


@dataclass(frozen=True)
class Said:
    """A grant in words, and where it is changed."""

    entity: str
    action: str
    reach: str
    condition: str
    deny: bool
    path: str


def includeme(config: Configurator) -> None:
    one = f"{PATH}/{{id:[1-9][0-9]*}}"
    for name, pattern, methods in (
        ("all", PATH, {"GET": index}),
        ("one", one, {"GET": view}),
        ("grant", f"{one}/grant", {"GET": edit, "POST": change}),
    ):
        config.add_route(f"web.admin.roles.{name}", pattern)
        for method, act in methods.items():
            config.add_view(act, route_name=f"web.admin.roles.{name}", request_method=method)


def index(context: Any, request: Request) -> Response:
    """GET: the roles with how many hold each. Two statements."""
    ctx: Ctx = request.ctx
    entity = ctx.catalog[KEY]
    if not may_visit(ctx, entity):
        raise NotFound
    roles = list(ctx.db.scalars(select(Role).order_by(Role.code)))
    held = select(user_role.c.role_id, func.count()).join(User, User.id == user_role.c.user_id)
    rows: Any = ctx.system.execute(held.where(User.active, User.deleted_at.is_(None)).group_by(user_role.c.role_id))
    return page(
        request,
        "admin/roles",
        frame=frame(request, ctx, entity),
        entity=entity,
        roles=roles,
        people=dict(rows.all()),
        here=PATH,
        may_create=ctx.rights.may_ever(entity, "create"),
    )


def view(context: Any, request: Request) -> Response:
    """GET: what a role gives, as a table and in words."""
    ctx: Ctx = request.ctx
    role: Role = records.find(ctx, ctx.catalog[KEY], record_id(request))
    here = f"{PATH}/{role.id}"
    may_edit = allowed.may(ctx, ctx.catalog[KEY], "edit", role) and role.code != "admin"
    business = [entity for entity in ctx.catalog if is_business(entity)]
    others = [entity for entity in ctx.catalog if not is_business(entity)]
    granted = {grant["entity"] for grant in role.grants}
    groups = [
        (_("Business"), [_row(request, role, ANY, _("All business records"), here)]),
        ("", [_row(request, role, one.key, one.plural, here) for one in business]),
        (_("Settings"), [_row(request, role, one.key, one.plural, here) for one in others if one.key in granted]),
    ]
    return page(
        request,
        "admin/role",
        frame=frame(request, ctx, admin=True),
        role=role,
        here=here,
        record=record_path(KEY, role.id),
        actions=[ACTIONS[action] for action in (ANY, *SHOWN)],
        groups=groups,
        said=list(_all_said(request, ctx, role, here)),
        fields=len(role.field_rights),
        may_edit=may_edit,
        unused=[one for one in others if one.key not in granted],
        legend=list(enumerate(SHORT, 1)),
    )


def _row(request: Request, role: Role, key: str, title: str, here: str) -> tuple[str, list[Cell]]:
    return title, [_cell(request, role, key, action, here) for action in (ANY, *SHOWN)]


def _cell(request: Request, role: Role, key: str, action: str, here: str) -> Cell:
    mine = [(at, one) for at, one in enumerate(role.grants) if (one["entity"], one["action"]) == (key, action)]
    given = [one for _at, one in mine if not one["deny"]]
    reach = max((REACHES.index(one["reach"]) + 1 for one in given), default=0)
    if len(mine) > 1:
        path = f"#grant-{mine[0][0]}"
    elif mine:
        path = f"{here}/grant?at={mine[0][0]}"
    else:
        path = f"{here}/grant?{urlencode({'entity': key, 'action': action})}"
    word = str(request.say(SHORT[reach - 1])) if reach else ""
    conditioned = any(one["condition"] is not None for one in given)
    return Cell(str(request.say(ACTIONS[action])), reach, word, conditioned, len(given) < len(mine), path)


def _all_said(request: Request, ctx: Ctx, role: Role, here: str) -> Iterator[Said]:
    show = display(request, ctx)
    for at, grant in enumerate(role.grants):
        entity = ctx.catalog.get(grant["entity"])
        yield Said(
            entity.plural if entity else _("All business records") if grant["entity"] == ANY else grant["entity"],
            ACTIONS.get(grant["action"], grant["action"]),
            WORDS["reach"][grant["reach"]],
            _condition_said(request, ctx, entity, grant["condition"], show),
            grant["deny"],
            f"{here}/grant?at={at}",
        )


def _condition_said(request: Request, ctx: Ctx, entity: Entity | None, condition: Any, show: Any) -> str:
    if condition is None:
        return ""
    return Wording(request, ctx, entity, show).text(condition) if entity else str(condition)


# --- one grant -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Asked:
    """A grant as the form holds it; `at` is its place in the role, None for a new one."""

    at: int | None
    entity: str
    action: str
    reach: str
    deny: bool
    lines: list[Line]
    errors: Mapping[int, str]
    added: bool = False


def edit(context: Any, request: Request) -> Response:
    """GET `?at=` for a grant of the role, or `?entity=&action=` for a new one."""
    ctx: Ctx = request.ctx
    role = _editable(ctx, record_id(request))
    at = request.GET.get("at", "")
    if at.isascii() and at.isdigit() and int(at[:6]) < len(role.grants):
        grant: Grant = role.grants[int(at)]
        place = int(at)
    elif at:
        raise NotFound
    else:
        grant = {**_named(ctx, request.GET), "reach": "own", "deny": False, "condition": None}
        place = -1
    entity = ctx.catalog.get(grant["entity"])
    lines = _reading(ctx, entity).of(grant["condition"]) if entity else _kept(grant["condition"])
    asked = Asked(
        None if place < 0 else place, grant["entity"], grant["action"], grant["reach"], grant["deny"], lines, {}
    )
    return _draw(request, ctx, None, role_id=role.id, asked=asked)


def _kept(condition: Any) -> list[Line]:
    return [] if condition is None else [Line("", raw=condition)]


def _named(ctx: Ctx, form: Any) -> dict[str, str]:
    """Entity and action of a new grant. Raises NotFound for what there is not."""
    key, action = form.get("entity", ""), form.get("action", "")
    if (key != ANY and key not in ctx.catalog) or action not in _actions(ctx.catalog.get(key)):
        raise NotFound
    return {"entity": key, "action": action}


def _actions(entity: Entity | None) -> dict[str, str]:
    """What a grant can be about: the kernel's actions, then the entity's verbs that need a right of their own."""
    own = {} if entity is None else {verb.right: verb.title for verb in entity.verbs}
    return {**ACTIONS, **{right: title for right, title in own.items() if right not in ACTIONS}}


def _editable(ctx: Ctx, number: int) -> Role:
    role: Role = records.find(ctx, ctx.catalog[KEY], number)
    if not allowed.may(ctx, ctx.catalog[KEY], "edit", role):
        raise Forbidden(refusal("edit"))
    return role


def _reading(ctx: Ctx, entity: Entity) -> Lines:
    return Lines(entity, ctx.catalog, ctx.kernel.clock.zone)


def change(context: Any, request: Request) -> Response:
    """POST the grant: with `add` or `do=drop.N` the form again, with `do=remove` without it, else stored."""
    ctx: Ctx = request.ctx
    role = _editable(ctx, record_id(request))
    asked = _sent(request, ctx, role)
    do = request.POST.get("do", "")
    drawn = partial(_draw, role_id=role.id, asked=asked)
    if asked.added or do.startswith("drop."):
        return drawn(request, ctx, None)
    if asked.errors and do != "remove":
        return drawn(request, ctx, None)
    grants = [dict(grant) for grant in role.grants]
    if do == "remove" and asked.at is not None:
        del grants[asked.at]
    elif asked.at is None:
        grants.append(_document(ctx, asked))
    else:
        grants[asked.at] = _document(ctx, asked)
    try:
        changed = records.change(ctx, ctx.catalog[KEY], role.id, {"grants": grants}, version(request))
    except (Invalid, Conflict, Forbidden) as error:
        raise FormRefused(drawn, error, {}) from error
    return toast.put(HTTPSeeOther(f"{PATH}/{role.id}"), request, Toast("saved", changed.name, offer(ctx)))


def _document(ctx: Ctx, asked: Asked) -> dict[str, Any]:
    entity = ctx.catalog.get(asked.entity)
    raw = asked.lines[0].raw if asked.lines else None
    condition = _reading(ctx, entity).document(asked.lines) if entity else raw
    return {
        "entity": asked.entity,
        "action": asked.action,
        "reach": asked.reach,
        "condition": condition,
        "deny": asked.deny,
    }


def _sent(request: Request, ctx: Ctx, role: Role) -> Asked:
    form = request.POST
    named = _named(ctx, form)
    entity = ctx.catalog.get(named["entity"])
    at = form.get("at", "")
    place = int(at) if at.isascii() and at.isdigit() and int(at[:6]) < len(role.grants) else None
    lines, added = rearranged(form, sent_lines(form), _fields(ctx, entity))
    is_drawn_again = added or form.get("do", "").startswith("drop.")
    errors = errors_of(_reading(ctx, entity), lines) if entity and not is_drawn_again else {}
    reach = form.get("reach", "")
    return Asked(
        place,
        **named,
        reach=reach if reach in REACHES else "own",
        deny=form.get("deny") == "1",
        lines=lines,
        errors=errors,
        added=added,
    )


def _fields(ctx: Ctx, entity: Entity | None) -> Sequence[Any]:
    """The fields that a condition can be about; none where it must hold of many entities."""
    return [one for one in filterable(ctx, entity) if one.type.kind not in _NO_LINES] if entity else []


def _draw(request: Request, ctx: Ctx, refused: FormRefused | None, *, role_id: int, asked: Asked) -> Response:
    role = _editable(ctx, role_id)
    entity = ctx.catalog.get(asked.entity)
    fields = _fields(ctx, entity)
    lines: list[Any] = []
    if entity:
        drawing = Drawing(request, ctx, entity, _reading(ctx, entity))
        lines = [drawing.line(at, line, asked.errors.get(at, "")) for at, line in enumerate(asked.lines)]
    error = refused.error if refused else None
    messages = [message for some in error.errors.values() for message in some] if error else []
    return page(
        request,
        "admin/grant",
        status=error.status if error else 422 if asked.errors else 200,
        frame=frame(request, ctx, admin=True),
        role=role,
        asked=asked,
        here=f"{PATH}/{role.id}/grant",
        back=f"{PATH}/{role.id}",
        title=entity.plural if entity else _("All business records"),
        action=_actions(entity).get(asked.action, asked.action),
        reaches=[(reach, WORDS["reach"][reach]) for reach in REACHES],
        lines=lines,
        facets=[one for one in fields if is_facet(one)],
        others=[one for one in fields if not is_facet(one)],
        entity=entity,
        error=(error.detail or (messages or [error.title])[0]) if error else "",
    )
