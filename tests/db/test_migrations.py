"""Upgrades: they make what the models say, once, however often and however rudely they are run."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, NullPool, create_engine, inspect, text

import core.models  # noqa: F401, fills the metadata
from core.db.base import metadata
from core.migrations import runner
from plugins import Manifest
from tests.db.upgrading import in_processes
from tests.support.databases import create_database, drop_database

pytestmark = pytest.mark.databases


def connect(url: str) -> Connection:
    return create_engine(url, poolclass=NullPool).connect()


def tables_of(url: str) -> set[str]:
    with connect(url) as connection:
        return set(inspect(connection).get_table_names())


def check(url: str, *manifests: Manifest) -> None:
    """Fail if a new migration of the last plugin, or of the kernel, would have anything to do."""
    line = runner.histories(manifests)[-1]
    with connect(url) as connection:
        command.check(runner._config(line, connection))


def rows(url: str, table: str) -> list[Any]:
    with connect(url) as connection:
        return list(connection.execute(text(f"SELECT * FROM {table}")))


EXPECTED = {name for name in metadata.tables if name.startswith("core_")} | {"kehu_version_core"}


@pytest.fixture
def new_url(database_kind: str, tmp_path: Path) -> Iterator[Callable[[], str]]:
    """Makes an empty database each time it is called."""
    made: list[str] = []

    def new() -> str:
        made.append(create_database(database_kind, tmp_path))
        return made[-1]

    yield new
    for url in made:
        drop_database(url)


def test_an_upgrade_makes_what_the_models_say(database_url):
    assert [standing.current for standing in runner.standing(database_url, [])] == [None]
    done = runner.upgrade(database_url, [])
    assert [(one.plugin, one.current, one.is_current) for one in done] == [("core", done[0].head, True)]
    assert tables_of(database_url) == EXPECTED
    check(database_url)


def test_a_second_upgrade_changes_nothing(database_url):
    runner.upgrade(database_url, [])
    before = rows(database_url, "kehu_version_core")
    again = runner.upgrade(database_url, [])
    assert again == runner.standing(database_url, [])
    assert tables_of(database_url) == EXPECTED
    assert rows(database_url, "kehu_version_core") == before


def whole_steps(url: str) -> list[set[str]]:
    """The tables after none, one, two… of the kernel's migrations."""
    [line] = runner.histories([])
    steps: list[set[str]] = [set()]
    with runner.connected(url, write=True) as connection:
        config = runner._config(line, connection)
        for step in reversed(list(ScriptDirectory.from_config(config).walk_revisions())):
            command.upgrade(config, step.revision)
            connection.commit()
            steps.append(set(inspect(connection).get_table_names()) - {"kehu_version_core"})
    return steps


def test_a_killed_upgrade_can_be_run_again(new_url, database_kind):
    ((status, statements),) = in_processes([(new_url(), None)])
    assert status == 0
    assert statements > len(EXPECTED)
    points = (1, statements // 2, statements - 1, statements)
    whole = whole_steps(new_url())
    killed = {new_url(): point for point in points}
    assert [status for status, _ in in_processes(killed.items())] == [-signal.SIGKILL] * len(points)
    for url, point in killed.items():
        left = tables_of(url) - {"kehu_version_core"}
        if database_kind != "mariadb":  # which commits at every DDL statement
            assert left in whole, f"left behind at statement {point}"
        runner.upgrade(url, [])
        assert tables_of(url) == EXPECTED
        check(url)
        assert len(rows(url, "kehu_version_core")) == 1


def test_two_upgrades_at_once_take_turns(database_url):
    outcomes = in_processes([(database_url, None), (database_url, None)], together=True)
    assert [status for status, _ in outcomes] == [0, 0]
    worked, waited = sorted((statements for _, statements in outcomes), reverse=True)
    assert worked > len(EXPECTED) > waited
    check(database_url)
    assert len(rows(database_url, "kehu_version_core")) == 1
