"""`kehu import` at the terminal."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from core.cli import kehu as root
from core.entities.cells import original
from core.models import Change, Customer, User
from core.services import imports
from tests.imports.conftest import Said, text_of
from tests.support.site import Site

Kehu = Callable[..., Said]
PIPELINE = ("--map", "name=account", "--map", "annual_revenue=revenue", "--map", "employees=employees")


def write(path: Path, *rows: tuple[str, ...]) -> str:
    path.write_text(text_of(rows), encoding="utf-8", newline="")
    return str(path)


def test_the_pipeline_accounts_come_in_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shared_dir: Path) -> None:
    """In a fresh folder, through click and then as a program of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("KEHU_DATABASE_URL", raising=False)
    monkeypatch.setenv("KEHU_PLUGINS", "")
    arguments = ["import", "core.customer", str(shared_dir / "data" / "pipeline" / "accounts.csv"), *PIPELINE]
    arguments += ["--match", "name", "--json"]
    runner = CliRunner()
    made = runner.invoke(root, ["init", "--admin-password", "x9-Long-Enough"], catch_exceptions=False)
    assert made.exit_code == 0
    first = runner.invoke(root, arguments, catch_exceptions=False)
    assert first.exit_code == 0
    assert json.loads(first.stdout) == {"created": 97, "updated": 0, "skipped": 0, "failed": 0}
    program = [str(Path(sys.executable).with_name("kehu")), *arguments]
    second = subprocess.run(program, capture_output=True, text=True, timeout=120, check=False)
    assert (second.returncode, second.stderr) == (0, "")
    assert second.stdout == '{"created": 0, "updated": 0, "skipped": 97, "failed": 0}\n'


def test_a_chinese_file_in_gb18030(kehu: Kehu, site: Site, tmp_path: Path) -> None:
    path = tmp_path / "客户.csv"
    path.write_bytes("客户名称,人数,其他\n𠮷野家（上海）,12.0,x\n联通,7,y\n".encode("gb18030"))
    said = kehu("import", "core.customer", str(path), "--map", "name=客户名称", "--map", "employees=人数")
    assert said.code == 0
    assert said.out == "Created 2, updated 0, skipped 0 (unchanged), failed 0.\n"
    assert said.err.splitlines() == ["The file is read as GB18030.", "Columns that feed no field: 其他"]
    with site.kernel.work(write=False) as work:
        rows = work.system.execute(select(Customer.name, Customer.employees).order_by(Customer.id)).all()
    assert [tuple(row) for row in rows] == [("𠮷野家（上海）", 12), ("联通", 7)]


def test_failed_rows_can_be_mended_in_the_error_file(kehu: Kehu, site: Site, tmp_path: Path) -> None:
    path, errors = (
        write(
            tmp_path / "rows.csv",
            ("name", "employees", "note"),
            ("Acme", "1", ""),
            ("=Beta", "many", "-1"),
            ("Gamma", "2"),
            ("Delta", "3", "+x", "@more"),
        ),
        str(tmp_path / "errors.csv"),
    )
    said = kehu("import", "core.customer", path, "--errors", errors)
    assert (said.code, said.err) == (0, "")
    with Path(errors).open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file, strict=True))
    assert rows == [
        ["name", "employees", "note", "line", "reason"],
        ["'=Beta", "many", "'-1", "3", "employees: Give a whole number."],
        ["Gamma", "2", "", "4", "This row has 2 cells, the header has 3."],
        ["Delta", "3", "'+x", "5", "This row has 4 cells, the header has 3.", "'@more"],
    ]
    rows[1][1] = "5"
    again = write(tmp_path / "mended.csv", *map(tuple, rows))
    said = kehu("import", "core.customer", again, "--errors", errors, "--json")
    assert json.loads(said.out) == {"created": 2, "updated": 0, "skipped": 0, "failed": 1}
    assert said.err == "Columns that feed no field: line, reason\n"
    with Path(errors).open(encoding="utf-8-sig", newline="") as file:
        (header, row) = csv.reader(file, strict=True)
    assert header == ["name", "employees", "note", "line", "reason"]
    assert [original(cell) for cell in row[:4]] == ["Delta", "3", "+x", "4"]
    with site.kernel.work(write=False) as work:
        notes = work.system.execute(select(Customer.name, Customer.note).order_by(Customer.id)).all()
    assert [tuple(row) for row in notes] == [("Acme", None), ("=Beta", "-1"), ("Gamma", None)]


def test_the_first_reasons_come_on_the_terminal(kehu: Kehu, tmp_path: Path) -> None:
    rows = [(f"Customer {number}", "x") for number in range(23)]
    said = kehu("import", "core.customer", write(tmp_path / "rows.csv", ("name", "employees"), *rows))
    lines = said.err.splitlines()
    assert (said.code, said.out) == (0, "Created 0, updated 0, skipped 0 (unchanged), failed 23.\n")
    assert lines[0] == "line 2: employees: Give a whole number."
    assert lines[20:] == ["… and 3 more; --errors FILE keeps them all"]


def test_a_dry_run_says_so(kehu: Kehu, site: Site, tmp_path: Path) -> None:
    said = kehu("import", "core.customer", write(tmp_path / "rows.csv", ("name",), ("Acme",)), "--dry-run")
    assert said.out == "Nothing was kept. It would be: created 1, updated 0, skipped 0 (unchanged), failed 0.\n"
    with site.kernel.work(write=False) as work:
        assert work.system.scalar(select(Customer.id)) is None


def test_as_acts_for_a_user_and_the_audit_says_who_stood_behind(kehu: Kehu, site: Site, tmp_path: Path) -> None:
    site.user("li")
    said = kehu("import", "core.customer", write(tmp_path / "rows.csv", ("name",), ("Acme",)), "--as", "li")
    assert said.code == 0
    with site.kernel.work(write=False) as work:
        change = work.system.scalars(select(Change).order_by(Change.id.desc())).first()
        login = work.system.scalar(select(User.login).join(Customer, Customer.owner_id == User.id))
        assert change is not None
        actor = work.system.get_one(User, change.actor_id)
    assert (login, actor.login, change.door) == ("li", "li", "cli")
    assert change.on_behalf


@pytest.mark.parametrize(
    ("arguments", "code", "reason"),
    [
        (["core.customer", "rows.csv", "--map", "name"], 2, "'name' is not FIELD=COLUMN"),
        (["core.customer", "rows.csv", "--map", "name="], 2, "is not FIELD=COLUMN"),
        (["core.customer", "missing.csv"], 2, "does not exist"),
        (["core.customer", "rows.xls"], 2, "CSV and XLSX files are what is read"),
        (["core.customer", "rows.csv", "--errors", "./rows.csv"], 2, "the file that is read"),
        (["core.customer"], 2, "Missing argument"),
        (["core.custommer", "rows.csv"], 1, "did you mean 'core.customer'?"),
        (["core.customer", "rows.csv", "--as", "nobody"], 1, "There is no active user nobody."),
        (["core.customer", "rows.csv", "--map", "nme=name", "--map", "phone=x"], 1, "Did you mean “name”?"),
        (["core.customer", "rows.csv", "--match", "phone"], 1, "No column feeds the field to match by."),
        (["core.customer", "utf16.csv"], 1, "UTF-16"),
        (["core.customer", "rows.csv", "--errors", "no/such/folder.csv"], 1, "No such file"),
    ],
)
def test_what_is_wrong_is_one_sentence(
    kehu: Kehu, site: Site, tmp_path: Path, arguments: list[str], code: int, reason: str
) -> None:
    write(tmp_path / "rows.csv", ("name",), ("Acme",))
    write(tmp_path / "rows.xls", ("name",), ("Acme",))
    (tmp_path / "utf16.csv").write_bytes("name\nAcme\n".encode("utf-16"))
    said = kehu("import", *arguments)
    assert (said.code, said.out) == (code, "")
    assert reason in said.err
    assert "Traceback" not in said.err
    with site.kernel.work(write=False) as work:
        assert work.system.scalar(select(Customer.id)) is None


def test_a_fault_on_the_way_says_how_far_it_came(kehu: Kehu, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, chunks = imports.store, []

    def fall(*args: Any, **rest: Any) -> Any:
        chunks.append(args)
        if len(chunks) == 2:
            raise OSError(28, "No space left on device")
        return store(*args, **rest)

    monkeypatch.setattr(imports, "store", fall)
    rows = [(f"Customer {number}",) for number in range(600)]
    said = kehu("import", "core.customer", write(tmp_path / "rows.csv", ("name",), *rows))
    assert (said.code, said.out) == (1, "")
    assert said.err.startswith("kehu: stopped, the first 500 rows are done: ")
    assert "No space left on device" in said.err
