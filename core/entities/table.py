"""What an import reads from, whatever the format of the file, and what an export writes into."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True)
class Row:
    """A row: the line it begins in, its cells as text, and what is wrong with its form, if anything.

    `exact` are the positions of cells that the file gave as a date or a number and not as text.
    """

    line: int
    cells: tuple[str, ...]
    fault: str | None = None
    exact: frozenset[int] = frozenset()


class Table(Protocol):
    """A header and the rows below it, as often as they are asked for. `count` is how many there are, or nearly."""

    headers: tuple[str, ...]
    count: int
    encoding: str

    def rows(self) -> Iterator[Row]: ...


class Writer(Protocol):
    """A file that takes rows of text, whole numbers, decimals, days, true and false; None is a blank."""

    def write(self, cells: Sequence[Any]) -> None: ...

    def close(self) -> None: ...
