"""Connections have the settings that keep data safe and requests from hanging."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from core.db import engine as engines
from core.db.database import Database


@pytest.mark.databases("sqlite")
def test_sqlite_keeps_what_it_acknowledged(engine):
    wanted = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 30_000, "trusted_schema": 0}
    with engine.connect() as connection:
        found = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in wanted}
    assert found == wanted


@pytest.mark.databases("sqlite")
def test_a_writer_on_sqlite_takes_its_lock_when_it_begins(database_url):
    database = Database(database_url)
    with database.transaction(write=True) as writer, database.transaction(write=False) as reader:
        assert reader.scalar(text("SELECT 1")) == 1
        reader.exec_driver_sql("PRAGMA busy_timeout=0")
        with pytest.raises(OperationalError, match="database is locked"):
            reader.execute(text("CREATE TABLE late (id INTEGER)"))
        writer.execute(text("CREATE TABLE early (id INTEGER)"))
    database.dispose()


@pytest.mark.databases("postgresql")
@pytest.mark.parametrize(("patient", "seconds"), [(False, "1min"), (True, "0")])
def test_only_an_upgrade_may_take_long_on_postgresql(database_url, patient, seconds):
    made = engines.create(database_url, pooled=False, patient=patient)
    with made.connect() as connection:
        assert connection.scalar(text("SHOW statement_timeout")) == seconds
        assert connection.scalar(text("SHOW lock_timeout")) == "30s"


@pytest.mark.databases("mariadb")
@pytest.mark.parametrize(("patient", "seconds"), [(False, 60), (True, None)])
def test_only_an_upgrade_may_take_long_on_mariadb(database_url, patient, seconds):
    made = engines.create(database_url, pooled=False, patient=patient)
    with made.connect() as connection:
        driver: Any = connection.connection.dbapi_connection
        assert (driver._read_timeout, driver._write_timeout) == (seconds, seconds)
        assert connection.get_isolation_level() == "READ COMMITTED"


@pytest.mark.databases
def test_errors_do_not_show_the_values(engine):
    with engine.connect() as connection, pytest.raises(Exception, match="hidden") as raised:
        connection.execute(text("SELECT * FROM nowhere WHERE secret = :secret"), {"secret": "密码-4711"})
    assert "4711" not in str(raised.value)
