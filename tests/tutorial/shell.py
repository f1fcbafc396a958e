"""A reader at a terminal: types what a page says, and sees whether it answers as the page promises."""

from __future__ import annotations

import os
import re
import shlex
import signal
import site
import socket
import subprocess
import sys
import time
import venv
from pathlib import Path

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"(?:^`(?P<file>[^`\n]+)`:\n)?^```(?P<kind>\w+)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
ADDRESS = "127.0.0.1:6543"
FUNCTION, VARIABLE = re.compile(r"\w+\(\) \{.*\}"), re.compile(r"(\w+)=\$\((.*)\)")
COMMANDS = {
    "kehu": '{python} -W ignore -c "from core.cli import main; main()"',
    "pytest": "{python} -W ignore -m pytest -q -p no:cacheprovider",
    "pip": "{here} -m pip --python {python}",
}


def blocks(page: str) -> list[tuple[str, str, str]]:
    """(file or nothing, kind, body) of each block of a page in `docs/`, in their order."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    return [(found["file"] or "", found["kind"], found["body"]) for found in BLOCK.finditer(text)]


class Shell:
    """A folder in which a reader types, with an environment of its own to install into.

    The environment sees what this one has, this checkout first, and no network. A server that is started
    listens on a port of its own, whatever the page says, until the shell is closed.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.prelude, self.port = folder, "", 0
        self.server: subprocess.Popen[bytes] | None = None
        environment = folder / "environment"
        venv.create(environment)
        [packages] = environment.glob("lib/python*/site-packages")
        (packages / "here.pth").write_text("\n".join([str(ROOT), *site.getsitepackages()]))
        for name, command in COMMANDS.items():
            script = environment / "bin" / name
            line = command.format(python=shlex.quote(str(environment / "bin" / "python")), here=sys.executable)
            script.write_text(f'#!/bin/sh\nexec {line} "$@"\n')
            script.chmod(0o755)
        clean = {name: text for name, text in os.environ.items() if not name.startswith(("KEHU_", "PYTEST_", "PYTHON"))}
        path = f"{environment / 'bin'}{os.pathsep}{os.environ['PATH']}"
        self.variables = clean | {"PATH": path, "PIP_NO_INDEX": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}

    def follow(self, page: str) -> None:
        """Do all that the page says; AssertionError with what was typed and seen where it is not so."""
        for file, kind, body in blocks(page):
            if kind == "sh":
                for command, expected in commands(body):
                    self.type(command, expected)
            else:
                assert file, f"a block without a file: {body}"
                path = self.folder / file
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(body, encoding="utf-8")

    def type(self, line: str, expected: list[str]) -> None:
        """One command, and the lines that its output must have, in this order; `…` stands for anything."""
        if line == "kehu serve":
            return self.serve()
        if FUNCTION.fullmatch(line):
            self.prelude += f"{line}\n"
            return None
        inner = VARIABLE.fullmatch(line)
        done = self.run(inner[2] if inner else line)
        output = done.stdout + done.stderr
        assert done.returncode == (1 if "# exit 1" in line else 0), f"{line}\n{output}"
        if inner:
            self.prelude += f"{inner[1]}={shlex.quote(done.stdout.strip())}\n"
        pattern = ".*".join(".*".join(map(re.escape, one.split("…"))) for one in expected)
        assert re.search(pattern, output, re.DOTALL), f"{line}\n{output}\n— expected: {expected}"
        return None

    def run(self, line: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["sh", "-c", self.prelude + line.replace(ADDRESS, f"127.0.0.1:{self.port}")],
            cwd=self.folder,
            env=self.variables,
            capture_output=True,
            text=True,
            timeout=300,
            stdin=subprocess.DEVNULL,
            check=False,
        )

    def serve(self) -> None:
        """Start the server and wait until it listens."""
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        command = f"exec kehu serve --port {self.port} >server.log 2>&1"
        self.server = subprocess.Popen(["sh", "-c", command], cwd=self.folder, env=self.variables)
        for _time in range(600):
            assert self.server.poll() is None, (self.folder / "server.log").read_text()
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.1)
        raise AssertionError("the server does not listen")

    def close(self) -> None:
        if self.server is not None:
            self.server.send_signal(signal.SIGTERM)
            self.server.wait(timeout=30)


def commands(body: str) -> list[tuple[str, list[str]]]:
    """(command, lines that its output must have)."""
    found: list[tuple[str, list[str]]] = []
    for line in body.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], []))
        else:
            found[-1][1].append(line)
    return found
