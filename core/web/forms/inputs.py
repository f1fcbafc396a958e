"""Which fields of an entity the actor may fill in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.db.base import AttachedTo
from core.services import allowed
from core.services.work import Ctx
from core.web.frame import is_written, may_visit
from plugins import Entity, Field

_ELSEWHERE = ("any",)  # kinds of values that are chosen on the page of the record in question


def may_begin(ctx: Ctx, entity: Entity) -> bool:
    """Whether the actor is given the form for a new record at all."""
    if not may_visit(ctx, entity) or not is_written(entity) or entity.rules.closed:
        return False
    return issubclass(entity.model, AttachedTo) or ctx.rights.may_ever(entity, "create")


def addable(ctx: Ctx, entity: Entity) -> list[Field]:
    """The inputs for a new record. A field that is closed to the actor in some records is only asked for
    where there is no record without it.
    """
    rights = {field.right for field in entity.fields} - {"edit"}
    given = {right for right in rights if ctx.rights.may_ever(entity, right)} | {"edit"}
    closed = {rule.field for rule in ctx.rights.field_rights(entity) if rule.right != "edit"}
    return [
        field
        for field in entity.fields
        if not field.read_only
        and field.type.kind not in _ELSEWHERE
        and field.right in given
        and (field.required or field.name not in closed)
    ]


def changeable(ctx: Ctx, entity: Entity, record: Any, rights: Mapping[str, str]) -> list[Field]:
    """The inputs for a record; `rights` are the actor's on its fields."""
    fields = [
        field
        for field in entity.fields
        if not (field.read_only or field.create_only or field.type.kind in _ELSEWHERE) and rights[field.name] == "edit"
    ]
    given = {right for right in {field.right for field in fields} if allowed.may(ctx, entity, right, record)}
    return [field for field in fields if field.right in given]
