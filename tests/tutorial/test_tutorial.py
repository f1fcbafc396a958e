"""The tutorial does what it says: every block in order, with the output that it promises."""

from __future__ import annotations

import os
import re
import shlex
import site
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"(?:^`(?P<file>[^`\n]+)`:\n)?^```(?P<kind>\w+)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
MOST_LINES = 100


def blocks() -> list[tuple[str, str, str]]:
    """(file or nothing, kind, body) in the order of the page."""
    return [(found["file"] or "", found["kind"], found["body"]) for found in BLOCK.finditer(PAGE)]


class Shell:
    """A folder in which a reader types what a page says, with an environment of its own to install into.

    The environment sees what this one has, this checkout first, and no network.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.python = folder / "environment" / "bin" / "python"
        venv.create(self.python.parents[1])
        [packages] = self.python.parents[1].glob("lib/python*/site-packages")
        (packages / "here.pth").write_text("\n".join([str(ROOT), *site.getsitepackages()]))

    def run(self, line: str) -> subprocess.CompletedProcess[str]:
        words = shlex.split(line, comments=True)
        script = {
            "kehu": [str(self.python), "-W", "ignore", "-c", "from core.cli import main; main()"],
            "pytest": [str(self.python), "-W", "ignore", "-m", "pytest", "-q", "-p", "no:cacheprovider"],
            "pip": [sys.executable, "-m", "pip", "--python", str(self.python)],
        }
        offline = {"PIP_NO_INDEX": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
        ours = ("KEHU_", "PYTEST_", "PYTHON")
        return subprocess.run(
            [*script[words[0]], *words[1:]],
            cwd=self.folder,
            env={name: value for name, value in os.environ.items() if not name.startswith(ours)} | offline,
            capture_output=True,
            text=True,
            timeout=300,
            stdin=subprocess.DEVNULL,
            check=False,
        )


def commands(body: str) -> list[tuple[str, list[str]]]:
    """(command, lines that its output must have, in this order)."""
    found: list[tuple[str, list[str]]] = []
    for line in body.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], []))
        else:
            found[-1][1].append(line)
    return found


def test_the_page_does_what_it_says(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    for file, kind, body in blocks():
        if kind != "sh":
            assert file, f"a block without a file: {body}"
            path = tmp_path / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(body, encoding="utf-8")
            continue
        for command, expected in commands(body):
            done = shell.run(command)
            output = done.stdout + done.stderr
            assert done.returncode == (1 if "# exit 1" in command else 0), f"{command}\n{output}"
            pattern = ".*".join(".*".join(map(re.escape, line.split("…"))) for line in expected)
            assert re.search(pattern, output, re.DOTALL), f"{command}\n{output}\n— expected: {expected}"


def test_a_plugin_takes_less_than_a_hundred_lines() -> None:
    lines = [line for _file, kind, body in blocks() if kind == "python" for line in body.splitlines() if line.strip()]
    assert 50 < len(lines) < MOST_LINES
