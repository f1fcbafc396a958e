"""Building the search index from the command line: what an upgrade and an administrator do."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.cli.conftest import PASSWORD

Kehu = Callable[..., Any]


def test_what_was_written_before_is_indexed_by_an_upgrade(kehu: Kehu, tmp_path: Path) -> None:
    kehu("init", "--admin-password", PASSWORD)
    kehu("demo", "load", "--customers", "40")

    def sql(statement: str) -> list[Any]:
        with closing(sqlite3.connect(tmp_path / "kehu.db")) as connection, connection:
            return connection.execute(statement).fetchall()

    tokens = "SELECT field, token, record_id FROM core_search_token ORDER BY 1, 2, 3"
    written, folded = sql(tokens), sql("SELECT id, name_folded, name_spoken FROM core_customer")
    assert len(written) > 500
    for statement in ("DELETE FROM core_search_token WHERE record_id < 9", "DELETE FROM core_search_field"):
        sql(statement)
    sql("UPDATE core_customer SET name_folded = name, name_spoken = NULL")
    said = kehu("doctor", code=1).stdout
    assert "BAD search" in said
    assert "core.customer" in said
    assert "kehu search rebuild" in said
    kehu("db", "upgrade")
    assert (sql(tokens), sql("SELECT id, name_folded, name_spoken FROM core_customer")) == (written, folded)
    assert "ok  search" in kehu("doctor").stdout
    sql("DELETE FROM core_search_token")  # nobody noticed: built anew on request
    assert "All that is searchable is indexed." in kehu("search", "rebuild").stdout
    assert sql(tokens) == written
