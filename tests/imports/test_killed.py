"""A killed import is repeated and ends as if nothing had happened; a full disk is said, and nothing is lost."""

from __future__ import annotations

import json
import os
import random
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from core.faults import POINTS
from core.models import Customer
from core.services import chain, lifecycle
from tests.imports.conftest import Said, text_of
from tests.support.site import Site

ROWS = 1100  # three chunks
NAMED = [name for name in POINTS if not name.startswith("export")]


class Program:
    """`kehu` as a process of its own, on the site's database."""

    def __init__(self, site: Site, folder: Path) -> None:
        site.kernel.run(lifecycle.sync, write=True)  # as `kehu init` does; else the first command would write it
        site.close()
        self.url, self.folder = site.settings.database_url, folder

    def __call__(self, *arguments: str, fault: str | None = None, most: int | None = None) -> Any:
        """`most` is the size in bytes that no file may grow beyond, as on a disk that is full."""
        environ = {name: value for name, value in os.environ.items() if not name.startswith("KEHU_")}
        environ |= {"KEHU_DATABASE_URL": self.url, "KEHU_PLUGINS": "", "KEHU_TESTING": "true"}
        environ |= {"KEHU_FAULT": fault} if fault else {}
        return subprocess.Popen(
            [sys.executable, "-c", "from core.cli import main; main()", *arguments],
            cwd=self.folder,
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=None if most is None else lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (most, most)),
        )

    def run(self, *arguments: str, **rest: Any) -> tuple[int, str, str]:
        with self(*arguments, **rest) as process:
            out, err = process.communicate(timeout=300)
            return process.returncode, out, err


@pytest.fixture
def program(site: Site, tmp_path: Path) -> Program:
    return Program(site, tmp_path)


@pytest.fixture
def rows(tmp_path: Path) -> tuple[str, ...]:
    """The arguments of an import whose every tenth row is bad."""
    content = [(f"K{number}", f"客户 {number}", "x" if number % 10 == 9 else str(number)) for number in range(ROWS)]
    (tmp_path / "rows.csv").write_text(text_of([("code", "name", "employees"), *content]), encoding="utf-8")
    return ("import", "core.customer", "rows.csv", "--match", "code", "--errors", "bad.csv", "--json")


def is_whole(site: Site, folder: Path) -> None:
    """All good rows are there once, each bad one is in the file, the chain holds."""
    with site.kernel.work(write=False) as work:
        found = work.system.execute(select(Customer.code, Customer.name, Customer.employees)).all()
    good = [number for number in range(ROWS) if number % 10 != 9]
    assert sorted(map(tuple, found)) == sorted((f"K{number}", f"客户 {number}", number) for number in good)
    assert len((folder / "bad.csv").read_text(encoding="utf-8-sig").splitlines()) == 1 + ROWS - len(good)
    assert site.kernel.run(chain.verify, write=False) is None


def kill_and_repeat(site: Site, program: Program, rows: tuple[str, ...], fault: str) -> int:
    code, out, _err = program.run(*rows, fault=fault)
    assert (code, out) == (-signal.SIGKILL, "")
    code, out, err = program.run(*rows)
    assert (code, err) == (0, ""), err
    is_whole(site, program.folder)
    counts: dict[str, int] = json.loads(out)
    assert counts["created"] + counts["skipped"] == ROWS - ROWS // 10
    return counts["skipped"]


@pytest.mark.parametrize(
    ("fault", "stored"), [("bulk.stored:1", 0), ("transaction.written:2", 450), ("import.chunk:2", 900)]
)
def test_a_killed_import_is_repeated(
    site: Site, program: Program, rows: tuple[str, ...], fault: str, stored: int
) -> None:
    assert kill_and_repeat(site, program, rows, fault) == stored


@pytest.mark.long
@pytest.mark.parametrize("times", [1, 2, 3])
@pytest.mark.parametrize("point", NAMED)
def test_every_point_of_an_import(site: Site, program: Program, rows: tuple[str, ...], point: str, times: int) -> None:
    kill_and_repeat(site, program, rows, f"{point}:{times}")


@pytest.mark.long
@pytest.mark.databases("sqlite")
def test_killed_at_any_moment(site: Site, program: Program, rows: tuple[str, ...], database_kind: str) -> None:
    chance = random.Random(5)
    for _time in range(12):
        with program(*rows) as process:
            time.sleep(chance.uniform(0.5, 4))
            process.kill()
    code, _out, err = program.run(*rows)
    assert (code, err) == (0, "")
    is_whole(site, program.folder)


def test_an_export_that_was_killed_leaves_no_file(program: Program, site: Site, tmp_path: Path) -> None:
    site.customer("Acme")
    site.close()
    code, _out, _err = program.run("export", "core.customer", "out.csv", fault="export.page")
    assert code == -signal.SIGKILL
    assert not (tmp_path / "out.csv").exists()
    assert program.run("export", "core.customer", "out.csv")[:2] == (0, "Exported 1.\n")
    assert [one.name for one in tmp_path.iterdir() if "out" in one.name] == ["out.csv"]


def test_a_full_disk_under_the_error_file(program: Program, site: Site, tmp_path: Path) -> None:
    size = 4 * (tmp_path / "kehu.db").stat().st_size if (tmp_path / "kehu.db").exists() else 1 << 24
    bad = [("x" * 250, "y" * 20_000) for _number in range(size // 20_000 + 100)]
    (tmp_path / "rows.csv").write_text(text_of([("name", "note"), *bad]))
    code, out, err = program.run("import", "core.customer", "rows.csv", "--errors", "bad.csv", most=size)
    assert (code, out) == (1, "")
    assert err.count("\n") == 1
    assert "File too large" in err


def test_a_full_disk_under_the_database(program: Program, site: Site, rows: tuple[str, ...], tmp_path: Path) -> None:
    database = Path(site.settings.database_url.removeprefix("sqlite:///"))
    code, out, err = program.run(*rows, most=database.stat().st_size + 200_000)
    assert (code, out) == (1, "")
    assert err.count("\n") == 1
    assert "Traceback" not in err
    assert "unforeseen" not in err
    assert program.run(*rows)[0] == 0
    is_whole(site, tmp_path)


# --- the points themselves -------------------------------------------------------------------------


def test_the_points_are_listed(kehu: Callable[..., Said]) -> None:
    said = kehu("faults")
    assert [line.split()[0] for line in said.out.splitlines()] == sorted(POINTS)


@pytest.mark.parametrize(
    ("fault", "testing", "reason"),
    [
        ("import.chunk", "false", "needs kehu.testing"),
        ("import.nowhere", "true", "there is no point 'import.nowhere'"),
        ("import.chunk:0", "true", "'0' is not a number of times"),
    ],
)
def test_faults_are_for_tests(
    kehu: Callable[..., Said], monkeypatch: pytest.MonkeyPatch, fault: str, testing: str, reason: str
) -> None:
    monkeypatch.setenv("KEHU_FAULT", fault)
    monkeypatch.setenv("KEHU_TESTING", testing)
    said = kehu("doctor")
    assert said.code == 1
    assert reason in said.out + said.err
