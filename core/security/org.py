"""The tree of units in memory, as one transaction saw it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

DEALER = "dealer"


@dataclass(frozen=True)
class Node:
    """A unit: enough of it for reach, labels and inherited currency."""

    id: int
    code: str
    name: str
    kind: str
    parent_id: int | None
    base_currency: str | None


class Org:
    """Units by id, with their subtrees and ancestors. Deleted units keep their place."""

    def __init__(self, nodes: Iterable[Node]) -> None:
        self.nodes = {node.id: node for node in nodes}
        self._children: dict[int | None, list[int]] = {}
        for node in self.nodes.values():
            self._children.setdefault(node.parent_id, []).append(node.id)

    @property
    def base_currency(self) -> str:
        """The top unit's: that of all amounts without a currency of their own."""
        top = next((node for node in self.nodes.values() if node.parent_id is None), None)
        return (top.base_currency if top else None) or "CNY"

    def subtree(self, unit_id: int) -> tuple[int, ...]:
        """The unit and all below it, in id order."""
        found, waiting = {unit_id}, [unit_id]
        while waiting:
            for child in self._children.get(waiting.pop(), ()):
                if child not in found:
                    found.add(child)
                    waiting.append(child)
        return tuple(sorted(found))

    def children(self, unit_id: int | None) -> list[Node]:
        """The units right below, by code; of None those at the top."""
        return sorted((self.nodes[one] for one in self._children.get(unit_id, ())), key=lambda one: one.code)

    def ancestors(self, unit_id: int) -> tuple[int, ...]:
        """The unit and all above it, nearest first."""
        path: list[int] = []
        step: int | None = unit_id
        while step is not None and step not in path and step in self.nodes:
            path.append(step)
            step = self.nodes[step].parent_id
        return tuple(path)

    def is_dealer(self, unit_id: int) -> bool:
        """Whether the unit is a dealer's or lies within one."""
        return any(self.nodes[step].kind == DEALER for step in self.ancestors(unit_id))
