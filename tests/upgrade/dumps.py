"""A database as text, as its own tools write it, and back again."""

from __future__ import annotations

import gzip
import sqlite3
import subprocess
from pathlib import Path

from sqlalchemy import URL, make_url

from tests.support.databases import name_of


def dump(url: str, file: Path) -> None:
    """Write the whole database into a gzipped SQL file."""
    address = make_url(url)
    if address.get_backend_name() == "sqlite":
        connection = sqlite3.connect(name_of(url))
        text = "\n".join(connection.iterdump()).encode()
        connection.close()
    else:
        text = subprocess.run(_dumping(address), check=True, capture_output=True).stdout
    file.write_bytes(gzip.compress(text, mtime=0))


def restore(file: Path, url: str) -> None:
    """Fill the empty database with what `dump` wrote."""
    address, text = make_url(url), gzip.decompress(file.read_bytes())
    if address.get_backend_name() == "sqlite":
        connection = sqlite3.connect(name_of(url))
        connection.executescript(text.decode())
        connection.close()
    else:
        subprocess.run(_restoring(address), input=text, check=True, capture_output=True)


def _dumping(address: URL) -> list[str]:
    if address.get_backend_name() == "postgresql":
        return ["pg_dump", "--no-owner", "--no-privileges", "--encoding=UTF8", *_on_postgresql(address)]
    return ["mariadb-dump", "--no-defaults", "--skip-dump-date", "--hex-blob", *_on_mariadb(address)]


def _restoring(address: URL) -> list[str]:
    if address.get_backend_name() == "postgresql":
        return ["psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", *_on_postgresql(address)]
    return ["mariadb", "--no-defaults", "--default-character-set=utf8mb4", *_on_mariadb(address)]


def _on_postgresql(address: URL) -> list[str]:
    return [f"--host={address.host}", f"--port={address.port}", f"--username={address.username}", str(address.database)]


def _on_mariadb(address: URL) -> list[str]:
    place = [f"--host={address.host}", f"--port={address.port}", "--protocol=TCP"]
    return [*place, f"--user={address.username}", str(address.database)]
