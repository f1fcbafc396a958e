"""XLSX workbooks, as a stream of rows in and out: one sheet, values only.

A workbook is a ZIP file of XML that anybody may have made. Before anything of it is parsed it is
inflated once, counted and thrown away: what is too large, lies about its size or declares entities goes
no further.
"""

from __future__ import annotations

import datetime as dt
import re
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from core.entities.cells import neutral
from core.entities.csvfile import CELL_MOST
from core.entities.table import Row
from core.errors import Invalid
from core.i18n import _

MOST_ROWS = 1_048_576  # of any sheet, the header included
MOST_TEXT = 32_767  # characters that a spreadsheet keeps of a cell
_MOST_COLUMNS = 1000
_MOST_CELLS = 50_000_000  # gaps included
_MOST_MEMBERS = 2000
_MOST_INFLATED = 1 << 30  # bytes of all members
_MOST_STRINGS = 128 << 20  # bytes of the texts, which are held in memory
_MOST_RATIO = 200  # inflated to packed; spreadsheets come to 10 or 30
_SMALL = 1 << 20  # bytes; below this any ratio will do
_BLOCK = 1 << 20
_OLE = b"\xd0\xcf\x11\xe0"
_EXACT_DIGITS = 10**15  # numbers of cells are binary: from here on digits are lost
_EXACT_WHOLE = _EXACT_DIGITS // 10_000  # with four decimals
_FIRST_DAY = dt.date(1900, 3, 1)  # spreadsheets count a 29 February 1900
# XML has no such characters, so workbooks write `_xFFFE_`; an underscore that would look so is written `_x005F_`.
_NO_XML = "[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]"
_NOT_XML = re.compile(f"{_NO_XML}|_(?=x[0-9A-Fa-f]{{4}}(?:_|{_NO_XML}))")
_WRITTEN_OUT = re.compile("_x(?!0000|[Dd][89A-Fa-f])([0-9A-Fa-f]{4})_")

NOT_XLSX = _("This is not an XLSX workbook. Save it as XLSX or as CSV UTF-8.")
_LOCKED = _("This workbook is locked by a password, or of the old XLS format. Save it as XLSX without a password.")
_TOO_LARGE = _("This workbook is too large when it is unpacked. Save it as CSV UTF-8.")
_DAMAGED = _("This workbook is damaged: ${part} cannot be read. Save it anew or as CSV UTF-8.")
_ENTITIES = _("This workbook declares XML entities, which no spreadsheet does. It is not read.")
_MACROS = _("This workbook holds macros. Save it as XLSX without them.")
_MERGED = _("The sheet has merged cells, so it is open which row a value belongs to. Unmerge them first.")


class XlsxFile:
    """One sheet of a workbook: the first, or the one called `sheet`. `headers` are its first row with content.

    Raises Invalid for what is no workbook, is locked, oversized or damaged, holds macros or merged cells.
    """

    encoding = "xlsx"

    def __init__(self, path: Path, sheet: str | None = None) -> None:
        self.path = path
        scanned = _scan(path)
        self._book = _opened(path)
        names = [one.title for one in self._book.worksheets]
        if not names:
            raise Invalid(_("This workbook has no sheet with cells."))
        if sheet is not None and sheet not in names:
            raise Invalid(
                _(
                    "There is no sheet ${name}. The workbook has: ${names}.",
                    mapping={"name": sheet, "names": ", ".join(names)},
                )
            )
        self._sheet: Any = self._book[sheet or names[0]]
        of_sheet = scanned.get(self._sheet._worksheet_path.lstrip("/"), _Scanned())
        if of_sheet.merged:
            raise Invalid(_MERGED)
        header = next(self._rows(), None)
        if header is None:
            raise Invalid(_("This file is empty."))
        if header.fault is not None:
            raise Invalid(errors={"header": [header.fault]})
        cells = header.cells
        while cells and not cells[-1].strip():
            cells = cells[:-1]
        if len(cells) > _MOST_COLUMNS:
            raise Invalid(_("At most ${n} columns can be read.", mapping={"n": _MOST_COLUMNS}))
        self.headers = tuple(cell.strip() for cell in cells)
        self.count = max(of_sheet.rows - 1, 0)

    def rows(self) -> Iterator[Row]:
        """The rows below the header; those without any content are left out."""
        rows = self._rows()
        next(rows)
        for row in rows:
            yield self._fitted(row)

    def _fitted(self, row: Row) -> Row:
        """The row as wide as the header."""
        width = len(self.headers)
        cells, beyond = row.cells[:width], row.cells[width:]
        fault = row.fault
        if fault is None and any(cell.strip() for cell in beyond):
            fault = _(
                "This row has ${n} cells, the header has ${m}.", mapping={"n": len(row.cells), "m": len(self.headers)}
            )
            return Row(row.line, row.cells, fault)
        return Row(row.line, cells + ("",) * (width - len(cells)), fault, row.exact)

    def _rows(self) -> Iterator[Row]:
        """Rows with content. Numbers of rows and columns in the file are claims, so they are counted."""
        self._sheet.reset_dimensions()
        cells = 0
        for line, row in enumerate(self._parsed(), 1):
            cells += len(row)
            if line > MOST_ROWS or cells > _MOST_CELLS:
                raise Invalid(_TOO_LARGE)
            read = _Cells(row)
            if read.texts:
                yield Row(line, tuple(read.texts), read.fault, frozenset(read.exact))

    def _parsed(self) -> Iterator[Any]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of styles and extensions that do not concern the values
            try:
                yield from self._sheet.iter_rows()
            except Invalid:
                raise
            except Exception as error:  # whatever the parser makes of XML that no spreadsheet has written
                raise _damaged(self._sheet.title) from error


class _Cells:
    """The cells of a row as texts, up to the last one with content."""

    def __init__(self, row: Sequence[Any]) -> None:
        self.texts: list[str] = []
        self.exact: set[int] = set()
        self.fault: str | None = None
        blanks = 0
        for at, cell in enumerate(row):
            if cell.value is None or cell.value == "":
                blanks += 1
                continue
            self.texts += [""] * blanks
            blanks = 0
            self.texts.append(self._text(at, cell))

    def _text(self, at: int, cell: Any) -> str:
        value = cell.value
        if cell.data_type == "e":
            return self._wrong(cell, value, _("Cell ${cell} holds the error ${value}."))
        if isinstance(value, str):
            if len(value) > CELL_MOST:
                return self._wrong(cell, value[:10], _("A cell has more than ${n} characters."), n=CELL_MOST)
            # Of a formula its text: what it came to when it was saved may no longer be so.
            return _WRITTEN_OUT.sub(lambda found: chr(int(found[1], 16)), value)
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, dt.datetime):
            self.exact.add(at)
            midnight = value.time() == dt.time()
            return value.date().isoformat() if midnight else value.isoformat(timespec="seconds")
        if isinstance(value, dt.date | dt.time):
            self.exact.add(at)
            return value.isoformat()
        if isinstance(value, int | float):
            self.exact.add(at)
            if value == int(value) and abs(value) >= _EXACT_DIGITS:
                return self._wrong(
                    cell,
                    str(value),
                    _("Cell ${cell} holds a number of more than 15 digits, of which some are lost. Enter it as text."),
                )
            return _plain(value)
        return str(getattr(value, "text", value))  # an array formula

    def _wrong(self, cell: Any, value: str, message: str, **more: Any) -> str:
        where = getattr(cell, "coordinate", "")
        self.fault = self.fault or _(message, mapping={"cell": where, "value": value, **more})
        return str(value)


def _plain(value: int | float) -> str:
    """The number as the spreadsheet shows it, with 15 digits and without an exponent."""
    if isinstance(value, int) or value == int(value):
        return str(int(value))
    return format(Decimal(f"{value:.15g}"), "f")


# --- before anything is parsed ---------------------------------------------------------------------


class _Scanned:
    """What is found in a member on the way."""

    def __init__(self) -> None:
        self.rows, self.merged = 0, False


def _scan(path: Path) -> dict[str, _Scanned]:
    """Inflate every member once, hold it to its limits, and say what is in the sheets. Raises Invalid."""
    with path.open("rb") as file:
        head = file.read(4)
    if head == _OLE:
        raise Invalid(_LOCKED)
    if head != b"PK\x03\x04":
        raise Invalid(NOT_XLSX)
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            _check_claims(members)
            return {one.filename: _inflated(archive, one) for one in members}
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise _damaged(path.name) from error


def _check_claims(members: Sequence[zipfile.ZipInfo]) -> None:
    names = {one.filename for one in members}
    if any(name.endswith("vbaProject.bin") for name in names):
        raise Invalid(_MACROS)
    if "[Content_Types].xml" not in names:
        raise Invalid(NOT_XLSX)
    if len(members) > _MOST_MEMBERS or sum(one.file_size for one in members) > _MOST_INFLATED:
        raise Invalid(_TOO_LARGE)
    end = 0
    for one in sorted(members, key=lambda one: one.header_offset):
        if one.header_offset < end or len(names) < len(members):
            raise _damaged(one.filename)  # members that share their bytes, or their name
        end = one.header_offset + one.compress_size
        if one.file_size > _SMALL and one.file_size > _MOST_RATIO * max(one.compress_size, 1):
            raise Invalid(_TOO_LARGE)
        held = _MOST_STRINGS if one.filename.endswith("sharedStrings.xml") else _MOST_INFLATED
        if one.file_size > (held if "worksheets/" in one.filename or held == _MOST_STRINGS else _MOST_STRINGS):
            raise Invalid(_TOO_LARGE)


def _inflated(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> _Scanned:
    """Read a member to its end: its size and checksum are then known to be true."""
    found = _Scanned()
    xml = member.filename.endswith((".xml", ".rels", ".vml"))
    tail = b""
    with archive.open(member) as content:
        first = True
        while block := content.read(_BLOCK):
            if xml and first and b"\0" in block[:4]:
                raise _damaged(member.filename)  # UTF-16, in which the next lines would find nothing
            first = False
            if xml:
                seen = tail + block
                if b"<!DOCTYPE" in seen or b"<!ENTITY" in seen:
                    raise Invalid(_ENTITIES)
                found.merged = found.merged or b"<mergeCell " in seen
                found.rows += block.count(b"<row")
                tail = seen[-16:]
    return found


def _opened(path: Path) -> Any:
    from openpyxl import load_workbook  # a quarter of a second

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return load_workbook(path, read_only=True, keep_links=False)
        except Exception as error:  # whatever the parser makes of XML that no spreadsheet has written
            raise _damaged(path.name) from error


def _damaged(part: str) -> Invalid:
    return Invalid(_(_DAMAGED, mapping={"part": part[:80]}))


# --- out -------------------------------------------------------------------------------------------


class XlsxWriter:
    """A workbook of one sheet. Text stays text: no cell is a formula, and none could become one elsewhere."""

    def __init__(self, path: Path, title: str) -> None:
        from openpyxl import Workbook

        self._path = path
        self._book = Workbook(write_only=True)
        self._sheet: Any = self._book.create_sheet(re.sub(r"[\\*?:/\[\]]", " ", title)[:31])
        self._written = 0

    def write(self, cells: Sequence[Any]) -> None:
        self._written += 1
        if self._written > MOST_ROWS:
            raise Invalid(_("A sheet holds ${n} rows and no more. Export to CSV.", mapping={"n": MOST_ROWS}))
        self._sheet.append([self._cell(cell) for cell in cells])

    def close(self) -> None:
        self._book.save(self._path)
        self._book.close()

    def _cell(self, value: Any) -> Any:
        if isinstance(value, dt.date) and value < _FIRST_DAY:
            value = value.isoformat()
        if isinstance(value, int | Decimal) and abs(Decimal(value)) >= _EXACT_WHOLE:
            value = str(value)  # it would lose digits
        if not isinstance(value, str):
            return value
        from openpyxl.cell import WriteOnlyCell

        text = neutral(value)
        if len(text) > MOST_TEXT:
            raise Invalid(
                _("A text has more than ${n} characters, too many for XLSX. Export to CSV.", mapping={"n": MOST_TEXT})
            )
        cell = WriteOnlyCell(self._sheet, value=_NOT_XML.sub(_written_out, text))
        cell.data_type = "s"  # whatever it looks like
        return cell


def _written_out(found: re.Match[str]) -> str:
    return f"_x{ord(found[0]):04X}_"
