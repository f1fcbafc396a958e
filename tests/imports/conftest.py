"""Bring rows into a site, past the command line or through it."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from core.cli import main
from core.cli.failures import sentence
from core.entities.csvfile import CsvFile
from core.entities.mapping import plan, settled
from core.entities.table import Table
from core.services import login
from core.services.bulk import with_history
from core.services.imports import Options, run
from tests.support.site import Site

Rows = Sequence[Sequence[str]]


@dataclass
class Brought:
    """What an import said. `failed` maps lines to reasons."""

    counts: tuple[int, int, int, int]  # created, updated, skipped, failed
    failed: dict[int, str]


class Importer:
    """Writes rows into a file and imports it through the services."""

    def __init__(self, site: Site, path: Path) -> None:
        self.site, self.path = site, path

    def __call__(
        self,
        rows: Rows | bytes,
        *,
        key: str = "core.customer",
        match: str | None = None,
        mapped: Sequence[tuple[str, str]] = (),
        user: str = "admin",
        renamed: Sequence[tuple[str, str, str]] = (),
        formats: Sequence[tuple[str, str]] = (),
        blank_clears: bool = False,
        **options: bool,
    ) -> Brought:
        self.path.write_bytes(rows if isinstance(rows, bytes) else text_of(rows).encode())
        return self.bring(CsvFile(self.path), key, match, mapped, user, renamed, formats, blank_clears, **options)

    def bring(
        self,
        table: Table,
        key: str = "core.customer",
        match: str | None = None,
        mapped: Sequence[tuple[str, str]] = (),
        user: str = "admin",
        renamed: Sequence[tuple[str, str, str]] = (),
        formats: Sequence[tuple[str, str]] = (),
        blank_clears: bool = False,
        **options: bool,
    ) -> Brought:
        entity = self.site.kernel.catalog[key]
        entity = with_history(entity) if options.get("historical") else entity
        planned = plan(entity, table.headers, mapped, match, renamed, blank_clears=blank_clears)
        planned = settled(planned, table, formats)
        counts = dict.fromkeys(("created", "updated", "skipped", "failed"), 0)
        failed: dict[int, str] = {}
        for outcome in run(
            self.site.kernel,
            planned,
            table.rows(),
            lambda work: login.by_login(work, user, door="test"),
            Options(**options),
        ):
            for result, number in outcome.counts.items():
                counts[result] += number
            failed |= {failure.row.line: sentence(failure.error) for failure in outcome.failures}
        return Brought((counts["created"], counts["updated"], counts["skipped"], counts["failed"]), failed)


def text_of(rows: Rows) -> str:
    """The rows as CSV text."""
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue()


@pytest.fixture
def bring(site: Site, tmp_path: Path) -> Importer:
    return Importer(site, tmp_path / "rows.csv")


@dataclass
class Said:
    """How a command ended."""

    code: int
    out: str
    err: str


@pytest.fixture
def kehu(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Said]:
    """`kehu …` on the test's site, in this process."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KEHU_DATABASE_URL", site.settings.database_url)

    def command(*arguments: str) -> Said:
        monkeypatch.setattr(sys, "argv", ["kehu", *arguments])
        capsys.readouterr()
        code = 0
        try:
            main()
        except SystemExit as end:
            code = int(end.code or 0)
        out, err = capsys.readouterr()
        return Said(code, out, err)

    return command
