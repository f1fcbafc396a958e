"""Histories of plugins: each has its own, alters its tables in place, and is not missed when it is gone."""

from __future__ import annotations

import datetime as dt
import shutil
import sys
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import Connection, NullPool, create_engine, inspect, select, text

from core.db.base import metadata
from core.migrations import runner
from plugins import Manifest, PluginError, discover, resolve

pytestmark = pytest.mark.databases

MOMENT = dt.datetime(2026, 6, 30, 9, 0, 0, 123456, tzinfo=dt.UTC)

MODELS = """
from __future__ import annotations

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from core.db.base import plugin_base
from core.db.types import Money, boolean, text

Base = plugin_base("{name}")


class Parent(Base):
    __tablename__ = "{name}_parent"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(text(40), unique=True)
    shown: Mapped[bool | None] = mapped_column(boolean())


class Child(Base):
    __tablename__ = "{name}_child"

    id: Mapped[int] = mapped_column(primary_key=True)
    parent_id: Mapped[int] = mapped_column(ForeignKey("{name}_parent.id", ondelete="CASCADE"), index=True)
    second_id: Mapped[int | None] = mapped_column(ForeignKey("{name}_parent.id"), index=True)
"""

MORE = """

class Note(Base):
    __tablename__ = "tally_parent_note"

    id: Mapped[int] = mapped_column(primary_key=True)
"""

PRICED = """

class Price(Base):
    __tablename__ = "tally_price"

    id: Mapped[int] = mapped_column(primary_key=True)
    amount: Mapped[Decimal{0}] = mapped_column(Money)
    since: Mapped[dt.datetime{0}] = mapped_column(UtcDateTime)
"""

HEAD = """
import sqlalchemy as sa
from alembic import op

from core.db import types

revision = "{name}_{number}"
down_revision = {down!r}
branch_labels = None
depends_on = None
"""

FIRST = """

def upgrade():
    op.create_table(
        "{name}_parent",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", types.text(20), nullable=False),
        sa.Column("old", types.text(20), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_{name}_parent_id")),
    )
    op.create_index(op.f("ix_{name}_parent_old"), "{name}_parent", ["old"])
    op.create_table(
        "{name}_child",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("parent_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["{name}_parent.id"], name=op.f("fk_{name}_child_parent_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_{name}_child_id")),
    )
    op.create_index(op.f("ix_{name}_child_parent_id"), "{name}_child", ["parent_id"])
"""

SECOND = """

def upgrade():
    op.drop_index(op.f("ix_{name}_parent_old"), "{name}_parent")
    with op.batch_alter_table("{name}_parent") as batch:
        batch.drop_column("old")
        batch.add_column(sa.Column("shown", types.boolean(), nullable=True))
        batch.alter_column("code", existing_type=types.text(20), type_=types.text(40), existing_nullable=False)
        batch.create_unique_constraint(op.f("uq_{name}_parent_code"), ["code"])
    with op.batch_alter_table("{name}_child") as batch:
        batch.add_column(sa.Column("second_id", sa.Integer(), nullable=True))
        batch.create_foreign_key(op.f("fk_{name}_child_second_id"), "{name}_parent", ["second_id"], ["id"])
        batch.create_index(op.f("ix_{name}_child_second_id"), ["second_id"])
"""

SPOILING = """

def upgrade():
    op.execute("DELETE FROM {name}_parent")
"""


class Plugin:
    """A plugin's package on disk, whose migrations are put there one after the other."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name, self.package = name, folder / f"kehu_{name}"
        self.versions = self.package / "migrations" / "versions"
        self.versions.mkdir(parents=True)
        (self.package / "__init__.py").touch()
        (self.package / "models.py").write_text(MODELS.format(name=name), encoding="utf-8")

    @property
    def manifest(self) -> Manifest:
        return Manifest(name=self.name, title=self.name, version="1", package=self.package.name)

    def add(self, source: str) -> None:
        """The next migration."""
        number = len(list(self.versions.glob("*.py"))) + 1
        down = f"{self.name}_{number - 1:04}" if number > 1 else None
        script = HEAD.format(name=self.name, number=f"{number:04}", down=down) + source.format(name=self.name)
        (self.versions / f"{self.name}_{number:04}.py").write_text(script, encoding="utf-8")

    def forget(self) -> None:
        """As if it had never been imported."""
        for module in [name for name in sys.modules if name.partition(".")[0] == self.package.name]:
            del sys.modules[module]
        for table in [table for name, table in metadata.tables.items() if name.startswith(f"{self.name}_")]:
            metadata.remove(table)


@pytest.fixture
def tally(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Plugin]:
    monkeypatch.syspath_prepend(tmp_path)
    plugin = Plugin("tally", tmp_path)
    yield plugin
    plugin.forget()


def enabled(*plugins: Plugin) -> Sequence[Manifest]:
    return resolve(discover([plugin.manifest for plugin in plugins]), [plugin.name for plugin in plugins])


def connect(url: str) -> Connection:
    return create_engine(url, poolclass=NullPool).connect()


def tables_of(url: str) -> set[str]:
    with connect(url) as connection:
        return set(inspect(connection).get_table_names())


def run(url: str, *statements: str) -> None:
    with connect(url) as connection:
        for statement in statements:
            connection.execute(text(statement))
        connection.commit()


def check(url: str, manifests: Sequence[Manifest]) -> None:
    """Fail if a new migration of the last plugin would have anything to do."""
    with connect(url) as connection:
        command.check(runner._config(runner.histories(manifests)[-1], connection))


def test_a_plugin_has_a_history_of_its_own(database_url, tally):
    tally.add(FIRST)
    tally.add(SECOND)
    runner.upgrade(database_url, [])
    kernels = tables_of(database_url)
    done = runner.upgrade(database_url, enabled(tally))
    assert [(one.plugin, one.current, one.is_current) for one in done][1:] == [("tally", "tally_0002", True)]
    assert tables_of(database_url) - kernels == {"tally_parent", "tally_child", "kehu_version_tally"}
    check(database_url, enabled(tally))
    check(database_url, [])


def test_the_kernel_is_upgraded_when_a_plugin_is_gone(database_url, tally):
    tally.add(FIRST)
    runner.upgrade(database_url, enabled(tally))
    before = tables_of(database_url)
    tally.forget()
    shutil.rmtree(tally.package)
    done = runner.upgrade(database_url, [])
    assert [one.plugin for one in done] == ["core"]
    assert done[0].is_current
    assert tables_of(database_url) == before
    check(database_url, [])


def test_altering_a_table_keeps_the_rows_that_refer_to_it(database_url, tally):
    tally.add(FIRST)
    runner.upgrade(database_url, enabled(tally))
    run(
        database_url,
        "INSERT INTO tally_parent (id, code, old) VALUES (1, '客户𠮷', 'x')",
        "INSERT INTO tally_child (id, parent_id) VALUES (7, 1)",
    )
    tally.add(SECOND)
    runner.upgrade(database_url, enabled(tally))
    check(database_url, enabled(tally))
    with connect(database_url) as connection:
        assert connection.execute(text("SELECT id, code, shown FROM tally_parent")).all() == [(1, "客户𠮷", None)]
        assert connection.execute(text("SELECT id, parent_id FROM tally_child")).all() == [(7, 1)]


@pytest.mark.databases("sqlite")
def test_a_migration_that_breaks_references_is_undone(database_url, tally):
    tally.add(FIRST)
    runner.upgrade(database_url, enabled(tally))
    run(
        database_url,
        "INSERT INTO tally_parent (id, code) VALUES (1, 'a')",
        "INSERT INTO tally_child (id, parent_id) VALUES (7, 1)",
    )
    tally.add(SPOILING)
    with pytest.raises(PluginError, match="plugin 'tally': its migrations failed: RuntimeError: rows of tally_child"):
        runner.upgrade(database_url, enabled(tally))
    with connect(database_url) as connection:
        assert connection.execute(text("SELECT id FROM tally_parent")).all() == [(1,)]
    assert runner.standing(database_url, enabled(tally))[1].current == "tally_0001"


@pytest.mark.databases("mariadb")
def test_what_a_killed_migration_has_done_is_passed_over(database_url, tally):
    tally.add(FIRST)
    tally.add(SECOND)
    runner.upgrade(database_url, enabled(tally))
    # Killed just before the version was written: every statement is done, none is remembered.
    run(database_url, "UPDATE kehu_version_tally SET version_num = 'tally_0001'")
    runner.upgrade(database_url, enabled(tally))
    check(database_url, enabled(tally))
    assert runner.standing(database_url, enabled(tally))[1].is_current


def test_a_generated_migration_makes_what_the_models_say(database_url, tally):
    runner.upgrade(database_url, [])
    written = runner.revision(database_url, enabled(tally), "tally", "the first tables")
    assert written == tally.versions / "tally_0001_the_first_tables.py"
    source = written.read_text(encoding="utf-8")
    assert "types.text(40)" in source
    assert "core_" not in source
    runner.upgrade(database_url, enabled(tally))
    check(database_url, enabled(tally))


def test_a_second_migration_sees_a_table_named_after_another(database_url, tally):
    runner.upgrade(database_url, [])
    runner.revision(database_url, enabled(tally), "tally", "the first tables")
    runner.upgrade(database_url, enabled(tally))
    with (tally.package / "models.py").open("a", encoding="utf-8") as models:
        models.write(MORE)
    tally.forget()
    written = runner.revision(database_url, enabled(tally), "tally", "notes")
    assert written == tally.versions / "tally_0002_notes.py"
    assert "tally_parent_note" in written.read_text(encoding="utf-8")
    runner.upgrade(database_url, enabled(tally))
    check(database_url, enabled(tally))


def test_a_migration_written_on_sqlite_keeps_what_other_databases_hold(database_url, tally):
    """A column that may be empty from now on is an amount still, and a moment to the microsecond."""
    models = tally.package / "models.py"
    source = models.read_text(encoding="utf-8").replace("import Money, ", "import Money, UtcDateTime, ")
    source = source.replace(
        "from sqlalchemy import", "import datetime as dt\nfrom decimal import Decimal\nfrom sqlalchemy import"
    )
    for optional in ("", " | None"):
        models.write_text(source + PRICED.format(optional), encoding="utf-8")
        tally.forget()
        with runner.scratch(enabled(tally)) as embedded:
            written = runner.revision(embedded, enabled(tally), "tally", "prices")
        runner.upgrade(database_url, enabled(tally))
        check(database_url, enabled(tally))
        if not optional:
            price = metadata.tables["tally_price"]
            with connect(database_url) as connection:
                connection.execute(price.insert().values(amount=Decimal("12.5001"), since=MOMENT))
                connection.commit()
    source = written.read_text(encoding="utf-8")
    assert "existing_type=types.Money()" in source
    assert "existing_type=types.UtcDateTime()" in source
    with connect(database_url) as connection:
        found = connection.execute(select(metadata.tables["tally_price"])).one()
    assert (found.amount, found.since) == (Decimal("12.5001"), MOMENT)


def test_a_generated_migration_leaves_a_neighbour_alone(database_url, tally, tmp_path):
    neighbour = Plugin("tally_x", tmp_path)
    neighbour.add(FIRST)
    neighbour.add(SECOND)
    tally.add(FIRST)
    tally.add(SECOND)
    try:
        runner.upgrade(database_url, enabled(tally, neighbour))
        check(database_url, enabled(tally))
        neighbour.forget()
        check(database_url, enabled(tally))
    finally:
        neighbour.forget()


def test_a_failing_history_holds_up_nobody_else(database_url, tally, tmp_path):
    other = Plugin("zebra", tmp_path)
    other.add(FIRST)
    tally.add("\n\ndef upgrade():\n    op.create_table('tally_half', sa.Column('id', sa.Integer()))\n    1 / 0\n")
    try:
        with pytest.raises(PluginError, match="ZeroDivisionError") as caught:
            runner.upgrade(database_url, enabled(tally, other))
        assert caught.value.plugin == "tally"
        stands = {one.plugin: one.is_current for one in runner.standing(database_url, enabled(tally, other))}
        assert stands == {"core": True, "tally": False, "zebra": True}
    finally:
        other.forget()
