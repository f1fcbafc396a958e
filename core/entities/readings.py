"""Dates and numbers of a column that can be read in two ways: one column, one reading.

30/06/2026 can only be day first; 03/04/2026 can be both. What the cells of a column leave open must be
said, with both readings shown; it is never guessed.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from core.entities.table import Row
from core.errors import Invalid
from core.i18n import _

DATES = ("dmy", "mdy", "ymd")
NUMBERS = ("comma", "point")
KINDS = {"date": DATES, "money": NUMBERS, "integer": NUMBERS}
Reading = Callable[[str], str | None]  # a cell in Kehu's own writing; None if it cannot be read so

_ISO = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_PLAIN = re.compile(r"[+-]?\d+", re.ASCII)
_YEAR_FIRST = re.compile(r"(\d{4})[-/.年 ]{1,2}(\d{1,2})[-/.月 ]{1,2}(\d{1,2})日?|(\d{4})(\d{2})(\d{2})", re.ASCII)
_YEAR_LAST = re.compile(r"(\d{1,2})[-/. ]{1,2}(\d{1,2})[-/. ]{1,2}(\d{4})", re.ASCII)
_NUMBER = {
    "point": re.compile(r"([+-]?)¥?([+-]?)(\d{1,3}(?:[, ]\d{3})+|\d+)(?:\.(\d+))?", re.ASCII),
    "comma": re.compile(r"([+-]?)¥?([+-]?)(\d{1,3}(?:[. ]\d{3})+|\d+)(?:,(\d+))?", re.ASCII),
}


def date(cell: str, reading: str) -> str | None:
    """The cell as `2026-06-30`."""
    match = (_YEAR_FIRST if reading == "ymd" else _YEAR_LAST).fullmatch(cell.strip())
    if match is None:
        return None
    parts = [int(part) for part in match.groups() if part is not None]
    year, month, day = {"ymd": parts, "dmy": parts[::-1], "mdy": (parts[2], parts[0], parts[1])}[reading]
    try:
        return dt.date(year, month, day).isoformat()
    except ValueError:
        return None


def number(cell: str, reading: str) -> str | None:
    """The cell as `-1234.5`."""
    match = _NUMBER[reading].fullmatch(cell.strip())
    if match is None or (match[1] and match[2]):
        return None
    whole = re.sub(r"\D", "", match[3])
    return f"{match[1]}{match[2]}{whole}" + (f".{match[4]}" if match[4] else "")


def read(cell: str, kind: str, reading: str) -> str:
    """The cell in Kehu's own writing, or as it stands where it cannot be read so: its row then says why."""
    if kind == "date":
        return cell if _ISO.fullmatch(cell) else date(cell, reading) or cell
    return cell if _PLAIN.fullmatch(cell) else number(cell, reading) or cell


@dataclass(frozen=True)
class Doubt:
    """A cell that can be read in two ways, and what it is in each."""

    cell: str
    values: Mapping[str, str]


class InDoubt(Invalid):
    """Columns, by their field, whose cells leave their reading open."""

    def __init__(self, doubts: Mapping[str, Doubt]) -> None:
        super().__init__(
            _("Nothing was imported"), errors={name: [_question(name, one)] for name, one in doubts.items()}
        )
        self.doubts = dict(doubts)


def found(rows: Iterable[Row], columns: Mapping[str, tuple[int, str]]) -> dict[str, str]:
    """The reading of each column, which is given with its position and kind. Raises Invalid for those that
    the cells leave open.
    """
    seen = {name: _Seen(kind) for name, (_at, kind) in columns.items()}
    for row in rows:
        if row.fault is None:
            for name, (at, _kind) in columns.items():
                if at not in row.exact and row.cells[at]:
                    seen[name].look_at(row.cells[at])
    if open_ := {name: one.doubt for name, one in seen.items() if one.is_open}:
        raise InDoubt(open_)
    return {name: one.best[0] for name, one in seen.items()}


class _Seen:
    """How many cells of a column each reading fits, and the first cell that two of them read differently."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.fits = dict.fromkeys(KINDS[kind], 0)
        self.differing: dict[tuple[str, str], str] = {}

    def look_at(self, cell: str) -> None:
        if (_ISO if self.kind == "date" else _PLAIN).fullmatch(cell):
            return
        reader = date if self.kind == "date" else number
        values = {reading: reader(cell, reading) for reading in self.fits}
        readable = [reading for reading, value in values.items() if value is not None]
        for at, one in enumerate(readable):
            self.fits[one] += 1
            for other in readable[at + 1 :]:
                if values[one] != values[other]:
                    self.differing.setdefault((one, other), cell)

    @property
    def best(self) -> Sequence[str]:
        most = max(self.fits.values())
        return [reading for reading, times in self.fits.items() if times == most]

    @property
    def is_open(self) -> bool:
        return self._pair is not None

    @property
    def _pair(self) -> tuple[str, str] | None:
        return next((pair for pair in self.differing if set(pair) <= set(self.best)), None)

    @property
    def doubt(self) -> Doubt:
        assert self._pair is not None
        cell = self.differing[self._pair]
        reader = date if self.kind == "date" else number
        return Doubt(cell[:40], {one: str(reader(cell, one)) for one in self._pair})


def _question(name: str, doubt: Doubt) -> str:
    (one, first), (other, second) = doubt.values.items()
    mapping = {"cell": doubt.cell, "name": name, "one": one, "other": other, "first": first, "second": second}
    return _(
        "“${cell}” can be ${first} (${one}) or ${second} (${other}). Say --format ${name}=${one} or =${other}.",
        mapping=mapping,
    )
