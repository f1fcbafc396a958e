"""Taking a plugin's tables out of the database, after all that is in them was put into a file.

No migration runs backwards for that: what a plugin owns is known by name, so that one whose code is
broken or gone can be purged too.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

from sqlalchemy import Connection, column, inspect, select, table

from core.errors import KehuError
from core.migrations.ownership import VERSION_TABLE, owned
from core.migrations.runner import connected, wait_for_turn

BATCH = 1000


def purge(url: str, plugin: str, backup: Path) -> dict[str, int]:
    """Write the plugin's rows into the zip `backup`, then drop its tables; how many rows each had.

    KehuError, with nothing done, while tables of others refer to them or the file is there already.
    """
    with connected(url, write=True) as connection:
        wait_for_turn(connection)
        names = inspect(connection).get_table_names()
        own = sorted(owned(names, plugin))
        _refuse_references(connection, set(names) - set(own), set(own))
        counts = _write(connection, own, backup)
        version = f"{VERSION_TABLE}{plugin}"
        _drop(connection, [*own, version] if version in names else own)
        connection.commit()
    return counts


def _refuse_references(connection: Connection, others: set[str], own: set[str]) -> None:
    inspector = inspect(connection)
    holding = [
        name for name in sorted(others) if any(key["referred_table"] in own for key in inspector.get_foreign_keys(name))
    ]
    if holding:
        raise KehuError(f"{', '.join(holding)} refers to its tables; purge the plugin that owns that first")


def _drop(connection: Connection, names: Sequence[str]) -> None:
    quoted = [connection.dialect.identifier_preparer.quote(name) for name in names]
    run = connection.exec_driver_sql
    if connection.dialect.name == "sqlite":  # a table each; references are not watched on this connection
        for name in quoted:
            run(f"DROP TABLE {name}")
    elif quoted and connection.dialect.name in {"mysql", "mariadb"}:  # drops them one by one all the same
        run("SET SESSION foreign_key_checks = 0")
        run(f"DROP TABLE {', '.join(quoted)}")
        run("SET SESSION foreign_key_checks = 1")
    elif quoted:  # together, as they may refer to each other
        run(f"DROP TABLE {', '.join(quoted)}")


def _write(connection: Connection, tables: Sequence[str], backup: Path) -> dict[str, int]:
    """One file of JSON lines a table: the names of the columns, then a list for each row."""
    counts: dict[str, int] = {}
    scratch = backup.with_name(backup.name + ".part")
    try:
        with scratch.open("xb") as file:
            with ZipFile(file, "w", ZIP_DEFLATED) as archive:
                for name in tables:
                    with archive.open(f"{name}.jsonl", "w") as lines:
                        counts[name] = -1  # the line of names
                        for line in _lines(connection, name):
                            lines.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
                            counts[name] += 1
            file.flush()
            os.fsync(file.fileno())
        os.link(scratch, backup)  # unlike a rename, never over a file that is there
    except FileExistsError as error:
        raise KehuError(f"{error.filename2 or error.filename} is there already; name another --backup FILE") from None
    finally:
        scratch.unlink(missing_ok=True)
    return counts


def _lines(connection: Connection, name: str) -> Iterator[list[Any]]:
    inspector = inspect(connection)
    names = [found["name"] for found in inspector.get_columns(name)]
    yield names
    # Columns without types: the values as the driver gives them, nothing is made of them.
    order: Any = [column(key) for key in inspector.get_pk_constraint(name)["constrained_columns"]]
    statement: Any = select(*[column(one) for one in names]).select_from(table(name)).order_by(*order)
    for row in connection.execute(statement.execution_options(yield_per=BATCH)):
        yield [_plain(value) for value in row]


def _plain(value: Any) -> Any:
    """As JSON: bytes in base 64, dates and decimals as their text."""
    if isinstance(value, bytes):
        return {"base64": base64.b64encode(value).decode()}
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
