"""What can be chosen in a reference field: a short list to choose from, or a long one to type in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import literal, select

from core.security.catalog import attribute, attribute_name
from core.services.work import Ctx
from plugins import Entity, Field

MOST = 200


@dataclass(frozen=True)
class Choice:
    """`key` is sent, `label` is read; `depth` is how far below the top of its tree it stands."""

    key: str
    label: str
    depth: int = 0


@dataclass(frozen=True)
class Choices:
    """`complete`: there are no others, so they make a select; else they only help with typing."""

    choices: tuple[Choice, ...]
    complete: bool = True


class Chooser:
    """Finds choices for one actor, each kind of reference once."""

    def __init__(self, ctx: Ctx, language: str) -> None:
        self.ctx, self.language = ctx, language
        self._found: dict[Any, Choices] = {}

    def of(self, field: Field, document: Mapping[str, Any]) -> Choices:
        """For a reference or a set of references of a record, whose own present values are always among them."""
        kind: Any = field.type
        found = self.all(kind.entity, _within(kind, document))
        value = document.get(field.name) or []
        present = value if isinstance(value, list) else [value]
        known = {choice.key for choice in found.choices}
        missing = [one for one in present if "key" in one and one["key"] not in known]
        return Choices(
            (*(Choice(str(one["key"]), str(one["label"])) for one in missing), *found.choices), found.complete
        )

    def filter(self, field: Field, document: Mapping[str, Any]) -> list[Any] | None:
        """The condition that what can be chosen for a reference fits; None for all of them."""
        parts = [["=", name, value] for name, value in _within(field.type, document)]
        return ["and", *parts] if parts else None

    def all(self, entity_key: str, within: tuple[tuple[str, Any], ...] = ()) -> Choices:
        """The first choices of an entity, in its order or as a tree."""
        memo = (entity_key, within)
        if memo not in self._found:
            entity = self.ctx.catalog[entity_key]
            rows = self._rows(entity, within)
            nodes = _as_tree(rows[:MOST]) if _parent(entity) else [(row, 0) for row in rows[:MOST]]
            choices = tuple(Choice(str(row.key), str(row.label), depth) for row, depth in nodes)
            self._found[memo] = Choices(choices, len(rows) <= MOST)
        return self._found[memo]

    def _rows(self, entity: Entity, within: tuple[tuple[str, Any], ...]) -> Sequence[Any]:
        model: Any = entity.model
        parent = _parent(entity)
        statement = select(
            model.id,
            attribute(model, entity.field(entity.natural_key)).label("key"),
            getattr(model, entity.label.format(lang=self.language[:2])).label("label"),
            (attribute(model, parent) if parent else literal(None)).label("parent"),
        ).where(*(attribute(model, entity.field(name)) == value for name, value in within))
        if hasattr(model, "active"):
            statement = statement.where(model.active)
        rows = self.ctx.db.execute(statement.order_by(*_order(entity)).limit(MOST + 1)).all()
        return () if self._is_masked(entity) else rows

    def _is_masked(self, entity: Entity) -> bool:
        """Whether names or keys are hidden from the reader: then there is nothing to choose by."""
        rights = self.ctx.rights
        named = [field for field in entity.fields if field.name in (entity.label, entity.natural_key)]
        return not all(rights.may_ask(entity, field) for field in named)


def _within(kind: Any, document: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
    """Fields of the target and the values that they must have."""
    same = tuple((name, _stored(document[name])) for name in getattr(kind, "same", ()) if document.get(name))
    return (*getattr(kind, "within", ()), *same)


def _stored(value: Any) -> Any:
    """What a document's value is in the column: of a reference the id, None of one that is restricted."""
    return value.get("id") if isinstance(value, dict) else value


def _parent(entity: Entity) -> Field | None:
    """The field that makes a tree of the entity's records."""
    found = (field for field in entity.fields if field.name == "parent" and field.type.kind == "reference")
    return next((field for field in found if field.type.entity == entity.key), None)  # type: ignore[attr-defined]


def _order(entity: Entity) -> list[Any]:
    order = []
    for part in entity.sort.split(","):
        name, descending = part.strip().removeprefix("-"), part.strip().startswith("-")
        known = next((field for field in entity.fields if field.name == name), None)
        column = getattr(entity.model, (known.sort or attribute_name(known)) if known else name)
        order.append(column.desc() if descending else column)
    return order


def _as_tree(rows: Sequence[Any]) -> list[tuple[Any, int]]:
    """Each row after its parent, with its depth; a row whose parent is not there stands at the top."""
    ids = {row.id for row in rows}
    below: dict[int | None, list[Any]] = {}
    for row in rows:
        below.setdefault(row.parent if row.parent in ids else None, []).append(row)
    found: list[tuple[Any, int]] = []
    waiting = [(row, 0) for row in reversed(below.get(None, []))]
    while waiting:
        row, depth = waiting.pop()
        found.append((row, depth))
        waiting += [(child, depth + 1) for child in reversed(below.get(row.id, []))]
    return found
