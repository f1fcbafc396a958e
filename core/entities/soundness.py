"""Whether an entity's description fits its model and itself: asked at boot, not at the first request."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from sqlalchemy import inspect
from sqlalchemy.orm import Mapper

from core.db.base import RecordScoped
from core.entities.reader import META
from core.security.catalog import attribute_name, columns_behind
from core.security.fitting import misfits, wrong_type
from core.security.grants import ACTIONS
from plugins import Entity, Field
from plugins.errors import did_you_mean

LANGUAGES = ("zh", "en")


def faults_of(entity: Entity) -> list[str]:
    """Everything that is wrong with it, one phrase each; empty when it is sound."""
    mapper: object = inspect(entity.model, raiseerr=False)
    if not isinstance(mapper, Mapper):
        return [f"model {entity.model!r} is no mapped class"]
    arguments = (field for verb in entity.verbs for field in verb.arguments)
    if wrong := [words for field in (*entity.fields, *arguments) if (words := wrong_type(field))]:
        return wrong
    return [*_fields(entity, mapper), *_names(entity), *_ownership(entity)]


def _fields(entity: Entity, mapper: Mapper) -> Iterator[str]:
    attributes = set(mapper.all_orm_descriptors.keys())
    for name, times in Counter(field.name for field in entity.fields).items():
        if times > 1:
            yield f"field {name!r} is there {times} times"
    for field in entity.fields:
        yield from _field(field, entity, attributes)
        column = mapper.columns.get(attribute_name(field))
        if column is not None:
            yield from misfits(field, column)
    actions = [*ACTIONS, *(verb.name for verb in entity.verbs)]
    rights = [(f"field {field.name!r}", field.right) for field in entity.fields]
    for what, right in [*rights, *((f"verb {verb.name!r}", verb.right) for verb in entity.verbs)]:
        if right not in actions:
            yield f"{what} needs the right {right!r}, which no grant can give{did_you_mean(right, actions)}"
    for verb, times in Counter(verb.name for verb in entity.verbs).items():
        if times > 1:
            yield f"verb {verb!r} is there {times} times"


def _field(field: Field, entity: Entity, attributes: set[str]) -> Iterator[str]:
    stored = () if field.type.kind == "target" else columns_behind(field)
    for name in filter(None, (*stored, field.sort)):
        if name not in attributes:
            wanted = f"{entity.model.__name__}.{name}"
            yield f"field {field.name!r} wants {wanted}, which is not there{did_you_mean(name, attributes)}"


def _ownership(entity: Entity) -> Iterator[str]:
    missing = {"owner", "unit"} - {field.name for field in entity.fields}
    if issubclass(entity.model, RecordScoped) and missing and not entity.rules.closed:
        yield (
            f"its records have an owner and a unit, but there is no field {' and '.join(sorted(missing))};"
            " add ownership.OWNER and ownership.UNIT of core.api"
        )


def _names(entity: Entity) -> Iterator[str]:
    fields = [field.name for field in entity.fields]
    sort = [name.strip().removeprefix("-") for name in entity.sort.split(",")]
    labels = [entity.label.format(lang=language) for language in LANGUAGES]
    yield from _unknown("label", labels, [*fields, "id"])
    yield from _unknown("natural_key", [entity.natural_key], [*fields, "id"])
    yield from _unknown("public", entity.public, fields)
    yield from _unknown("columns", entity.columns, [*fields, *META])
    yield from _unknown("sort", sort, [*fields, *META])
    for group in entity.groups:
        yield from _unknown(f"group {group.title!r}", group.fields, fields)


def _unknown(what: str, names: Iterable[str], known: list[str]) -> Iterator[str]:
    for name in dict.fromkeys(names):
        if name not in known:
            yield f"{what} names {name!r}, which is no field of it{did_you_mean(name, known)}"
