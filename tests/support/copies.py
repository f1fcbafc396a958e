"""Databases filled once and then copied: the first of a kind is made in full, the others cheaply."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from pathlib import Path
from typing import Any

from sqlalchemy import text

from tests.support.databases import administer, create_database, name_of, server_connection

_originals: dict[tuple[str, Hashable], bytes | str] = {}  # SQLite: the file's content; servers: a URL


def filled(url: str, contents: Hashable, fill: Callable[[], None]) -> None:
    """Bring the empty database to what `fill` makes of it. Equal `contents` promise an equal result.

    `fill` runs only the first time and must leave no connection open.
    """
    kind = url.partition("+")[0].partition(":")[0]
    original = _originals.get((kind, contents))
    if original is None:
        fill()
        _originals[kind, contents] = _kept(url, kind)
    elif isinstance(original, bytes):
        Path(name_of(url)).write_bytes(original)
    else:
        _copy(original, url, kind)


def _kept(url: str, kind: str) -> bytes | str:
    if kind == "sqlite":
        return Path(name_of(url)).read_bytes()
    original = create_database(kind, Path())
    _copy(url, original, kind)
    return original


def _copy(source: str, target: str, kind: str) -> None:
    {"postgresql": _copy_on_postgresql, "mariadb": _copy_on_mariadb}[kind](name_of(source), name_of(target))


def _copy_on_postgresql(source: str, target: str) -> None:
    administer("postgresql", f"DROP DATABASE {target}")
    administer("postgresql", f"CREATE DATABASE {target} TEMPLATE {source} STRATEGY FILE_COPY")


def _copy_on_mariadb(source: str, target: str) -> None:
    with server_connection("mariadb") as connection:

        def run(statement: str) -> Any:
            return connection.exec_driver_sql(statement)

        run(f"USE {target}")
        run("SET foreign_key_checks = 0")
        tables = connection.scalars(
            text("SELECT table_name FROM information_schema.tables WHERE table_schema = :name"), {"name": source}
        ).all()
        for table in tables:
            run(run(f"SHOW CREATE TABLE {source}.{table}").one()[1].replace("%", "%%"))
            run(f"INSERT INTO {table} SELECT * FROM {source}.{table}")
