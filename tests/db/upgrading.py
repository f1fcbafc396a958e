"""Upgrades in processes of their own: killed at a chosen statement, or several at once.

Run as a program it reads a JSON list of runs `[url, kill_at]` and prints a list of
`[exit status, statements]`; a status below zero is the signal that ended the run. With `together`
all of them start at once, otherwise one after the other.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

from core.migrations import runner

ROOT = Path(__file__).parents[2]
CHANGING = ("CREATE", "ALTER", "DROP", "INSERT", "UPDATE", "DELETE")

Run = tuple[str, int | None]
Outcome = tuple[int, int]


def in_processes(runs: Iterable[Run], *, together: bool = False) -> list[Outcome]:
    """Upgrade each database in a process that kills itself before its statement number `kill_at`."""
    command = [sys.executable, "-W", "ignore", "-m", "tests.db.upgrading", *(["together"] if together else [])]
    done = subprocess.run(
        command, cwd=ROOT, input=json.dumps(list(runs)), stdout=subprocess.PIPE, text=True, timeout=300, check=True
    )
    return [(status, statements) for status, statements in json.loads(done.stdout)]


class Countdown:
    """Counts what changes the database, COMMIT included, and dies before the chosen one."""

    def __init__(self, kill_at: int | None) -> None:
        self.kill_at, self.seen = kill_at, 0
        event.listen(Engine, "before_cursor_execute", self._statement)
        event.listen(Engine, "commit", self._step)

    def _statement(self, _conn: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.lstrip().startswith(CHANGING):
            self._step()

    def _step(self, _conn: Any = None) -> None:
        self.seen += 1
        if self.seen == self.kill_at:
            os.kill(os.getpid(), signal.SIGKILL)


def _start(url: str, kill_at: int | None) -> tuple[int, int]:
    """A child that upgrades; its id and the pipe on which it tells how many statements it sent."""
    read, write = os.pipe()
    child = os.fork()
    if child:
        os.close(write)
        return child, read
    try:
        countdown = Countdown(kill_at)
        runner.upgrade(url, [])
        os.write(write, str(countdown.seen).encode())
        os._exit(0)
    except BaseException as error:
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        os._exit(1)


def _end(child: int, pipe: int) -> Outcome:
    _child, status = os.waitpid(child, 0)
    with os.fdopen(pipe) as told:
        return os.waitstatus_to_exitcode(status), int(told.read() or 0)


def main() -> None:
    from alembic import command  # noqa: F401, before the fork, so that no child imports it anew

    runs: list[Run] = json.load(sys.stdin)
    if sys.argv[1:] == ["together"]:
        started = [_start(*run) for run in runs]
        outcomes = [_end(*one) for one in started]
    else:
        outcomes = [_end(*_start(*run)) for run in runs]
    json.dump(outcomes, sys.stdout)


if __name__ == "__main__":
    main()
