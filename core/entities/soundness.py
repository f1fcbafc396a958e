"""Whether an entity's description fits its model and itself: asked at boot, not at the first request."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import inspect
from sqlalchemy.orm import Mapper

from core.db.base import AttachedTo, RecordScoped
from core.entities.reader import META
from core.security.catalog import attribute_name, columns_behind
from core.security.fitting import misasked, misfits, wrong_type
from core.security.grants import ACTIONS
from plugins import Entity, Extension, Field, Group, Rules, Timeline, Verb
from plugins.errors import did_you_mean

LANGUAGES = ("zh", "en")
TUPLES: dict[type, dict[str, type]] = {
    Entity: {"fields": Field, "groups": Group, "columns": str, "public": str, "verbs": Verb},
    Extension: {"fields": Field, "columns": str},
    Timeline: {"of": str, "text": str},
    Group: {"fields": str},
    Verb: {"arguments": Field},
}
"""The arguments of each declaration that are tuples, and of what."""


def faults_of(entity: Entity) -> list[str]:
    """Everything that is wrong with it, one phrase each; empty when it is sound."""
    if crooked := [*misshapen(entity)]:
        return crooked
    mapper: object = inspect(entity.model, raiseerr=False)
    if not isinstance(mapper, Mapper):
        return [f"model {entity.model!r} is no mapped class"]
    arguments = (field for verb in entity.verbs for field in verb.arguments)
    if wrong := [words for field in (*entity.fields, *arguments) if (words := wrong_type(field))]:
        return wrong
    return [*_fields(entity, mapper), *_names(entity), *_asked(entity), *_timeline(entity), *_ownership(entity)]


def misshapen(declared: Any) -> Iterator[str]:
    """Which arguments are no tuple of what they ought to hold, a phrase each; to be asked before anything else."""
    for argument, kind in next(found for owner, found in TUPLES.items() if isinstance(declared, owner)).items():
        given = getattr(declared, argument)
        if isinstance(given, kind):
            yield f"{argument} is one {_called(kind)} and no tuple; a comma is missing: {argument}=(…,)"
        elif not isinstance(given, tuple | list):
            yield f"{argument} must be a tuple, not {given!r:.60}"
        else:
            for one in given:
                if not isinstance(one, kind):
                    yield f"{argument} holds {one!r:.60}, which is no {_called(kind)}"
                elif kind in TUPLES:
                    yield from (f"{kind.__name__.lower()} {_name(one)!r}: {words}" for words in misshapen(one))
    if isinstance(declared, Entity) and not isinstance(declared.rules, Rules):
        yield f"rules must be an object, not {declared.rules!r:.60}; say rules=MyRules(), with the parentheses"
    if isinstance(declared, Entity) and declared.timeline is not None:
        if isinstance(declared.timeline, Timeline):
            yield from (f"timeline: {words}" for words in misshapen(declared.timeline))
        else:
            yield f"timeline must be a Timeline, not {declared.timeline!r:.60}"


def _called(kind: type) -> str:
    return "text" if kind is str else kind.__name__


def _name(declared: Any) -> str:
    return str(declared.title if isinstance(declared, Group) else declared.name)


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
    yield from _unknown("rank", filter(None, [entity.rank]), fields)
    yield from _unknown("natural_key", [entity.natural_key], [*fields, "id"])
    yield from _unknown("public", entity.public, fields)
    yield from _unknown("columns", entity.columns, [*fields, *META])
    yield from _unknown("sort", sort, [*fields, *META])
    for group in entity.groups:
        yield from _unknown(f"group {group.title!r}", group.fields, fields)


def _asked(entity: Entity) -> Iterator[str]:
    """What fields are asked by; arguments of a verb by each other."""
    yield from misasked(entity.fields, entity.fields)
    for verb in entity.verbs:
        yield from (f"verb {verb.name!r}: {words}" for words in misasked(verb.arguments, verb.arguments))


def _timeline(entity: Entity) -> Iterator[str]:
    """What its timeline names must be there, and be of the kind that the place asks for."""
    declared = entity.timeline
    if declared is None:
        return
    wanted = [
        *(("of", name, ("reference", "any")) for name in declared.of),
        *(("text", name, ()) for name in declared.text),
        ("at", declared.at, ("date", "moment")),
        ("who", declared.who, ("reference",)),
        ("kind", declared.kind, ("choice",)),
        ("done", declared.done, ("boolean",)),
        ("due", declared.due, ("date",)),
    ]
    kinds = {field.name: field.type.kind for field in entity.fields}
    for argument, name, fitting in wanted:
        if not name or (name in META and argument in ("at", "who")):
            continue
        yield from _unknown(f"timeline's {argument}", [name], [*kinds, *META])
        if fitting and kinds.get(name, fitting[0]) not in fitting:
            yield f"timeline's {argument} names {name!r}, which is no {' or '.join(fitting)}"
    if not declared.of and not issubclass(entity.model, AttachedTo):
        yield "timeline says not of what: name its references in of=(…,)"


def _unknown(what: str, names: Iterable[str], known: list[str]) -> Iterator[str]:
    for name in dict.fromkeys(names):
        if name not in known:
            yield f"{what} names {name!r}, which is no field of it{did_you_mean(name, known)}"
