"""The units as a tree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pyramid.config import Configurator
from pyramid.request import Request
from pyramid.response import Response
from sqlalchemy import func, select

from core.errors import NotFound
from core.http.paths import collection
from core.models import Unit, User
from core.services.work import Ctx
from core.web.addresses import record_path
from core.web.frame import frame, may_visit
from core.web.templating import page

KEY = "core.unit"


@dataclass(frozen=True)
class Branch:
    """A unit with those below it; `people` are active users of the unit itself."""

    name: str
    code: str
    kind: str
    path: str
    people: int
    below: tuple[Branch, ...]


def includeme(config: Configurator) -> None:
    config.add_route("web.admin.units", "/admin/units")
    config.add_view(view, route_name="web.admin.units", request_method="GET")


def view(context: Any, request: Request) -> Response:
    """GET. Two statements: the units, the people."""
    ctx: Ctx = request.ctx
    entity = ctx.catalog[KEY]
    if not may_visit(ctx, entity):
        raise NotFound
    units = list(ctx.db.scalars(select(Unit).order_by(Unit.code)))
    counted = select(User.unit_id, func.count()).where(User.active, User.deleted_at.is_(None)).group_by(User.unit_id)
    rows: Any = ctx.db.execute(counted)
    return page(
        request,
        "admin/units",
        frame=frame(request, ctx, entity),
        entity=entity,
        tree=_tree(units, dict(rows.all())),
        count=len(units),
        kinds=entity.field("kind").type.choices,  # type: ignore[attr-defined]
        path=collection(KEY),
        may_create=ctx.rights.may_ever(entity, "create"),
    )


def _tree(units: list[Unit], people: dict[int, int]) -> tuple[Branch, ...]:
    """Those whose parent is not among the units stand at the top."""
    ids = {unit.id for unit in units}
    below: dict[int | None, list[Unit]] = {}
    for unit in units:
        below.setdefault(unit.parent_id if unit.parent_id in ids else None, []).append(unit)

    def grow(parent: int | None) -> tuple[Branch, ...]:
        return tuple(
            Branch(one.name, one.code, one.kind, record_path(KEY, one.id), people.get(one.id, 0), grow(one.id))
            for one in below.get(parent, ())
        )

    return grow(None)
