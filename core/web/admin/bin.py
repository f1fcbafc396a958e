"""The recycle bin: what was deleted, of every entity that the actor may restore."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pyramid.config import Configurator
from pyramid.request import Request
from pyramid.response import Response

from core.db.base import AttachedTo, Binnable
from core.entities.listing import ask
from core.security.catalog import verb_of
from core.services import records
from core.services.work import Ctx
from core.web.addresses import record_path
from core.web.frame import frame, may_visit
from core.web.record import label_name, title
from core.web.templating import page
from plugins import Entity

MOST = 50
RESTORE = "restore"


@dataclass(frozen=True)
class Row:
    """A deleted record."""

    name: str
    kind: str
    icon: str
    at: Any
    by: str
    restore: str


def includeme(config: Configurator) -> None:
    config.add_route("web.admin.bin", "/admin/bin")
    config.add_view(view, route_name="web.admin.bin", request_method="GET")


def view(context: Any, request: Request) -> Response:
    """GET, `?entity=` for one alone. A statement for each entity, the latest first."""
    ctx: Ctx = request.ctx
    kinds = [entity for entity in ctx.catalog if _is_binned(ctx, entity)]
    only = request.GET.get("entity", "")
    chosen = [entity for entity in kinds if entity.key == only] or kinds
    rows = [row for entity in chosen for row in _rows(request, ctx, entity)]
    return page(
        request,
        "admin/bin",
        frame=frame(request, ctx, admin=True),
        kinds=kinds,
        only=only if len(chosen) == 1 else "",
        rows=sorted(rows, key=lambda row: row.at, reverse=True)[:MOST],
        more=len(rows) >= MOST,
    )


def _is_binned(ctx: Ctx, entity: Entity) -> bool:
    """Whether its deleted records can be listed and restored by the actor."""
    return (
        issubclass(entity.model, Binnable)
        and not issubclass(entity.model, AttachedTo)
        and verb_of(entity, RESTORE) is not None
        and may_visit(ctx, entity)
        and ctx.rights.may_ever(entity, "delete")
    )


def _rows(request: Request, ctx: Ctx, entity: Entity) -> list[Row]:
    found = records.listing(ctx, ask(ctx.rights, entity, sort="-updated_at", binned=True, limit=MOST)).records
    language = request.locale_name
    look = records.reader(ctx, language)
    documents = look.documents(entity, found, [label_name(entity, language), "updated_by"])
    return [
        Row(
            title(entity, document, language),
            entity.title,
            entity.icon,
            record.deleted_at,
            (document.get("updated_by") or {}).get("label", ""),
            f"{record_path(entity.key, record.id)}/actions/{RESTORE}",
        )
        for record, document in zip(found, documents, strict=True)
    ]
