"""The entities of one application, found by key, by model and by table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from core.db.base import CustomerScoped, Involving, RecordScoped
from plugins import Entity, Field


class Catalog:
    """All enabled entities. Built once at boot, then only read."""

    def __init__(self, entities: Iterable[Entity]) -> None:
        self._by_key = {entity.key: entity for entity in entities}
        self._by_model = {entity.model: entity for entity in self._by_key.values()}

    def __iter__(self) -> Iterator[Entity]:
        return iter(self._by_key.values())

    def __contains__(self, key: str) -> bool:
        return key in self._by_key

    def __getitem__(self, key: str) -> Entity:
        return self._by_key[key]

    def get(self, key: str) -> Entity | None:
        return self._by_key.get(key)

    def of_model(self, model: type) -> Entity | None:
        return self._by_model.get(model)


def is_business(entity: Entity) -> bool:
    """Whether the grant `"*"` covers it: rows of the business, not of administration."""
    return issubclass(entity.model, RecordScoped | CustomerScoped | Involving)


def attribute_name(field: Field) -> str:
    """The model's attribute behind a field."""
    if field.column is not None:
        return field.column
    return f"{field.name}_id" if field.type.kind == "reference" else field.name


@cache
def attribute_names(entity: Entity) -> Mapping[str, str]:
    """The model's attributes by field name."""
    return {field.name: attribute_name(field) for field in entity.fields}


def attribute(model: Any, field: Field) -> Any:
    """The SQL attribute behind a field on a model or an alias of it."""
    return getattr(model, attribute_name(field))
