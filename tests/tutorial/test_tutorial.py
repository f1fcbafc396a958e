"""The tutorial does what it says: every block in order, with the output that it promises."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"(?:^`(?P<file>[^`\n]+)`:\n)?^```(?P<kind>\w+)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
MOST_LINES = 100


def blocks() -> list[tuple[str, str, str]]:
    """(file or nothing, kind, body) in the order of the page."""
    return [(found["file"] or "", found["kind"], found["body"]) for found in BLOCK.finditer(PAGE)]


@dataclass
class Shell:
    """A folder in which a reader types what the page says."""

    folder: Path
    paths: list[str] = field(default_factory=lambda: [str(ROOT)])

    def run(self, line: str) -> subprocess.CompletedProcess[str]:
        words = shlex.split(line, comments=True)
        if words[0] == "pip":
            return self.install(self.folder / words[-1])
        script = {
            "kehu": ["-c", "from core.cli import main; main()"],
            "pytest": ["-m", "pytest", "-q", "-p", "no:cacheprovider"],
        }
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("KEHU_", "PYTEST_"))}
        return subprocess.run(
            [sys.executable, "-W", "ignore", *script[words[0]], *words[1:]],
            cwd=self.folder,
            env=clean | {"PYTHONPATH": os.pathsep.join(self.paths)},
            capture_output=True,
            text=True,
            timeout=300,
            stdin=subprocess.DEVNULL,
            check=False,
        )

    def install(self, source: Path) -> subprocess.CompletedProcess[str]:
        """What `pip install -e` leaves behind: the sources on the path, and the entry points."""
        import tomllib

        project = tomllib.loads((source / "pyproject.toml").read_text())["project"]
        info = self.folder / "installed" / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
        info.mkdir(parents=True)
        entries = "".join(f"{name} = {value}\n" for name, value in project["entry-points"]["kehu.plugins"].items())
        (info / "entry_points.txt").write_text(f"[kehu.plugins]\n{entries}")
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
        )
        self.paths += [str(source), str(info.parent)]
        return subprocess.CompletedProcess([], 0, "", "")


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
