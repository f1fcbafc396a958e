"""CSV files as a stream of rows. However long the file, one row of it is in memory."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from io import TextIOBase
from pathlib import Path
from typing import Any

from core.entities.cells import neutral
from core.entities.encodings import BINARY, encoding_of
from core.entities.table import Row
from core.errors import Invalid
from core.i18n import _

CELL_MOST = 1_000_000  # characters
_LINE_MOST = 8 * CELL_MOST
_SAMPLE = 50_000  # characters of the header that tell the delimiter
_DELIMITERS = ",;\t"
_UNREADABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")

csv.field_size_limit(CELL_MOST)  # the module has one limit for the whole process; its own is 131 072


class CsvFile:
    """A CSV file that has been read to its end once: what makes it unreadable is known before a row is used.

    `headers` are trimmed; `count` is the number of rows below them. Raises Invalid for another
    encoding, a binary file, an empty one and quotes that never close.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.is_file():
            raise Invalid(_("This is not a file, but something that can be read only once."))
        self.encoding = encoding_of(path)
        with self._open() as text:
            self.delimiter = _delimiter(next((line for line in _Lines(text) if line.strip()), ""))
        with self._open() as text:
            header = next(self._records(text), None)
        if header is None:
            raise Invalid(_("This file is empty."))
        if header.fault is not None:
            raise Invalid(errors={"header": [header.fault]})
        self.headers = tuple(cell.strip("\ufeff").strip() for cell in header.cells)
        if any(_UNREADABLE.search(name) for name in self.headers):
            raise Invalid(BINARY)
        self.count = sum(1 for _row in self.rows())

    def rows(self) -> Iterator[Row]:
        """The rows below the header; those without any content are left out."""
        with self._open() as text:
            records = self._records(text)
            next(records)
            for row in records:
                if row.fault is None and len(row.cells) != len(self.headers):
                    yield Row(row.line, row.cells, self._ragged(row))
                else:
                    yield row

    def _open(self) -> TextIOBase:
        return self.path.open(encoding=self.encoding, newline="")

    def _records(self, text: TextIOBase) -> Iterator[Row]:
        lines = _Lines(text)
        reader = csv.reader(lines, delimiter=self.delimiter, strict=True)
        while True:
            begin = lines.number + 1
            try:
                cells = next(reader, None)
            except csv.Error as error:
                yield _broken(error, begin, lines)
                continue
            if cells is None:
                return
            if any(cell.strip() for cell in cells):
                yield Row(begin, tuple(cells))

    def _ragged(self, row: Row) -> str:
        return _(
            "This row has ${n} cells, the header has ${m}.",
            mapping={"n": len(row.cells), "m": len(self.headers)},
        )


class _Lines:
    """The lines of a text as they stand in the file; `last` is the one read last, `number` counts it from 1."""

    def __init__(self, text: TextIOBase) -> None:
        self._text = text
        self.last, self.number = "", 0

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._text.readline(_LINE_MOST)
        if not line:
            raise StopIteration
        self.last = line
        self.number += 1
        if len(self.last) == _LINE_MOST:
            raise Invalid(_("Line ${line} is far too long for a CSV file.", mapping={"line": self.number}))
        return self.last


def _delimiter(line: str) -> str:
    """The one that cuts the header into most cells."""
    return max(_DELIMITERS, key=lambda one: len(next(csv.reader([line[:_SAMPLE]], delimiter=one))))


def _broken(error: csv.Error, begin: int, lines: _Lines) -> Row:
    """A row that cannot be cut into cells. If it went on over several lines, nobody knows where the
    next row begins: then the whole file is refused.
    """
    fault = (
        _("A cell has more than ${n} characters.", mapping={"n": CELL_MOST})
        if "limit" in str(error)
        else _('A quotation mark is out of place. Write a quotation mark inside a cell twice: "".')
    )
    if lines.number > begin:
        raise Invalid(
            _("A quotation mark that is opened in line ${line} is not closed properly.", mapping={"line": begin})
        )
    return Row(begin, (lines.last.rstrip("\r\n"),), fault)


class CsvWriter:
    """A CSV file in UTF-8 with a mark, as spreadsheets expect it. Cells that could run are made harmless."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w", encoding="utf-8-sig", newline="")
        self._out = csv.writer(self._file)

    def write(self, cells: Sequence[Any]) -> None:
        self._out.writerow([_text(cell) for cell in cells])

    def close(self) -> None:
        self._file.close()


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    # Only text can do harm; a number that begins with a minus stays a number.
    return neutral(cell) if isinstance(cell, str) else str(cell)
