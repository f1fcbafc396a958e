"""The `kehu` command, run as a person would: a process of its own in a folder of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.plugins.dists import DUMMY

ROOT = Path(__file__).parents[2]  # this checkout, wherever the installed one is
Result = subprocess.CompletedProcess[str]
PASSWORD = "x9-Long-Enough"


@pytest.fixture
def kehu(tmp_path: Path) -> Callable[..., Result]:
    """`kehu("init", …)` in the test's folder; `env` adds variables. Checks that no traceback shows."""

    def run(*args: str, env: dict[str, str] | None = None, code: int = 0, cwd: Path | None = None) -> Result:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("KEHU_")}
        path = os.pathsep.join([str(ROOT), *filter(None, [(env or {}).get("PYTHONPATH")])])
        done = subprocess.run(
            [sys.executable, "-c", "from core.cli import main; main()", *args],
            cwd=cwd or tmp_path,
            env=clean | (env or {}) | {"PYTHONPATH": path},
            capture_output=True,
            text=True,
            timeout=120,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        assert done.returncode == code, done.stdout + done.stderr
        return done

    return run


@pytest.fixture
def with_dummy(tmp_path: Path) -> dict[str, str]:
    """Variables with which the third party's plugin is installed."""
    info = tmp_path / "dists" / "kehu_dummy-0.1.dist-info"
    info.mkdir(parents=True)
    (info / "entry_points.txt").write_text("[kehu.plugins]\ngifts = kehu_gifts:manifest\n")
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: kehu-dummy\nVersion: 0.1\n")
    return {"PYTHONPATH": f"{info.parent}{os.pathsep}{DUMMY}"}
