"""The files that an import reads."""

from __future__ import annotations

from pathlib import Path

from core.entities.csvfile import CsvFile
from core.entities.table import Table
from core.entities.xlsxfile import XlsxFile
from core.errors import Invalid
from core.i18n import _

FORMATS = (".csv", ".xlsx")
OTHER = _("CSV and XLSX files are what is read. Save it as .csv or .xlsx.")


def kind_of(name: str) -> str:
    """The ending of a file's name that says how it is read. Raises Invalid for another one."""
    kind = Path(name).suffix.lower()
    if kind not in FORMATS:
        raise Invalid(OTHER)
    return kind


def opened(path: Path, kind: str, sheet: str | None = None) -> Table:
    """The table in a file of that kind; of a workbook the sheet of that name, or the first. Raises Invalid."""
    return CsvFile(path) if kind == ".csv" else XlsxFile(path, sheet)
