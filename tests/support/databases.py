"""Fresh databases of every kind for the tests, as a pytest plugin.

The servers start once in a run: at the first test that needs one, or, when the run is spread
over workers, in the controller, which tells the workers where they are.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL, Connection, NullPool, create_engine, make_url, text
from sqlalchemy.exc import OperationalError

from tests.support.missing import missing
from tests.support.servers import Server, Unavailable, start_mariadb, start_postgresql

KINDS = ("sqlite", "postgresql", "mariadb")
STARTERS: Mapping[str, Callable[[], Server]] = {"postgresql": start_postgresql, "mariadb": start_mariadb}

NO_SUCH_THREAD = 1094  # MariaDB: the connection to end has ended by itself

_numbers = itertools.count(1)


class Servers:
    """The servers of this run: started here, or told by the controller."""

    def __init__(self) -> None:
        self._running: list[Server] = []
        self._found: dict[str, URL | Unavailable] = {}

    def url(self, kind: str) -> URL:
        """The administrative database of the server of this kind; raises `Unavailable`."""
        if kind not in self._found:
            try:
                server = STARTERS[kind]()
            except Unavailable as reason:
                self._found[kind] = reason
            else:
                self._running.append(server)
                self._found[kind] = server.url
        found = self._found[kind]
        if isinstance(found, Unavailable):
            raise found
        return found

    def tell(self) -> dict[str, dict[str, str]]:
        """Start what is not yet running and describe all of it in plain strings."""
        told = {}
        for kind in STARTERS:
            try:
                told[kind] = {"url": self.url(kind).render_as_string(hide_password=False)}
            except Unavailable as reason:
                told[kind] = {"unavailable": str(reason)}
        return told

    def hear(self, told: Mapping[str, Mapping[str, str]]) -> None:
        """Take over what `tell` gave in another process."""
        for kind, state in told.items():
            url = state.get("url")
            self._found[kind] = make_url(url) if url else Unavailable(state["unavailable"])

    def stop(self) -> None:
        """Stop what was started here."""
        while self._running:
            self._running.pop().stop()


servers = Servers()


def create_database(kind: str, directory: Path) -> str:
    """Create an empty database and return its URL.

    SQLite's file goes into `directory`; the others are made on this run's servers. A kind that
    cannot be had skips the test that asks, or fails it where CI=true.
    """
    name = f"kehu_{os.getpid()}_{next(_numbers)}"
    if kind == "sqlite":
        return f"sqlite:///{directory.resolve() / name}.db"
    try:
        server = servers.url(kind)
    except Unavailable as reason:
        missing(f"no {kind}: {reason}")
    options = "TEMPLATE template0 ENCODING 'UTF8' STRATEGY FILE_COPY" if kind == "postgresql" else ""
    administer(kind, f"CREATE DATABASE {name} {options}")
    return server.set(database=name).render_as_string(hide_password=False)


def drop_database(url: str) -> None:
    """Remove a database that `create_database` made, whoever is still connected to it."""
    name = name_of(url)
    match make_url(url).get_backend_name():
        case "sqlite":
            for suffix in ("", "-wal", "-shm", "-journal"):
                Path(name + suffix).unlink(missing_ok=True)
        case "postgresql":
            administer("postgresql", f"DROP DATABASE {name} WITH (FORCE)")
        case "mariadb":
            _drop_on_mariadb(name)


def _drop_on_mariadb(name: str) -> None:
    """Drop after ending its connections: an open transaction would hold the drop up."""
    with server_connection("mariadb") as connection:
        ids = connection.scalars(
            text("SELECT id FROM information_schema.processlist WHERE db = :name"), {"name": name}
        ).all()
        for number in ids:
            try:
                connection.execute(text(f"KILL {number:d}"))
            except OperationalError as error:
                if error.orig is None or error.orig.args[0] != NO_SUCH_THREAD:
                    raise
        connection.execute(text(f"DROP DATABASE {name}"))


def administer(kind: str, statement: str) -> None:
    """Run one statement on the server of this kind, outside a transaction."""
    with server_connection(kind) as connection:
        connection.execute(text(statement))


def server_connection(kind: str) -> Connection:
    """A connection to the administrative database of the server of this kind; each statement commits."""
    return create_engine(servers.url(kind), poolclass=NullPool, isolation_level="AUTOCOMMIT").connect()


def name_of(url: str) -> str:
    """The name of the database, for SQLite its path."""
    name = make_url(url).database
    assert name is not None
    return name


@pytest.fixture(scope="session")
def database_kind(request: pytest.FixtureRequest) -> str:
    """The kind of database this run of the test is for: see the mark `databases`."""
    kind: str = getattr(request, "param", KINDS[0])
    return kind


@pytest.fixture
def database_url(database_kind: str, tmp_path: Path) -> Iterator[str]:
    """An empty database for this test alone."""
    url = create_database(database_kind, tmp_path)
    yield url
    drop_database(url)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    mark = metafunc.definition.get_closest_marker("databases")
    if mark is None:
        return
    if "database_kind" not in metafunc.fixturenames:
        raise pytest.UsageError(f"{metafunc.definition.nodeid} is marked `databases` but uses none")
    metafunc.parametrize("database_kind", mark.args or KINDS, indirect=True, scope="session")


def pytest_configure(config: pytest.Config) -> None:
    worker = getattr(config, "workerinput", None)
    if worker is not None:
        servers.hear(worker["servers"])


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """In the controller, for each worker that it is about to start."""
    node.workerinput["servers"] = servers.tell()


def pytest_unconfigure(config: pytest.Config) -> None:
    servers.stop()
