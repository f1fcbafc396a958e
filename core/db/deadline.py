"""A limit to the time that statements take, all together: for code that must not hold up a page."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, event

_STEPS = 10_000  # of SQLite's machine between two looks at the clock: some tenths of a millisecond
_WAYS_BACK = ("ROLLBACK", "RELEASE")  # to or of a savepoint: always open


class Overdue(RuntimeError):
    """The time for statements is used up."""


@contextmanager
def deadline(connection: Connection, seconds: float) -> Iterator[None]:
    """Statements in the block are ended after `seconds`: by the database, and none begins after that.

    Put it around a savepoint, which takes back what a failed statement leaves behind. SQLite, PostgreSQL
    and MariaDB end a running statement; other databases are only sent no further one. Python between the
    statements is not interrupted.
    """
    end = time.monotonic() + seconds

    def in_time(_conn: Any, _cursor: Any, statement: str, *_others: Any) -> None:
        if time.monotonic() > end and not statement.startswith(_WAYS_BACK):
            raise Overdue(f"its statements have taken {seconds:g} seconds")

    event.listen(connection, "before_cursor_execute", in_time)
    try:
        with _limited(connection, seconds, end):
            yield
    finally:
        event.remove(connection, "before_cursor_execute", in_time)


@contextmanager
def _limited(connection: Connection, seconds: float, end: float) -> Iterator[None]:
    dialect = connection.dialect.name
    if dialect == "sqlite":
        driver: Any = connection.connection.dbapi_connection
        driver.set_progress_handler(lambda: time.monotonic() > end, _STEPS)
        try:
            yield
        finally:
            driver.set_progress_handler(None, 0)
    elif dialect == "postgresql":
        _send(connection, f"SET LOCAL statement_timeout = {int(seconds * 1000)}")
        try:
            yield
        finally:
            _send(connection, "SET LOCAL statement_timeout TO DEFAULT")
    elif getattr(connection.dialect, "is_mariadb", False):
        _send(connection, f"SET max_statement_time = {seconds}")
        try:
            yield
        finally:
            _send(connection, "SET max_statement_time = DEFAULT")
    else:
        yield


def _send(connection: Connection, statement: str) -> None:
    """Past SQLAlchemy, which would count it as a statement of the page."""
    cursor = connection.connection.cursor()
    try:
        cursor.execute(statement)
    finally:
        cursor.close()
