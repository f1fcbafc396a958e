"""How a figure is taken: CPU of this process and of the database server, the best of several rounds."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event
from webob import Request

JSON = {"Content-Type": "application/json"}
_TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Figure:
    """One measured number. `aim` is the most it may be; None where there is no promise."""

    name: str
    value: float
    unit: str
    aim: float | None = None

    @property
    def is_kept(self) -> bool:
        return self.aim is None or self.value <= self.aim


class Clock:
    """CPU seconds spent here and, of a database that is a process of its own, there."""

    def __init__(self, engine: Engine) -> None:
        self._server = _server_of(engine)

    def __call__(self) -> float:
        return time.process_time() + sum(_spent(stat) for stat in self._processes())

    def _processes(self) -> list[list[str]]:
        if self._server is None:
            return []
        stats = [_stat(path) for path in Path("/proc").glob("[0-9]*/stat")]
        return [stat for stat in stats if stat and stat[1] == str(self._server)]


def _server_of(engine: Engine) -> int | None:
    """The process whose children serve PostgreSQL's connections."""
    if engine.dialect.name != "postgresql":
        return None
    with engine.connect() as connection:
        backend = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
    return int(_stat(Path(f"/proc/{backend}/stat"))[1])


def _stat(path: Path) -> list[str]:
    """What follows a process's name: its state, its parent, … ; nothing of one that is gone."""
    try:
        return path.read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def _spent(stat: list[str]) -> float:
    return (int(stat[11]) + int(stat[12])) / _TICK


def cpu(task: Callable[[], Any], times: int, rounds: int = 5, clock: Callable[[], float] = time.process_time) -> float:
    """CPU milliseconds per call, the best of several rounds: the others had company on the machine."""
    best = float("inf")
    for _round in range(rounds):
        began = clock()
        for _time in range(times):
            task()
        best = min(best, (clock() - began) / times * 1000)
    return best


@contextmanager
def recorded(engine: Engine) -> Any:
    """The statements, with their parameters, that are sent inside."""
    statements: list[tuple[str, Any]] = []

    def record(_conn: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        if not statement.startswith("BEGIN"):
            statements.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", record)
    try:
        yield statements
    finally:
        event.remove(engine, "before_cursor_execute", record)


def by_driver(engine: Engine, statements: list[tuple[str, Any]]) -> Callable[[], None]:
    """The same statements, their rows fetched, through the driver alone."""
    connection = engine.raw_connection()

    def run() -> None:
        for statement, parameters in statements:
            cursor = connection.cursor()
            cursor.execute(statement, parameters)
            cursor.fetchall()
            cursor.close()
        connection.rollback()

    return run


class Program:
    """Makes requests to a WSGI application in this process, as one user."""

    def __init__(self, app: Callable[..., Any], token: str = "") -> None:
        self._app, self._headers = app, {"Authorization": f"Bearer {token}"}

    def get(self, path: str) -> Any:
        return self._answer(Request.blank(path, headers=self._headers))

    def post(self, path: str, body: Any) -> Any:
        return self._answer(Request.blank(path, method="POST", headers=self._headers | JSON, json=body))

    def _answer(self, request: Request) -> Any:
        reply = request.get_response(self._app)
        assert reply.status_int in (200, 201), reply.text
        return reply.json


def hello() -> float:
    """CPU milliseconds of a bare WSGI application, asked as the others are."""

    def answer(_environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", "2")])
        return [b"{}"]

    return cpu(partial(Program(answer).get, "/"), 200)


class Measured:
    """Requests to a site, each as milliseconds and as ratios: to a bare application, to its SQL alone."""

    def __init__(self, engine: Engine) -> None:
        self.engine, self.clock, self.floor = engine, Clock(engine), hello()

    def request(self, name: str, ask: Callable[[], Any], aim: float | None, times: int = 40) -> list[Figure]:
        """`ask` makes one request; it is asked several times first, so that caches are warm."""
        for _time in range(3):
            ask()
        with recorded(self.engine) as statements:
            ask()
        whole = cpu(ask, times, clock=self.clock)
        figures = [
            Figure(name, whole, "ms CPU", aim),
            Figure(f"{name}: statements", len(statements), ""),
            Figure(f"{name}: to a bare WSGI hello", whole / self.floor, "x"),
        ]
        if all(statement.lstrip().startswith(("SELECT", "WITH")) for statement, _values in statements):
            raw = cpu(by_driver(self.engine, statements), times, clock=self.clock)
            figures.append(Figure(f"{name}: to its SQL through the driver", whole / raw, "x"))
        return figures  # what was written once cannot be written again
