"""Which failures are tried again, how often, and what becomes of a COMMIT that nobody answered."""

from __future__ import annotations

import sqlite3
from typing import Any

import psycopg
import psycopg.errors
import pymysql.err
import pytest
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError, ProgrammingError
from sqlalchemy.orm.exc import StaleDataError

from core.db import engine as engines
from core.db.database import ATTEMPTS, LostCommit, retried


def wrapped(original: Exception, kind: type[DBAPIError] = OperationalError, **options: Any) -> DBAPIError:
    """A driver's error as SQLAlchemy hands it on."""
    return kind("SELECT 1", {}, original, **options)


def sqlite_error(code: int) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("as the driver says it")
    error.sqlite_errorcode = code
    return error


PASSING = {
    "pg deadlock": wrapped(psycopg.errors.DeadlockDetected()),
    "pg serialization": wrapped(psycopg.errors.SerializationFailure()),
    "pg lock time-out": wrapped(psycopg.errors.LockNotAvailable()),
    "pg terminated": wrapped(psycopg.errors.AdminShutdown()),
    "pg starting up": wrapped(psycopg.errors.CannotConnectNow()),
    "pg connection failure": wrapped(psycopg.errors.ConnectionFailure()),
    "pg refused": wrapped(psycopg.OperationalError("connection refused")),
    "pg interface": wrapped(psycopg.InterfaceError("closed"), InterfaceError, connection_invalidated=True),
    "mariadb deadlock": wrapped(pymysql.err.OperationalError(1213, "Deadlock found", sqlstate="40001")),
    "mariadb lock time-out": wrapped(pymysql.err.OperationalError(1205, "Lock wait timeout", sqlstate="HY000")),
    "mariadb savepoint gone": wrapped(pymysql.err.OperationalError(1305, "SAVEPOINT s does not exist")),
    "mariadb changed row": wrapped(pymysql.err.OperationalError(1020, "Record has changed", sqlstate="HY000")),
    "mariadb killed": wrapped(pymysql.err.OperationalError(1927, "Connection was killed", sqlstate="70100")),
    "mariadb shutting down": wrapped(pymysql.err.OperationalError(1053, "Shutdown", sqlstate="08S01")),
    "mariadb refused": wrapped(pymysql.err.OperationalError(2003, "Can't connect")),
    "mariadb gone": wrapped(pymysql.err.OperationalError(2006, "gone away")),
    "mariadb lost": wrapped(pymysql.err.OperationalError(2013, "lost during query")),
    "sqlite busy": wrapped(sqlite_error(sqlite3.SQLITE_BUSY)),
    "sqlite busy snapshot": wrapped(sqlite_error(sqlite3.SQLITE_BUSY_SNAPSHOT)),
    "sqlite locked": wrapped(sqlite_error(sqlite3.SQLITE_LOCKED)),
}
LASTING = {
    "pg unique": wrapped(psycopg.errors.UniqueViolation(), IntegrityError),
    "pg syntax": wrapped(psycopg.errors.SyntaxError(), ProgrammingError),
    "pg cancelled": wrapped(psycopg.errors.QueryCanceled()),
    "pg cannot adapt": wrapped(psycopg.ProgrammingError("cannot adapt"), ProgrammingError),
    "mariadb unique": wrapped(pymysql.err.IntegrityError(1062, "Duplicate", sqlstate="23000"), IntegrityError),
    "mariadb too long": wrapped(pymysql.err.DataError(1406, "Data too long", sqlstate="22001")),
    "sqlite unique": wrapped(sqlite3.IntegrityError("UNIQUE: database is locked"), IntegrityError),
    "sqlite full": wrapped(sqlite_error(sqlite3.SQLITE_FULL)),
    "sqlite closed": wrapped(sqlite3.ProgrammingError("closed"), ProgrammingError),
    "stale": StaleDataError("0 rows matched"),
    "bug": ValueError("40001 database is locked"),
}


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses between the attempts, which are not made."""
    made: list[float] = []
    monkeypatch.setattr("core.db.database.time.sleep", made.append)
    return made


class Work:
    """Fails with each of the errors in turn, then succeeds."""

    def __init__(self, *errors: Exception) -> None:
        self.errors, self.runs = list(errors), 0

    def __call__(self) -> str:
        self.runs += 1
        if self.errors:
            raise self.errors.pop(0)
        return "done"


@pytest.mark.parametrize("error", PASSING.values(), ids=PASSING)
def test_what_passes_is_tried_again(error, pauses):
    work = Work(error, error)
    assert retried(work) == "done"
    assert work.runs == 3
    assert len(pauses) == 2


@pytest.mark.parametrize("error", LASTING.values(), ids=LASTING)
def test_what_lasts_is_not(error, pauses):
    work = Work(error)
    with pytest.raises(type(error)) as raised:
        retried(work)
    assert raised.value is error
    assert (work.runs, pauses) == (1, [])


def test_five_attempts_are_enough(pauses):
    error = PASSING["pg deadlock"]
    work = Work(*[error] * ATTEMPTS)
    with pytest.raises(OperationalError):
        retried(work)
    assert work.runs == ATTEMPTS == 5
    assert all(0 < pause <= 0.05 * 2**attempt for attempt, pause in enumerate(pauses, 1))


def test_only_a_lost_connection_leaves_the_end_open():
    lost = {name for name, error in PASSING.items() if engines.disconnected(error)}
    assert lost == {
        *("pg terminated", "pg starting up", "pg connection failure", "pg refused", "pg interface"),
        *("mariadb killed", "mariadb shutting down", "mariadb refused", "mariadb gone", "mariadb lost"),
    }


def test_a_lost_commit_that_landed_is_not_repeated():
    work = Work(LostCommit())
    assert retried(work, landed=lambda: True) is None
    assert work.runs == 1


def test_a_lost_commit_that_did_not_land_is_repeated():
    work = Work(LostCommit(), LostCommit())
    assert retried(work, landed=lambda: False) == "done"
    assert work.runs == 3


def test_a_lost_commit_that_nobody_can_look_up_is_an_error():
    work = Work(LostCommit())
    with pytest.raises(LostCommit):
        retried(work)
    assert work.runs == 1


def test_the_fifth_lost_commit_is_looked_up_too():
    answers = [False] * (ATTEMPTS - 1) + [True]
    work = Work(*[LostCommit() for _ in range(ATTEMPTS)])
    assert retried(work, landed=lambda: answers.pop(0)) is None
    work = Work(*[LostCommit() for _ in range(ATTEMPTS)])
    with pytest.raises(LostCommit):
        retried(work, landed=lambda: False)
