"""One database: its engine, its writers' queue, and units of work that are retried as a whole."""

from __future__ import annotations

import fcntl
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import TypeVar

from sqlalchemy import Connection, Engine

from core.db import engine as engines
from core.db import guard

T = TypeVar("T")
ATTEMPTS = 5


@contextmanager
def write_queue(engine: Engine) -> Iterator[None]:
    """A writer's turn. On SQLite writers queue at a file lock in front of the database: without it
    one of eight waits ten seconds, with it none waits a tenth. Servers queue by themselves.
    """
    path = engines.sqlite_path(engine)
    if path is None:
        yield
        return
    with path.with_name(path.name + ".lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


class LostCommit(Exception):
    """The connection died while COMMIT was under way: nobody knows yet whether it took."""


class Database:
    """The engine with the tripwire on it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine = engines.create(url)
        guard.watch(self.engine)

    @property
    def dialect(self) -> str:
        return self.engine.dialect.name

    @contextmanager
    def transaction(self, *, write: bool) -> Iterator[Connection]:
        """A connection in a transaction: committed when the block ends, rolled back when it raises."""
        turn = write_queue(self.engine) if write else nullcontext()
        with turn, self.engine.connect() as connection:
            connection = connection.execution_options(**{engines.WRITE: write})
            transaction = connection.begin()
            try:
                yield connection
            except BaseException:
                if transaction.is_active:  # a failed flush has rolled it back already
                    transaction.rollback()
                raise
            try:
                transaction.commit()
            except Exception as error:
                if engines.disconnected(error):
                    raise LostCommit from error
                raise

    def dispose(self) -> None:
        self.engine.dispose()


def retried(work: Callable[[], T], *, landed: Callable[[], bool] | None = None) -> T | None:
    """Run `work` again while it fails for a passing reason, at most five times.

    `landed()` is asked after a lost COMMIT; when it says yes the work is done and not repeated,
    and None is returned.
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return work()
        except LostCommit:
            if landed is None:
                raise
            if landed():
                return None
            if attempt == ATTEMPTS:
                raise
        except Exception as error:
            if attempt == ATTEMPTS or not engines.retryable(error):
                raise
        time.sleep(random.uniform(0.01, 0.05) * 2**attempt)
    raise AssertionError("unreachable")
