"""Rows that follow the record on which they hang: reached only through one record that the actor sees."""

from __future__ import annotations

from typing import Any, cast

from sqlalchemy import select

from core.db.base import AttachedTo
from core.entities.resolver import SystemResolver, row_of
from core.errors import BadRequest, NotFound
from core.fields import INT_MAX
from core.i18n import _
from core.security.catalog import attribute_name, is_business
from core.security.conditions import Condition
from core.security.conditions.syntax import Among, Every
from core.security.scope import FOR, GRANTED
from core.services.work import Ctx
from plugins import Entity

Place = tuple[str, int]  # entity key and id of the record


def follows(entity: Entity) -> bool:
    """Whether rows of the entity are seen with the record on which they hang."""
    return issubclass(entity.model, AttachedTo) and entity.model.FOLLOWS


def record_at(ctx: Ctx, key: str, record_id: int) -> Any:
    """The record on which something hangs. NotFound where the actor does not see it.

    Things hang on records of the business. Who sees one for its public fields alone sees none of them.
    """
    entity = ctx.catalog.get(key)
    if entity is None or not is_business(entity) or not 0 < record_id <= INT_MAX:
        raise NotFound
    model: Any = entity.model
    statement = select(model).where(model.id == record_id)
    record = ctx.db.scalars(statement, execution_options={FOR: model, GRANTED: True}).one_or_none()
    if record is None:
        raise NotFound
    return record


def may_change(ctx: Ctx, entity: Entity, key: str, record: Any) -> bool:
    """Whether the actor may add rows of the entity to the record, and take them away."""
    right = cast(type[AttachedTo], entity.model).RIGHT
    resolver = SystemResolver(ctx.system, ctx.catalog)
    return not ctx.identity.read_only and ctx.rights.covers(ctx.catalog[key], right, row_of(record), resolver)


def place_of(ctx: Ctx, entity: Entity, row_id: int, *, binned: bool) -> Place:
    """Where a row hangs. NotFound unless the actor sees that record, and may restore a `binned` row."""
    model: Any = entity.model
    found = ctx.system.execute(select(model.entity, model.record_id).where(model.id == row_id)).one_or_none()
    if found is None:
        raise NotFound
    place: Place = (found[0], found[1])
    _check(ctx, entity, place, binned)
    return place


def place_asked(ctx: Ctx, entity: Entity, condition: Condition | None, *, binned: bool) -> Place | None:
    """The record to which a filter narrows a list of rows, or None where the whole list may be had.

    NotFound for a record that the actor does not see; BadRequest for a filter that names none.
    """
    named = _named(entity, condition)
    if named is not None:
        _check(ctx, entity, named, binned)
        return named
    if ctx.rights.may_ever(entity, "view"):
        return None
    example = '["and", ["=", "entity", "core.customer"], ["=", "record", 7]]'
    message = _("Name the record they hang on: ${example}", mapping={"example": example})
    raise BadRequest(_("The query cannot be read."), errors={"filter": [message]})


def _check(ctx: Ctx, entity: Entity, place: Place, binned: bool) -> None:
    record = record_at(ctx, *place)
    if binned and not may_change(ctx, entity, place[0], record):
        raise NotFound


def _named(entity: Entity, condition: Condition | None) -> Place | None:
    """The one entity key and the one id that the condition demands, whatever else it asks."""
    if condition is None:
        return None
    parts = condition.root.parts if isinstance(condition.root, Every) else (condition.root,)
    demanded: dict[str, Any] = {}
    for part in parts:
        if isinstance(part, Among) and len(part.path) == 1 and len(part.values) == 1:
            demanded.setdefault(attribute_name(part.path[0].field), part.values[0])
    key, record_id = demanded.get("entity"), demanded.get("record_id")
    return (key, record_id) if isinstance(key, str) and isinstance(record_id, int) else None
