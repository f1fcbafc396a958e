"""Rows that conditions look up while they are evaluated in Python, remembered for one reader."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.security.catalog import Catalog, attribute
from core.security.places import Row


def row_of(record: Any) -> Row:
    """The column attributes of a loaded record, as rights and conditions read them."""
    return Row(record)


class SystemResolver:
    """Looks rows up in system context, each once."""

    def __init__(self, session: Session, catalog: Catalog) -> None:
        self._session, self._catalog = session, catalog
        self._rows: dict[tuple[str, int], Mapping[str, Any] | None] = {}
        self._ids: dict[tuple[str, str, Any], int | None] = {}

    def load(self, entity_key: str, record_id: int) -> Mapping[str, Any] | None:
        key = (entity_key, record_id)
        if key not in self._rows:
            record = self._session.get(self._catalog[entity_key].model, record_id)
            self._rows[key] = None if record is None else row_of(record)
        return self._rows[key]

    def find(self, entity_key: str, natural_key: str, within: Iterable[tuple[str, str]]) -> int | None:
        key = (entity_key, natural_key, tuple(within))
        if key not in self._ids:
            entity = self._catalog[entity_key]
            model: Any = entity.model
            where = [attribute(model, entity.field(entity.natural_key)) == natural_key]
            where += [attribute(model, entity.field(name)) == value for name, value in key[2]]
            self._ids[key] = self._session.scalars(select(model.id).where(*where)).first()
        return self._ids[key]

    def linked(self, entity_key: str, record_id: int, attribute: str) -> frozenset[int]:
        relationship: Any = getattr(self._catalog[entity_key].model, attribute).property
        near, far = relationship.secondary.c[0], relationship.secondary.c[1]
        return frozenset(self._session.scalars(select(far).where(near == record_id)))
