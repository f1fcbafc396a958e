"""The tables can be made on all six databases: the DDL compiles, names are short and plain."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from typing import Any

import ibm_db_sa.logger
import pytest
from sqlalchemy import Dialect, Index, MetaData, create_mock_engine

import core.models  # noqa: F401, fills the metadata
from core.db.base import MAX_IDENTIFIER, metadata, short_name
from core.db.types import JsonText, Money, UtcDateTime, boolean, long_text, text

ibm_db_sa.logger.configure_ibmdbsa_logging(False)  # it prints what it does

URLS = {
    "sqlite": "sqlite://",
    "postgresql": "postgresql+psycopg://",
    "mariadb": "mariadb+pymysql://",
    "mysql": "mysql+pymysql://",
    "oracle": "oracle+oracledb://",
    "mssql": "mssql+pyodbc://",
    "db2": "db2+ibm_db://",
}

# Quoted on one database or other although no standard asks for it; SQLAlchemy quotes them
# wherever they are used. Nothing else may need it.
QUOTED = {
    "hash": {"db2"},
    "language": {"db2"},
    "number": {"oracle"},
    "position": {"db2", "mariadb"},
    "result": {"db2"},
    "size": {"oracle"},
    "version": {"db2"},
}


@cache
def offline(kind: str) -> tuple[Dialect, str]:
    """The dialect as it is when connected to a current server, and the DDL of all tables."""
    statements: list[str] = []
    engine: Any = create_mock_engine(
        URLS[kind], lambda element, *_a, **_k: statements.append(str(element.compile(dialect=engine.dialect)))
    )
    if kind == "mssql":
        engine.dialect.server_version_info, engine.dialect.deprecate_large_types = (15,), True
    elif kind == "db2":
        engine.dialect.dbms_name, engine.dialect.dbms_ver = "DB2/LINUXX8664", "11.05.0900"
    copy = MetaData(naming_convention=metadata.naming_convention)
    for table in metadata.sorted_tables:
        table.to_metadata(copy)  # the dialect for DB2 adds indexes to the tables that it compiles
    copy.create_all(engine, checkfirst=False)
    return engine.dialect, "\n".join(statements)


def named() -> Iterator[tuple[str, str, Any]]:
    """(table, name, constraint or index) of everything in the metadata that has a name."""
    for table in metadata.sorted_tables:
        item: Any
        for item in (*table.constraints, *table.indexes):
            yield table.name, str(item.name), item


def spelled(kind: str, column_type: Any) -> str:
    """A type as the database is told."""
    return str(offline(kind)[0].type_compiler_instance.process(column_type))


@pytest.mark.parametrize("kind", URLS)
def test_every_table_and_index_compiles(kind):
    _dialect, ddl = offline(kind)
    assert set(re.findall(r"^CREATE TABLE (\S+) ", ddl, re.M)) == set(metadata.tables)
    indexes = {name for _table, name, item in named() if isinstance(item, Index)}
    assert indexes <= set(re.findall(r"^CREATE (?:UNIQUE )?INDEX (\S+) ", ddl, re.M))
    for _table, name, item in named():
        if not isinstance(item, Index):
            assert name in ddl


# What each of our types becomes: exact, to the microsecond, unlimited, compared by code point.
SPELLED = {
    "sqlite": ["BIGINT", "DATETIME", "JSON", "VARCHAR(9)", "TEXT", "BOOLEAN"],
    "postgresql": [
        "NUMERIC(18, 4)",
        "TIMESTAMP WITHOUT TIME ZONE",
        "JSON",
        'VARCHAR(9) COLLATE "C"',
        'TEXT COLLATE "C"',
        "BOOLEAN",
    ],
    "mariadb": [
        "NUMERIC(18, 4)",
        "DATETIME(6)",
        "JSON",
        "VARCHAR(9) COLLATE utf8mb4_nopad_bin",
        "LONGTEXT COLLATE utf8mb4_nopad_bin",
        "BOOL",
    ],
    "oracle": ["NUMERIC(18, 4)", "TIMESTAMP", "CLOB", "VARCHAR2(9 CHAR)", "CLOB", "SMALLINT"],
    "mssql": ["NUMERIC(18, 4)", "DATETIME2(6)", "NVARCHAR(max)", "NVARCHAR(9)", "NVARCHAR(max)", "BIT"],
    "db2": ["DECIMAL(18, 4)", "TIMESTAMP", "CLOB", "VARCHAR(36)", "CLOB", "BOOLEAN"],
}
SPELLED["mysql"] = SPELLED["mariadb"]


@pytest.mark.parametrize("kind", URLS)
def test_our_types_become_what_keeps_their_values(kind):
    ours = [Money(), UtcDateTime(), JsonText(), text(9), long_text(), boolean()]
    assert [spelled(kind, one) for one in ours] == SPELLED[kind]


def test_every_text_says_how_it_compares():
    for kind, collation in (("postgresql", 'COLLATE "C"'), ("mariadb", "COLLATE utf8mb4_nopad_bin")):
        columns = {column: spelled(kind, column.type) for t in metadata.tables.values() for column in t.columns}
        texts = {column: words for column, words in columns.items() if re.match("VARCHAR|TEXT|LONGTEXT", words)}
        assert texts
        assert [str(column) for column, words in texts.items() if not words.endswith(collation)] == []


def test_names_fit_every_database():
    names = [name for table in metadata.tables.values() for name in (table.name, *table.columns.keys())]
    names += [name for _table, name, _item in named()]
    assert [name for name in names if len(name) > MAX_IDENTIFIER] == []
    assert [name for name in names if not re.fullmatch(r"[a-z][a-z0-9_]*", name)] == []


def test_everything_is_named_and_no_name_is_given_twice():
    names = Counter(name for _table, name, _item in named())
    assert [name for name, times in names.items() if times > 1 or name == "None"] == []


def test_only_known_names_need_quotes():
    found: dict[str, set[str]] = {}
    for kind in URLS.keys() - {"mysql"}:
        preparer = offline(kind)[0].identifier_preparer
        for table in metadata.tables.values():
            for name in (table.name, *table.columns.keys()):
                if preparer.quote(name) != name:
                    found.setdefault(name, set()).add(kind)
    assert found == QUOTED


def test_names_are_made_of_table_and_columns():
    made = {name for _table, name, _item in named()}
    assert {"pk_core_user_id", "uq_core_user_login", "fk_core_user_unit_id", "ix_core_user_unit_id"} <= made
    # The migrations hold these names: another way to shorten would rename what is there.
    assert short_name("ix", "core_customer", "owner_id", "sort_key") == "ix_core_customer_owner_97a6e6"
    assert short_name("pk", "core_login_attempt", "login_hash") == "pk_core_login_attempt_l_ea453c"


def test_short_names_stay_apart():
    exact = "x" * (MAX_IDENTIFIER - 3)
    assert short_name("ix", exact) == f"ix_{exact}"
    long = [short_name("ix", "t" * 40, f"column_{n}") for n in range(200)]
    assert len(set(long)) == 200
    assert {len(name) for name in long} == {MAX_IDENTIFIER}
    assert short_name("ix", "a" * 19, "_" * 9 + "b").count("__") == 0


def test_no_table_is_called_like_a_label():
    """`core_job_slot` could be a table or the column `slot` of `core_job`: the tripwire takes it for both."""
    labels = {f"{table.name}_{column.name}" for table in metadata.tables.values() for column in table.columns}
    assert labels & metadata.tables.keys() == set()
