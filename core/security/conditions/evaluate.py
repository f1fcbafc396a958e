"""The Python twin: one row judged exactly as the database would."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Protocol

from core.security import places
from core.security.catalog import attribute_name
from core.security.conditions.syntax import (
    FOLDS,
    Among,
    Condition,
    Every,
    Matches,
    Node,
    Not,
    Path,
    Present,
    Range,
    Some,
    SqlContext,
    Step,
    Under,
    Value,
    plain,
    split_ids,
)

Row = Mapping[Any, Any]


class Resolver(Protocol):
    """Finds other rows, whoever may see them; deleted ones too."""

    def load(self, entity_key: str, id: int) -> Row | None:
        """The row's values by attribute name; None when there is no such row."""

    def find(self, entity_key: str, natural_key: str, within: tuple[tuple[str, str], ...]) -> int | None:
        """The id of the row with that natural key among those with the fields `within`."""

    def linked(self, entity_key: str, id: int, attribute: str) -> frozenset[int]:
        """The ids that a set of references holds."""


def evaluate(condition: Condition, row: Row, resolver: Resolver, context: SqlContext) -> bool:
    """Whether the condition holds for a row: attribute name → Python value, `references` a set of ids.

    Paths see all rows, as `to_sql` with `scoped=False`.
    """
    return _Judge(resolver, context).node(condition.root, row)


@dataclass(frozen=True)
class _Judge:
    resolver: Resolver
    context: SqlContext

    def node(self, node: Node, row: Row) -> bool:
        match node:
            case Every(parts):
                return all(self.node(part, row) for part in parts)
            case Some(parts):
                return any(self.node(part, row) for part in parts)
            case Not(part):
                return not self.node(part, row)
            case Present(path):
                return self._value(path, row) is not None
            case Among(path, values):
                return self._among(path, values, row)
            case Range():
                return self._within(node, row)
            case Matches():
                return self._matches(node, row)
            case Under():
                return self._under(node, row)

    def _value(self, path: Path, row: Row) -> Any:
        """The value at the end of the path; an empty set of references is None too."""
        for step, following in pairwise(path):
            id = places.of_row(row, step.field)
            found = None if id is None else self.resolver.load(following.entity.key, id)
            if found is None:
                return None
            row = found
        value = places.of_row(row, path[-1].field)
        return (value or None) if path[-1].kind == "references" else value

    def _among(self, path: Path, values: tuple[Value, ...], row: Row) -> bool:
        value = self._value(path, row)
        if value is None:
            return False
        if path[-1].kind == "references":
            return not self._ids(path[-1], values).isdisjoint(value)
        if path[-1].kind == "reference":
            return value in self._ids(path[-1], values)
        return value in [plain(candidate, self.context) for candidate in values]

    def _ids(self, step: Step, values: tuple[Value, ...]) -> set[int]:
        mine, ids, keys = split_ids(values, self.context)
        found = (self.resolver.find(step.refers_to, key.text, key.within) for key in keys)
        return {*mine, *ids, *(id for id in found if id is not None)}

    def _within(self, node: Range, row: Row) -> bool:
        value, kind = self._value(node.path, row), node.path[-1].kind
        if value is None:
            return False
        if node.low is not None:
            low = node.low.edge(kind, self.context, low=True)
            if value < low or (value == low and not node.low.inclusive):
                return False
        if node.high is not None:
            high = node.high.edge(kind, self.context, low=False)
            if value > high or (value == high and not node.high.inclusive):
                return False
        return True

    def _matches(self, node: Matches, row: Row) -> bool:
        value, needle = self._value(node.path, row), node.needle
        if value is None or not needle:
            return False
        text = FOLDS[node.fold](value)
        return text.startswith(node.beginnings) if node.prefix else needle in text

    def _under(self, node: Under, row: Row) -> bool:
        roots = self._ids(node.path[-1], node.values)
        return any(id in roots for id in self._upwards(self._value(node.path, row), node.parent))

    def _upwards(self, id: int | None, parent: Step) -> Iterator[int]:
        """The record and all above it, as far as they exist."""
        seen: set[int] = set()
        while id is not None and id not in seen:
            found = self.resolver.load(parent.entity.key, id)
            if found is None:
                return
            yield id
            seen.add(id)
            id = found[attribute_name(parent.field)]
