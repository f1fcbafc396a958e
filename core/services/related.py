"""The records that refer to a record: which kinds there are, how many of each, the first of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, literal, select, union_all

from core.entities.listing import ask
from core.security.catalog import attribute
from core.services import records
from core.services.work import Ctx
from plugins import Entity, Field

MOST_COUNTED = 1000
FIRST = 5


@dataclass(frozen=True)
class Relation:
    """The records of an entity that refer to a record in a field. `title` is what they are called there."""

    entity: Entity
    field: Field
    title: str
    is_only: bool  # whether it is the entity's only way to the record

    @property
    def key(self) -> str:
        return f"{self.entity.key}.{self.field.name}"


def relations(ctx: Ctx, entity: Entity) -> list[Relation]:
    """The references to such records by which the actor may ask, in the order of the entities."""
    found = []
    for other in ctx.catalog:
        if other.rules.closed or not ctx.rights.may_ever(other, "view"):
            continue
        ways = [one for one in other.fields if _refers(one, entity)]
        found += [
            Relation(other, one, getattr(one.type, "inverse", "") or other.plural, len(ways) == 1)
            for one in ways
            if ctx.rights.may_ask(other, one)
        ]
    return found


def _refers(field: Field, entity: Entity) -> bool:
    kind: Any = field.type
    return kind.kind == "reference" and "." not in field.name and kind.entity == entity.key


def counted(ctx: Ctx, found: Sequence[Relation], record: Any) -> list[int]:
    """How many records each relation has that the actor sees, at most `MOST_COUNTED`; all in one statement."""
    arms: list[Any] = []
    for place, one in enumerate(found):
        model: Any = one.entity.model
        some = select(model.id).where(attribute(model, one.field) == record.id).limit(MOST_COUNTED).subquery()
        arms.append(select(literal(place).label("place"), func.count(some.c.id).label("n")))
    if not arms:
        return []
    statement: Any = arms[0] if len(arms) == 1 else union_all(*arms)
    rows: Any = ctx.db.execute(statement)
    counts: dict[int, int] = dict(rows.all())
    return [counts[place] for place in range(len(found))]


def condition(relation: Relation, record: Any) -> list[Any]:
    """The filter that narrows a list of the relation's entity to its records."""
    return ["=", relation.field.name, record.id]


def first(ctx: Ctx, relation: Relation, record: Any) -> list[Any]:
    """The first records of a relation, in the order of their entity's list."""
    wanted = ask(ctx.rights, relation.entity, filter=condition(relation, record), limit=FIRST)
    return records.listing(ctx, wanted).records
