"""Engines with the settings that were measured to keep data safe, and which errors to try again."""

from __future__ import annotations

import errno
import json
import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.pool import NullPool

WRITE = "kehu_write"  # execution option of a connection whose transaction will write

_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",  # NORMAL loses acknowledged commits in a power cut
    "PRAGMA foreign_keys=ON",
    "PRAGMA busy_timeout=30000",
    "PRAGMA temp_store=MEMORY",
    "PRAGMA trusted_schema=OFF",
)


def create(url: str | URL, *, pooled: bool = True, patient: bool = False) -> Engine:
    """An engine for SQLite, PostgreSQL or MariaDB; another database gets SQLAlchemy's defaults.

    `patient` lets a statement take as long as it needs: an upgrade may build an index for minutes.
    """
    parsed = make_url(url)
    options: dict[str, Any] = {"json_serializer": _dumps, "hide_parameters": True}
    if not pooled:
        options["poolclass"] = NullPool
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        options["connect_args"] = {"timeout": 30, "check_same_thread": False}
    elif backend == "postgresql":
        options |= {"pool_pre_ping": True, "connect_args": _POSTGRESQL | (_PATIENT_POSTGRESQL if patient else {})}
    elif backend in {"mysql", "mariadb"}:
        options |= {"pool_pre_ping": True, "isolation_level": "READ COMMITTED"}
        options["connect_args"] = _MARIADB | (_PATIENT_MARIADB if patient else {})
    engine = create_engine(parsed, **options)
    if backend == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


_POSTGRESQL = {
    "connect_timeout": 3,
    "keepalives_idle": 30,
    "tcp_user_timeout": 10_000,  # or a silent partition hangs a request for ever
    "options": "-c statement_timeout=60000 -c idle_in_transaction_session_timeout=120000 -c lock_timeout=30000",
}
# Still it does not wait for a lock for ever: everybody else would queue behind it.
_PATIENT_POSTGRESQL = {"options": "-c lock_timeout=30000"}
_MARIADB = {"charset": "utf8mb4", "connect_timeout": 3, "read_timeout": 60, "write_timeout": 60}
_PATIENT_MARIADB = {"read_timeout": None, "write_timeout": None}


def _dumps(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver's own BEGIN would come too late and skip DDL
    for pragma in _PRAGMAS:
        connection.execute(pragma)


def _begin_sqlite(connection: Connection) -> None:
    # A writer takes its lock at once: upgrading a read transaction fails with "database is locked".
    writes = connection.get_execution_options().get(WRITE)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def sqlite_path(engine: Engine) -> Path | None:
    """The database file, or None for a server or a database in memory."""
    name = engine.url.database
    if engine.url.get_backend_name() != "sqlite" or not name or name == ":memory:":
        return None
    return Path(name)


# What may be tried again, by the beginning of `_code`.
_LOST = (
    *("state:57P01", "state:57P02", "state:57P03", "state:08", "state:unanswered"),
    *("mariadb:1053", "mariadb:1927", "mariadb:2003", "mariadb:2006", "mariadb:2013"),
)
_LOCKED = (
    *("state:40001", "state:40P01", "state:55P03"),
    *("mariadb:1020", "mariadb:1205", "mariadb:1213"),
    "mariadb:1305",  # the way back to a savepoint that a deadlock has taken along
    *(f"sqlite:{sqlite3.SQLITE_BUSY}", f"sqlite:{sqlite3.SQLITE_LOCKED}"),
)


def retryable(error: BaseException | None) -> bool:
    """Whether the same transaction may succeed when run again from its start.

    Deadlock, serialization failure, lock time-out, a busy SQLite file, a lost connection or none
    to be had. Never a violated constraint.
    """
    return disconnected(error) or (isinstance(error, DBAPIError) and _code(error).startswith(_LOCKED))


def disconnected(error: BaseException | None) -> bool:
    """Whether the connection was lost: what became of the statement is unknown."""
    return isinstance(error, DBAPIError) and (error.connection_invalidated or _code(error).startswith(_LOST))


_FULL = (f"sqlite:{sqlite3.SQLITE_FULL}", "state:53100", "mariadb:1021", "mariadb:1114")


def disk_full(error: BaseException | None) -> bool:
    """Whether there was no room left, for the database or for a file beside it."""
    if isinstance(error, OSError):
        return error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    return isinstance(error, DBAPIError) and _code(error) in _FULL


def _code(error: DBAPIError) -> str:
    """The driver's own name for an error: SQLite's or MariaDB's number, else the SQL state."""
    original: Any = error.orig
    if isinstance(original, sqlite3.Error):
        return f"sqlite:{getattr(original, 'sqlite_errorcode', 0) & 0xFF}"
    number = original.args[0] if getattr(original, "args", None) else None
    if isinstance(number, int):
        return f"mariadb:{number}"
    state = getattr(original, "sqlstate", None)
    if state is None and isinstance(error, OperationalError):
        return "state:unanswered"  # psycopg's way to say that there is no server, or none any more
    return f"state:{state}"
