"""The databases that the other tests stand on."""

from __future__ import annotations

import pytest
from sqlalchemy import (
    Column,
    Engine,
    MetaData,
    NullPool,
    Table,
    Unicode,
    create_engine,
    inspect,
    select,
    text,
)

from tests.support.databases import create_database, drop_database
from tests.support.report import summary

NAME = "客户𠮷"  # the last character lies outside the basic plane: four bytes in UTF-8


@pytest.mark.databases
def test_a_database_answers_and_is_empty(database_url, database_kind):
    engine = create_engine(database_url, poolclass=NullPool)
    with engine.connect() as connection:
        assert connection.scalar(text("select 1")) == 1
    assert engine.dialect.name == database_kind
    assert inspect(engine).get_table_names() == []


@pytest.mark.databases
def test_text_comes_back_as_it_went_in(database_url):
    engine = create_engine(database_url, poolclass=NullPool)
    customers = _customers(engine, [NAME])
    with engine.connect() as connection:
        assert connection.scalars(select(customers.c.name)).all() == [NAME]


@pytest.mark.databases
def test_text_is_compared_exactly(database_url):
    engine = create_engine(database_url, poolclass=NullPool)
    customers = _customers(engine, ["a", "A", "á", "a "])
    with engine.connect() as connection:
        found = connection.scalars(select(customers.c.name).where(customers.c.name == "a")).all()
    assert found == ["a"]


@pytest.mark.databases
def test_a_database_can_be_dropped_under_an_open_transaction(database_kind, tmp_path):
    url = create_database(database_kind, tmp_path)
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(text("create table left_open (id integer)"))
    connection = engine.connect()
    connection.execute(text("select * from left_open"))
    try:
        drop_database(url)
    finally:
        connection.invalidate()
        connection.close()
    again = create_database(database_kind, tmp_path)
    assert again != url
    drop_database(again)


def test_unmarked_tests_get_sqlite(database_url):
    assert database_url.startswith("sqlite:////")


def test_the_summary_counts_each_kind():
    outcomes = {
        "a": ("sqlite", "passed"),
        "b": ("sqlite", "failed"),
        "c": ("postgresql", "passed"),
        "d": ("mariadb", "skipped"),
    }
    outcomes["f"] = ("sqlite alone", "passed")
    everywhere, alone = summary(outcomes).splitlines()
    assert everywhere == (
        "databases: sqlite 1 passed 0 skipped 1 failed · postgresql 1 passed 0 skipped · mariadb 0 passed 1 skipped"
    )
    assert alone.startswith("besides: sqlite alone 1 passed 0 skipped · postgresql alone 0 passed")


def _customers(engine: Engine, names: list[str]) -> Table:
    """A table made anew that holds the given names."""
    customers = Table("customers", MetaData(), Column("name", Unicode(20)))
    customers.create(engine)
    with engine.begin() as connection:
        connection.execute(customers.insert(), [{"name": name} for name in names])
    return customers
