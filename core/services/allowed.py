"""Whether the actor may do something with a record that he sees."""

from __future__ import annotations

from typing import Any

from core.db.base import AttachedTo
from core.entities.resolver import SystemResolver, row_of
from core.errors import Forbidden
from core.security.grants import READING, WRITING
from core.security.judge import READ_ONLY, refusal
from core.services.work import Ctx
from plugins import Entity


def may(ctx: Ctx, entity: Entity, action: str, record: Any, resolver: SystemResolver | None = None) -> bool:
    """Whether the actor may do the action on a record that he sees. Who asks for many gives one `resolver` to all."""
    if (ctx.identity.read_only and action not in READING) or (entity.rules.closed and action in WRITING):
        return False
    resolver = resolver or SystemResolver(ctx.system, ctx.catalog)
    if isinstance(record, AttachedTo):
        target = ctx.catalog.get(record.entity)
        row = resolver.load(record.entity, record.record_id) if target else None
        return target is not None and row is not None and ctx.rights.covers(target, record.RIGHT, row, resolver)
    return ctx.rights.covers(entity, action, row_of(record), resolver)


def require(ctx: Ctx, entity: Entity, action: str, record: Any) -> None:
    """Forbidden unless the actor may do the action on the record."""
    if not may(ctx, entity, action, record):
        closed = entity.rules.closed if action in WRITING else ""
        raise Forbidden(READ_ONLY if ctx.identity.read_only else closed or refusal(action))
