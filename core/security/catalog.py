"""The entities of one application, found by key, by model and by table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from core.db.base import CustomerScoped, Involving, RecordScoped
from core.fields import Integer, Moment, Reference
from core.i18n import _
from core.security.others import PluginField, customized
from plugins import Entity, Field, Verb
from plugins.errors import did_you_mean

USER = "core.user"
# What every record has beside the fields of its entity.
META_FIELDS: Mapping[str, Field] = {
    field.name: field
    for field in (
        Field("id", Integer(), _("Id")),
        Field("version", Integer(), _("Version")),
        Field("created_at", Moment(), _("Created")),
        Field("created_by", Reference(USER), _("Created by")),
        Field("updated_at", Moment(), _("Updated")),
        Field("updated_by", Reference(USER), _("Updated by")),
    )
}


class Catalog:
    """All enabled entities with all their fields. Never changed: `customized` gives another one."""

    def __init__(self, entities: Iterable[Entity]) -> None:
        self._by_key = {entity.key: entity for entity in entities}
        self._by_model = {entity.model: entity for entity in self._by_key.values()}
        self._extended = {
            field.model: entity for entity in self for field in entity.fields if isinstance(field, PluginField)
        }

    def __iter__(self) -> Iterator[Entity]:
        return iter(self._by_key.values())

    def __contains__(self, key: str) -> bool:
        return key in self._by_key

    def __getitem__(self, key: str) -> Entity:
        if key not in self._by_key:
            raise KeyError(f"there is no entity {key}{did_you_mean(key, self._by_key)}")
        return self._by_key[key]

    def get(self, key: str) -> Entity | None:
        return self._by_key.get(key)

    def of_model(self, model: type) -> Entity | None:
        return self._by_model.get(model)

    def extended_by(self, model: type) -> Entity | None:
        """The entity whose records have the rows of an extension's model beside them."""
        return self._extended.get(model)

    def customized(self, definitions: Iterable[Any]) -> Catalog:
        """The catalog with the fields that administrators have defined (`core.models.CustomField`)."""
        mine: dict[str, list[Any]] = {}
        for one in definitions:
            mine.setdefault(one.entity, []).append(one)
        if not mine:
            return self
        return Catalog(customized(entity, mine[entity.key]) if entity.key in mine else entity for entity in self)


def is_business(entity: Entity) -> bool:
    """Whether the grant `"*"` covers it: rows of the business, not of administration."""
    return issubclass(entity.model, RecordScoped | CustomerScoped | Involving)


def verb_of(entity: Entity, name: str) -> Verb | None:
    """The entity's verb of that name."""
    return next((verb for verb in entity.verbs if verb.name == name), None)


def is_own(entity: Entity, argument: Field) -> bool:
    """Whether a verb's argument is a field of the record, as the owner is of assigning; a name alone is chance."""
    return any(field.name == argument.name and field.type == argument.type for field in entity.fields)


def meta_or_field(entity: Entity, name: str) -> Field:
    """The field of that name, one of every record's own (`updated_at`…) included. KeyError if there is none."""
    field = META_FIELDS.get(name)
    return field if field is not None and hasattr(entity.model, attribute_name(field)) else entity.field(name)


def attribute_name(field: Field) -> str:
    """The attribute behind a field on its entity's model; of others' fields see `core.security.places`."""
    if field.column is not None:
        return field.column
    return f"{field.name}_id" if field.type.kind == "reference" else field.name


def columns_behind(field: Field) -> tuple[str, ...]:
    """The attributes of the columns that keep a field: two of a reference to a record of any entity."""
    name = attribute_name(field)
    return (f"{name}_entity", f"{name}_id") if field.type.kind == "any" else (name,)


@cache
def attribute_names(entity: Entity) -> Mapping[str, str]:
    """The model's attributes by field name."""
    return {field.name: attribute_name(field) for field in entity.fields}


def attribute(model: Any, field: Field) -> Any:
    """The SQL attribute behind a field on a model or an alias of it."""
    return getattr(model, attribute_name(field))
