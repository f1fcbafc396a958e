"""Units of work that meet: nobody's change is lost, and what fails for a moment is done again."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from itertools import count
from threading import Barrier
from typing import IO, Any, cast

import psycopg
import pymysql.err
import pytest
from sqlalchemy import Connection, event, func, select, text

from core.db import engine as engines
from core.db.database import Database, retried
from core.errors import Conflict, KehuError
from core.models import Audit, Change, Customer
from core.services import login, records, writes
from core.services.work import Ctx, Work
from tests.db.threads import at_once
from tests.support.databases import server_connection

pytestmark = pytest.mark.databases


def as_admin(work: Work) -> Ctx:
    return work.act_as(login.by_login(work, "admin", door="test"))


def create(work: Work, name: str) -> int:
    ctx = as_admin(work)
    return int(records.create(ctx, ctx.catalog["core.customer"], {"name": name}).id)


def rename(ctx: Ctx, record_id: int, name: str, version: int) -> int:
    """The record's new version."""
    changed = records.change(ctx, ctx.catalog["core.customer"], record_id, {"name": name}, version)
    return int(changed.version)


def names(site: Any) -> list[str]:
    with site.kernel.work(write=False) as work:
        return sorted(work.system.scalars(select(Customer.name)))


def scalar(site: Any, statement: Any) -> Any:
    with site.kernel.work(write=False) as work:
        return work.system.scalar(statement)


def own_number(connection: Connection) -> int:
    """By what the server knows the connection."""
    ask = {"postgresql": "SELECT pg_backend_pid()", "mariadb": "SELECT CONNECTION_ID()"}[connection.dialect.name]
    return int(connection.exec_driver_sql(ask).scalar_one())


def kill(kind: str, number: int) -> None:
    """End a connection from another one, as a restarting server does."""
    end = {"postgresql": "SELECT pg_terminate_backend(:number, 5000)", "mariadb": "KILL :number"}[kind]
    with server_connection(kind) as other:
        other.execute(text(end), {"number": number})


# --- one record, several writers ---------------------------------------------------------------------


def test_of_writers_with_the_same_version_one_wins(site):
    record_id = site.customer("原来的名字")

    def write(name: str) -> Callable[[], Any]:
        return lambda: site.run(lambda ctx: rename(ctx, record_id, name, 1))

    outcomes = at_once([write(f"写者{number}") for number in range(4)])
    winners = [outcome for outcome in outcomes if outcome == 2]
    losers = [outcome for outcome in outcomes if isinstance(outcome, Conflict)]
    assert (len(winners), len(losers)) == (1, 3), outcomes
    assert names(site) == [f"写者{outcomes.index(2)}"]
    assert scalar(site, select(Customer.version)) == 2
    assert scalar(site, select(func.count()).where(Audit.action == "edit")) == 1


def test_no_update_is_lost_between_reading_and_writing(site):
    record_id = site.customer("0")
    letters = "abc"

    def append(ctx: Ctx, letter: str) -> None:
        record = records.find(ctx, ctx.catalog["core.customer"], record_id)
        rename(ctx, record_id, record.name + letter, record.version)

    def append_all(letter: str) -> int:
        """Append five times, again from the start whenever somebody was first; how often that was."""
        misses = 0
        for _ in range(5):
            while True:
                try:
                    site.run(lambda ctx: append(ctx, letter))
                    break
                except Conflict:
                    misses += 1
        return misses

    outcomes = at_once([partial(append_all, letter) for letter in letters])
    assert all(isinstance(outcome, int) for outcome in outcomes), outcomes
    (name,) = names(site)
    assert sorted(name) == sorted("0" + letters * 5)
    assert scalar(site, select(Customer.version)) == 16


@pytest.mark.databases("postgresql", "mariadb")  # on SQLite the second could not even begin
def test_of_writers_that_have_both_read_one_wins(site):
    record_id = site.customer("原来的名字")
    both_have_read = Barrier(2)

    def write(name: str) -> None:
        with site.acting() as ctx:
            record = records.find(ctx, ctx.catalog["core.customer"], record_id)
            both_have_read.wait(30)
            record.name = name
            writes.flush(ctx)

    outcomes = at_once([lambda: write("甲"), lambda: write("乙")])
    assert [type(outcome) for outcome in outcomes if outcome] == [Conflict]
    assert names(site) == [["甲", "乙"][outcomes.index(None)]]


def test_readers_see_the_old_state_until_the_commit(site):
    record_id = site.customer("旧")
    with site.acting() as ctx:
        rename(ctx, record_id, "新", 1)
        assert names(site) == ["旧"]
    assert names(site) == ["新"]


def test_what_raises_leaves_nothing(site):
    changes = scalar(site, select(func.count()).select_from(Change))

    def fail(ctx: Ctx) -> None:
        records.create(ctx, ctx.catalog["core.customer"], {"name": "一"})
        raise KehuError("in the middle")

    with pytest.raises(KehuError, match="in the middle"):
        site.run(fail)
    assert names(site) == []
    assert scalar(site, select(func.count()).select_from(Change)) == changes
    assert site.kernel.database.engine.pool.checkedout() == 0


def test_numbers_are_given_once(site):
    def make(writer: int) -> Callable[[], list[int]]:
        return lambda: [site.customer(f"{writer}-{number}") for number in range(4)]

    outcomes = at_once([make(writer) for writer in range(3)])
    assert all(isinstance(outcome, list) for outcome in outcomes), outcomes
    with site.kernel.work(write=False) as work:
        codes = sorted(work.system.scalars(select(Customer.code)))
    assert codes == [f"C{number:06}" for number in range(1, 13)]


# --- many writers ------------------------------------------------------------------------------------

WRITERS, TRANSFERS, ACCOUNTS = 8, 20, 6


def test_many_writers_neither_fail_nor_lose_anything(database_url):
    database = Database(database_url)
    with database.transaction(write=True) as connection:
        connection.execute(text("CREATE TABLE account (id INTEGER PRIMARY KEY, amount INTEGER NOT NULL)"))
        for number in range(ACCOUNTS):
            connection.execute(text("INSERT INTO account VALUES (:id, 100)"), {"id": number})

    def transfer(source: int, target: int) -> None:
        with database.transaction(write=True) as connection:
            for account in sorted((source, target)):
                amount = connection.scalar(text("SELECT amount FROM account WHERE id = :id" + lock), {"id": account})
                connection.execute(
                    text("UPDATE account SET amount = :amount WHERE id = :id"),
                    {"id": account, "amount": amount + (1 if account == target else -1)},
                )

    lock = "" if database.dialect == "sqlite" else " FOR UPDATE"

    def work(writer: int) -> Callable[[], None]:
        def run() -> None:
            for step in range(TRANSFERS):
                source = (writer + step) % ACCOUNTS
                target = (source + 1 + step % (ACCOUNTS - 1)) % ACCOUNTS
                retried(partial(transfer, source, target), landed=lambda: False)

        return run

    outcomes = at_once([work(writer) for writer in range(WRITERS)])
    with database.transaction(write=False) as connection:
        total = connection.scalar(text("SELECT SUM(amount) FROM account"))
    database.dispose()
    assert outcomes == [None] * WRITERS
    assert total == 100 * ACCOUNTS


# --- failures that pass --------------------------------------------------------------------------------


@contextmanager
def before_commit(site: Any, act: Callable[[Connection, int], None]) -> Iterator[None]:
    """Calls `act(connection, n)` before the n-th COMMIT of a writing transaction."""
    numbers = count(1)
    engine = site.kernel.database.engine

    def called(connection: Connection) -> None:
        if connection.get_execution_options().get(engines.WRITE):
            act(connection, next(numbers))

    event.listen(engine, "commit", called)
    try:
        yield
    finally:
        event.remove(engine, "commit", called)


@pytest.mark.databases("postgresql", "mariadb")
@pytest.mark.parametrize("in_savepoint", [False, True])
def test_a_connection_killed_at_work_is_replaced(site, in_savepoint):
    runs: list[Work] = []

    def task(work: Work) -> int:
        runs.append(work)
        with work.savepoint() if in_savepoint else nullcontext():
            if len(runs) == 1:
                kill(site.kernel.database.dialect, own_number(work.connection))
            return create(work, "只此一次")

    assert site.kernel.run(task, write=True) > 0
    assert len(runs) == 2
    assert names(site) == ["只此一次"]


@pytest.mark.databases("postgresql", "mariadb")
def test_a_connection_killed_before_its_commit_is_replaced(site):
    runs: list[Work] = []

    def task(work: Work) -> int:
        runs.append(work)
        return create(work, "只此一次")

    def act(connection: Connection, number: int) -> None:
        if number == 1:
            kill(connection.dialect.name, own_number(connection))

    with before_commit(site, act):
        assert site.kernel.run(task, write=True) > 0
    assert len(runs) == 2
    assert names(site) == ["只此一次"]
    assert scalar(site, select(func.count()).where(Change.uuid == runs[-1].journal.uuid)) == 1


@pytest.mark.databases("postgresql", "mariadb")
def test_connections_killed_while_idle_are_not_noticed(site):
    runs: list[Work] = []

    def task(work: Work) -> int:
        runs.append(work)
        return create(work, f"第{len(runs)}次")

    site.kernel.run(task, write=True)
    with site.kernel.database.engine.connect() as connection:
        number = own_number(connection)
    kill(site.kernel.database.dialect, number)  # it lies in the pool
    site.kernel.run(task, write=True)
    assert len(runs) == 2
    assert names(site) == ["第1次", "第2次"]


LOST_ANSWERS = {
    "postgresql": psycopg.OperationalError("consuming input failed: server closed the connection unexpectedly"),
    "mariadb": pymysql.err.OperationalError(2013, "Lost connection to server during query"),
}


@pytest.mark.databases("postgresql", "mariadb")
def test_a_commit_whose_answer_was_lost_is_looked_up(site, database_kind, monkeypatch):
    dialect = site.kernel.database.engine.dialect
    commit, answers = dialect.do_commit, iter([LOST_ANSWERS[database_kind]])
    runs: list[Work] = []

    def commit_and_lose_the_answer(connection: Any) -> None:
        commit(connection)
        if runs and (lost := next(answers, None)):
            raise lost

    def task(work: Work) -> int:
        runs.append(work)
        return create(work, "只此一次")

    monkeypatch.setattr(dialect, "do_commit", commit_and_lose_the_answer)
    assert site.kernel.run(task, write=True) is None
    assert len(runs) == 1
    assert names(site) == ["只此一次"]
    assert site.kernel.landed(runs[0].journal.uuid)


@pytest.mark.databases("postgresql", "mariadb")
def test_a_commit_that_lands_late_is_not_followed_by_another(site, database_kind, monkeypatch):
    dialect = site.kernel.database.engine.dialect
    commit, answers = dialect.do_commit, iter([LOST_ANSWERS[database_kind]])
    runs: list[Work] = []

    def commit_and_lose_the_answer(connection: Any) -> None:
        commit(connection)
        if runs and (lost := next(answers, None)):
            raise lost

    def task(work: Work) -> int:
        runs.append(work)
        return create(work, f"第{len(runs)}次")

    monkeypatch.setattr(dialect, "do_commit", commit_and_lose_the_answer)
    monkeypatch.setattr(type(site.kernel), "landed", lambda _self, _uuid: False)  # not yet, as it seems
    with pytest.raises(Exception, match=r"(?i)uq_core_change_uuid"):
        site.kernel.run(task, write=True)
    assert len(runs) == 2
    assert names(site) == ["第1次"]


@pytest.mark.databases("postgresql", "mariadb")
@pytest.mark.parametrize("in_savepoint", [False, True])
def test_of_two_that_wait_for_each_other_one_begins_anew(site, in_savepoint):
    first, second = site.customer("一"), site.customer("二")
    both_have_written = Barrier(2)

    def task(own: int, other: int, name: str) -> Callable[[Work], None]:
        attempts = count(1)

        def run(work: Work) -> None:
            ctx = as_admin(work)
            _rename_as_it_is(ctx, own, name)
            if next(attempts) == 1:
                both_have_written.wait(30)
            with ctx.savepoint() if in_savepoint else nullcontext():
                _rename_as_it_is(ctx, other, name)

        return run

    def runner(*arguments: Any) -> Callable[[], None]:
        return lambda: site.kernel.run(task(*arguments), write=True)

    outcomes = at_once([runner(first, second, "甲"), runner(second, first, "乙")])
    assert outcomes == [None, None]
    with site.kernel.work(write=False) as work:
        rows = work.system.execute(select(Customer.name, Customer.version)).all()
    assert rows in ([("甲", 3), ("甲", 3)], [("乙", 3), ("乙", 3)])
    assert scalar(site, select(func.count()).where(Audit.action == "edit")) == 4


def _rename_as_it_is(ctx: Ctx, record_id: int, name: str) -> None:
    record = records.find(ctx, ctx.catalog["core.customer"], record_id, lock=True)
    rename(ctx, record_id, name, record.version)


LOCKING = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
sys.stdin.readline()
connection.execute("ROLLBACK")
print("free", flush=True)
"""


@pytest.mark.databases("sqlite")
def test_a_file_locked_by_another_program_is_tried_again(site, monkeypatch):
    engine = site.kernel.database.engine
    event.listen(engine, "connect", lambda connection, _record: connection.execute("PRAGMA busy_timeout=20"))
    engine.dispose()
    command = [sys.executable, "-c", LOCKING, str(engines.sqlite_path(engine))]
    pauses = []
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        asked, answered = cast("IO[str]", other.stdin), cast("IO[str]", other.stdout)
        assert answered.readline() == "locked\n"

        def pause(seconds: float) -> None:
            pauses.append(seconds)
            if len(pauses) == 2:
                print(file=asked, flush=True)
                assert answered.readline() == "free\n"

        monkeypatch.setattr("core.db.database.time.sleep", pause)
        site.kernel.run(lambda work: create(work, "一"), write=True)
    assert len(pauses) == 2
    assert names(site) == ["一"]
