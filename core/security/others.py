"""Fields of others on an entity: what plugins add to it, and what an administrator defines at run time.

Both become fields of the entity like its own, under a name in two parts, `gifts.budget` and
`custom.floor_area`. Where their values are kept is for `core.security.places`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import KW_ONLY, dataclass, replace
from typing import Any

from sqlalchemy import inspect

from core.db.base import Customizable
from core.db.extension import Extension as Row
from core.fields import Boolean, Choice, Date, Money, Number, Text
from core.i18n import Words, _
from core.security.fitting import misasked, misfits, wrong_type
from plugins import ContractError, Entity, Extension, Field, Group

CUSTOM = "custom"
TEXT_LENGTH = 500
TYPES: Mapping[str, Any] = {
    "text": Text(TEXT_LENGTH),
    "number": Number(),
    "money": Money(),
    "date": Date(),
    "boolean": Boolean(),
}


@dataclass(frozen=True)
class PluginField(Field):
    """A field whose value is in a plugin's row beside the record: `column` is that row's attribute."""

    _: KW_ONLY
    model: type


@dataclass(frozen=True)
class CustomField(Field):
    """A field that an administrator has defined; its values are kept under its id."""

    _: KW_ONLY
    id: int

    @property
    def key(self) -> str:
        """What the value is called in the record's JSON object."""
        return str(self.id)


def is_customizable(entity: Entity) -> bool:
    """Whether administrators may define fields for it."""
    return issubclass(entity.model, Customizable)


def prefixes(entity: Entity) -> frozenset[str]:
    """The first parts of the names of others' fields."""
    return frozenset(field.name.partition(".")[0] for field in entity.fields if "." in field.name)


def extended(entity: Entity, owner: str, extension: Extension) -> Entity:
    """The entity with a plugin's fields. ContractError, naming the plugin, if they do not fit."""
    faults = list(_faults(entity, owner, extension))
    fields = () if faults else tuple(_plugin_field(owner, extension.model, field) for field in extension.fields)
    faults += misasked(fields, (*entity.fields, *fields))
    if faults:
        message = f"plugin {owner!r}: extension of {entity.key}: {'; '.join(faults)}"
        raise ContractError(message, owner)
    shown = tuple(f"{owner}.{name}" for name in extension.columns)
    added = _added(entity, fields, extension.title)
    return replace(added, columns=(*entity.columns, *shown)) if entity.columns else added


def customized(entity: Entity, definitions: Iterable[Any]) -> Entity:
    """The entity with the fields of some `core.models.CustomField`, in their order."""
    fields = tuple(_custom_field(one) for one in sorted(definitions, key=lambda one: (one.position, one.id)))
    return _added(entity, fields, _("Further details")) if fields else entity


def _added(entity: Entity, fields: tuple[Field, ...], title: str) -> Entity:
    own = entity.groups or (Group("", tuple(field.name for field in entity.fields)),)
    named = {name for group in own for name in group.fields}
    rest = tuple(field.name for field in entity.fields if field.name not in named)
    groups = (*own, *([Group("", rest)] if rest else []), Group(title, tuple(field.name for field in fields)))
    return replace(entity, fields=(*entity.fields, *fields), groups=groups)


# --- plugins ---------------------------------------------------------------------------------------


def _plugin_field(owner: str, model: type, field: Field) -> PluginField:
    given = {name: getattr(field, name) for name in Field.__dataclass_fields__ if name != "_"}
    given |= {"name": f"{owner}.{field.name}", "column": _attribute(field), "searchable": False}
    return PluginField(**given, model=model)


def _attribute(field: Field) -> str:
    return field.column or (f"{field.name}_id" if field.type.kind == "reference" else field.name)


def _faults(entity: Entity, owner: str, extension: Extension) -> Iterable[str]:
    model = extension.model
    if not (isinstance(model, type) and issubclass(model, Row) and model.OF is entity.model):
        yield f"the model is not built on ExtensionOf({entity.model.__name__})"
        return
    if any(field.name == owner for field in entity.fields):
        yield f"{entity.key} has a field {owner!r} of its own"
    if owner in prefixes(entity):
        yield "declare one extension with all the fields"
    columns = inspect(model).columns
    for field in extension.fields:
        if words := wrong_type(field):
            yield words
            continue
        if not field.name.isidentifier():
            yield f"field {field.name!r}: not a plain name"
        if field.type.kind in ("references", "target", "any"):
            yield f"field {field.name!r}: a set of references needs a table of its own"
        elif (column := columns.get(_attribute(field))) is None:
            yield f"field {field.name!r}: {model.__name__} has no column {_attribute(field)!r}"
        elif not column.nullable:
            yield f"field {field.name!r}: its column must be nullable, for the records that have no row yet"
        else:
            yield from misfits(field, column)
    for name in extension.columns:
        if all(field.name != name for field in extension.fields):
            yield f"column {name!r} is none of the fields"


# --- administrators --------------------------------------------------------------------------------


def _custom_field(definition: Any) -> CustomField:
    return CustomField(
        f"{CUSTOM}.{definition.name}",
        _type(definition),
        Words(definition.label_en, definition.label_zh),
        required=definition.required,
        column=CUSTOM,
        id=definition.id,
    )


def _type(definition: Any) -> Any:
    if definition.kind != "choice":
        return TYPES[definition.kind]
    return Choice(
        {one["code"]: Words(one["label_en"], one["label_zh"]) for one in definition.choices},
        retired=tuple(one["code"] for one in definition.choices if not one["active"]),
    )
