"""Alembic's environment, the same for the kernel and every plugin. Only the runner calls it."""

from __future__ import annotations

from functools import cache
from typing import Any

from alembic import context
from alembic.operations.ops import AlterColumnOp
from sqlalchemy import inspect

import core.migrations.mariadb  # noqa: F401, makes killed migrations repeatable there
from core.db.base import metadata
from core.migrations import ownership

config = context.config
plugin = config.attributes["plugin"]
connection = config.attributes["connection"]


@cache
def others() -> tuple[str, ...]:
    return ownership.neighbours(inspect(connection).get_table_names(), plugin)


def mine(_obj: Any, name: str | None, kind: str, _reflected: bool, _compare_to: Any) -> bool:
    """Whether a table is this plugin's; others' are never touched."""
    return kind != "table" or ownership.owns(plugin, str(name), others())


def spelled(kind: str, obj: Any, _autogen: Any) -> Any:
    """Our own types by their short names."""
    if kind == "type" and hasattr(obj, "kehu_spelling"):
        return f"types.{obj.kehu_spelling}"
    if kind == "type" and type(obj).__module__ == "core.db.types":
        return f"types.{type(obj).__name__}()"
    return False


def as_modelled(_context: Any, _revision: Any, directives: list[Any]) -> None:
    """A column that is altered is said to be of the type that its model has, not of what SQLite keeps it as:
    MariaDB repeats the type with every change of a column, and amounts would become whole numbers there.
    """
    for table in directives[0].upgrade_ops.ops if directives else ():
        for op in getattr(table, "ops", ()):
            if isinstance(op, AlterColumnOp) and op.modify_type is None:
                op.existing_type = metadata.tables[op.table_name].columns[op.column_name].type


def check_references(ctx: Any, step: Any, heads: Any, run_args: Any) -> None:
    """On SQLite, which does not watch them while tables are rebuilt: no row may refer to nothing."""
    if connection.dialect.name == "sqlite":
        broken = {row[0] for row in ctx.connection.exec_driver_sql("PRAGMA foreign_key_check")}
        if broken:
            raise RuntimeError(f"rows of {', '.join(sorted(broken))} would refer to rows that are not there")


context.configure(
    connection=connection,
    target_metadata=metadata,
    version_table=f"{ownership.VERSION_TABLE}{plugin}",
    include_object=mine,
    render_item=spelled,
    process_revision_directives=as_modelled,
    on_version_apply=check_references,
    transaction_per_migration=True,
    # SQLite can roll DDL back once BEGIN is ours; then a killed migration leaves nothing behind.
    transactional_ddl=connection.dialect.name in {"sqlite", "postgresql"},
    render_as_batch=connection.dialect.name == "sqlite",
)
with context.begin_transaction():
    context.run_migrations()
