"""Runs the histories: the kernel's first, then each enabled plugin's in plugin order."""

from __future__ import annotations

import io
import tempfile
from argparse import Namespace
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, event, inspect, text

from core.db import engine as engines
from core.db.base import metadata
from core.db.database import write_queue
from core.db.tenants import load_models
from core.migrations import ownership
from plugins import Manifest, PluginError, with_dependants

HERE = Path(__file__).parent
LOCK = 20_260_101  # any number; only our upgrades use it
TURN_SECONDS = 600


@dataclass(frozen=True)
class History:
    """One line of migrations."""

    plugin: str
    folder: Path


@dataclass(frozen=True)
class Standing:
    """Where the database stands in one history: `current` and `head` are revisions."""

    plugin: str
    current: str | None
    head: str | None

    @property
    def is_current(self) -> bool:
        return self.current == self.head


def histories(manifests: Sequence[Manifest]) -> list[History]:
    """The kernel's history and those of the plugins that have one."""
    found = [History("core", HERE / "versions")]
    for manifest in manifests:
        load_models(manifest)
        if manifest.migrations is not None:
            package = import_module(manifest.package)
            assert package.__file__ is not None
            folder = Path(package.__file__).parent / manifest.migrations.lstrip(":").replace(".", "/")
            found.append(History(manifest.name, folder / "versions"))
    return found


def upgrade(url: str, manifests: Sequence[Manifest]) -> list[Standing]:
    """Bring the database to the newest revision of each history. Safe to run again after a kill.

    A plugin's history that fails holds up only those that need the plugin. PluginError once the others are done.
    """
    from alembic import command

    lines, failed = histories(manifests), dict[str, Exception]()
    with connected(url, write=True) as connection:
        wait_for_turn(connection)
        for line in lines:
            if line.plugin in _held_up(manifests, failed):
                continue
            try:
                command.upgrade(_config(line, connection), "heads")
                connection.commit()
            except Exception as error:
                connection.rollback()
                if line.plugin == "core":
                    raise
                failed[line.plugin] = error
    for name, fault in failed.items():
        message = f"plugin {name!r}: its migrations failed: {type(fault).__name__}: {fault}"
        raise PluginError(message, name) from fault
    return standing(url, manifests)


def _held_up(manifests: Sequence[Manifest], failed: Iterable[str]) -> set[str]:
    return {one.name for name in failed for one in with_dependants(manifests, name)}


def standing(url: str, manifests: Sequence[Manifest]) -> list[Standing]:
    """Where the database stands, per history."""
    from alembic.script import ScriptDirectory

    with connected(url, write=False) as connection:
        tables = set(inspect(connection).get_table_names())
        found = []
        for line in histories(manifests):
            table = f"kehu_version_{line.plugin}"
            current = connection.scalar(text(f"SELECT version_num FROM {table}")) if table in tables else None
            head = ScriptDirectory.from_config(_config(line, connection)).get_current_head()
            found.append(Standing(line.plugin, current, head))
        return found


@contextmanager
def scratch(manifests: Sequence[Manifest]) -> Iterator[str]:
    """The URL of an embedded database that holds what the histories make, as long as the block runs.

    What a plugin's models and its migrations say of each other needs no site for that. PluginError as `upgrade`.
    """
    with tempfile.TemporaryDirectory(prefix="kehu-") as folder:
        url = f"sqlite:///{Path(folder) / 'made.db'}"
        upgrade(url, manifests)
        yield url


def revision(url: str, manifests: Sequence[Manifest], plugin: str, message: str) -> Path:
    """Write a new migration from what the plugin's models have and the database has not."""
    from alembic import command

    line = next(line for line in histories(manifests) if line.plugin == plugin)
    line.folder.mkdir(parents=True, exist_ok=True)
    number = len(list(line.folder.glob(f"{plugin}_[0-9]*.py"))) + 1
    with connected(url, write=False) as connection:
        script: Any = command.revision(
            _config(line, connection), message, autogenerate=True, rev_id=f"{plugin}_{number:04}"
        )
    return Path(script.path)


@dataclass(frozen=True)
class Difference:
    """Something that a plugin's models and its tables do not agree on.

    `lacks`: statements fail by it. `needs_default` names a column that rows which are there would have to fill.
    """

    what: str
    lacks: bool
    needs_default: str = ""

    def __str__(self) -> str:
        return self.what


def differences(url: str, manifests: Sequence[Manifest], plugin: str) -> list[Difference]:
    """What a new migration of the plugin would have to do: nothing where all is well."""
    from alembic.command import check
    from alembic.util import AutogenerateDiffsDetected

    line = next((line for line in histories(manifests) if line.plugin == plugin), None)
    if line is None:
        return [Difference(f"table {name} is missing", True) for name in ownership.owned(metadata.tables, plugin)]
    with connected(url, write=False) as connection:
        config = _config(line, connection)
        config.stdout = io.StringIO()  # it tells that there is nothing to tell
        try:
            check(config)
        except AutogenerateDiffsDetected as found:
            flat = [one for diff in found.diffs for one in (diff if isinstance(diff, list) else [diff])]
            return [_difference(*diff) for diff in flat]
    return []


def _difference(kind: str, *about: Any) -> Difference:
    unfilled = kind == "add_column" and not about[2].nullable and about[2].server_default is None
    name = f"{about[1]}.{about[2].name}" if unfilled else ""
    return Difference(_phrase(kind, *about), kind in ("add_table", "add_column"), name)


def _phrase(kind: str, *about: Any) -> str:
    """One of Alembic's differences in words: (`add_column`, schema, table, column) and the like."""
    verb, _underscore, thing = kind.partition("_")
    if verb == "modify":
        _schema, table, column, _existing, old, new = about
        return f"column {table}.{column}: {thing} is {old!r} and should be {new!r}"
    name = f"{about[1]}.{about[2].name}" if thing == "column" else getattr(about[0], "name", None) or about[0]
    return f"{thing} {name} {'is missing' if verb == 'add' else 'is made, and no model has it'}"


def _config(line: History, connection: Connection) -> Any:
    from alembic.config import Config

    config = Config(attributes={"connection": connection, "plugin": line.plugin}, cmd_opts=Namespace(quiet=True))
    config.set_main_option("script_location", str(HERE).replace("%", "%%"))
    config.set_main_option("version_locations", str(line.folder).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    return config


@contextmanager
def connected(url: str, *, write: bool) -> Iterator[Connection]:
    """A connection without the tripwire: the schema belongs to nobody's scope."""
    engine: Engine = engines.create(url, pooled=False, patient=write)
    if write and engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _let_tables_be_rebuilt)
    try:
        with write_queue(engine) if write else nullcontext(), engine.connect() as connection:
            yield connection.execution_options(**{engines.WRITE: write})
    finally:
        engine.dispose()


def _let_tables_be_rebuilt(connection: Any, _record: Any) -> None:
    # SQLite alters a table by copying and dropping it, which would delete what refers to it.
    # env.py looks for broken references after each step instead.
    connection.execute("PRAGMA foreign_keys=OFF")


def wait_for_turn(connection: Connection) -> None:
    """One upgrade at a time: the lock is the connection's and ends with it. SQLite's writers queue already."""
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SET LOCAL lock_timeout = '{TURN_SECONDS}s'"))
        connection.execute(text("SELECT pg_advisory_lock(:name)"), {"name": LOCK})
    elif connection.dialect.name in {"mysql", "mariadb"}:
        taken = connection.scalar(
            text("SELECT GET_LOCK(CONCAT('kehu_upgrade ', MD5(DATABASE())), :seconds)"), {"seconds": TURN_SECONDS}
        )
        if taken != 1:
            raise TimeoutError(f"another upgrade of this database has been running for {TURN_SECONDS} seconds")
    connection.commit()
