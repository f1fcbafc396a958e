"""Each planted fault is found by a test; `make test-long` prints which."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.faults import FAULTS, Fault

ROOT = Path(__file__).parents[2]
PARTS = ("core", "plugins", "tests", "docs", "babel.cfg", "pyproject.toml", "README.md", "Makefile")
SECONDS = 900


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_still_fits_the_source(fault: Fault):
    source = (ROOT / fault.file).read_text(encoding="utf-8")
    assert source.count(fault.old) == 1
    broken = source.replace(fault.old, fault.new)
    compile(broken, fault.file, "exec")
    for path in fault.tests:
        assert (ROOT / path).exists(), path


@pytest.mark.long
def test_every_planted_fault_is_found(tmp_path, capsys):
    found = {fault.name: _finders(fault, tmp_path / f"copy{number}") for number, fault in enumerate(FAULTS)}
    with capsys.disabled():
        print(f"\n{sum(map(bool, found.values()))} of {len(FAULTS)} planted faults found")
        for name, tests in found.items():
            print(f"  {name}: {', '.join(tests) or 'NOT FOUND'}")
    assert all(found.values()), [name for name, tests in found.items() if not tests]


def _finders(fault: Fault, copy: Path) -> list[str]:
    """The tests that fail once the fault is in a copy of the source."""
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, copy / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            copy.mkdir(exist_ok=True)
            shutil.copy(source, copy / part)
    broken = copy / fault.file
    broken.write_text(broken.read_text(encoding="utf-8").replace(fault.old, fault.new), encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-p", "no:randomly"]
    command += ["-k", "not postgresql and not mariadb", *fault.tests]
    environment = {**os.environ, "PYTHONPATH": str(copy), "KEHU_SHARED": str(copy / "nothing")}
    environment.pop("PYTEST_XDIST_WORKER", None)
    done = subprocess.run(
        command, cwd=copy, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    shutil.rmtree(copy)
    assert done.returncode in (0, 1), done.stdout[-3000:] + done.stderr[-3000:]
    return re.findall(r"^FAILED \S*?(\w+)(?:\[| |$)", done.stdout, re.MULTILINE)
