"""What somebody has said about a file: which column feeds which field, and how its texts are read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from sqlalchemy import select

from core.entities.mapping import Plan, plan
from core.models import Import
from core.services.bulk import with_history
from core.services.importing.store import DRAFT
from core.services.imports import Options
from core.services.work import Ctx
from plugins import Entity


@dataclass(frozen=True)
class Choices:
    """`columns` maps fields to columns, `values` a field's texts to what they stand for (`""`: as they are).
    The rest is as for `kehu import`.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    match: str | None = None
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    readings: Mapping[str, str] = field(default_factory=dict)
    blank_clears: bool = False
    create_terms: bool = False
    historical: bool = False

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> Choices:
        known = {one.name for one in fields(cls)}
        return cls(**{name: value for name, value in kept.items() if name in known})

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def options(self) -> Options:
        return Options(create_terms=self.create_terms, historical=self.historical)

    def entity(self, entity: Entity) -> Entity:
        """The entity with the fields that such an import may fill."""
        return with_history(entity) if self.historical else entity

    def plan(self, entity: Entity, headers: Sequence[str]) -> Plan:
        """Raises Invalid."""
        renamed = [
            (name, text, to)
            for name, texts in self.values.items()
            if name in self.columns
            for text, to in texts.items()
            if to
        ]
        readings = {name: reading for name, reading in self.readings.items() if name in self.columns}
        made = plan(
            self.entity(entity),
            headers,
            list(self.columns.items()),
            self.match,
            renamed,
            blank_clears=self.blank_clears,
            by_name=False,
        )
        return replace(made, readings=readings)


def remembered(ctx: Ctx, kept: Import) -> Import | None:
    """The actor's last import of a file of that shape into the same entity."""
    statement = (
        select(Import)
        .where(Import.user_id == ctx.identity.user_id, Import.entity == kept.entity, Import.shape == kept.shape)
        .where(Import.state != DRAFT, Import.id != kept.id)
        .order_by(Import.id.desc())
        .limit(1)
    )
    return ctx.db.scalar(statement)
