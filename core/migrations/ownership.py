"""Which tables are whose: a plugin owns those that begin with its name, unless a neighbour's name fits better."""

from __future__ import annotations

from collections.abc import Iterable

VERSION_TABLE = "kehu_version_"


def neighbours(tables: Iterable[str], plugin: str) -> tuple[str, ...]:
    """The prefixes of plugins that have tables here and whose names begin with this one's, as `sales_x` does
    with `sales`.
    """
    names = [table.removeprefix(VERSION_TABLE) for table in tables if table.startswith(VERSION_TABLE)]
    return tuple(f"{name}_" for name in names if name.startswith(f"{plugin}_"))


def owns(plugin: str, table: str, others: tuple[str, ...]) -> bool:
    """Whether the table is the plugin's, `others` being its neighbours."""
    return table.startswith(f"{plugin}_") and not table.startswith(others)


def owned(tables: Iterable[str], plugin: str) -> list[str]:
    """Those of the tables that are the plugin's, its version table aside."""
    names = list(tables)
    others = neighbours(names, plugin)
    return [name for name in names if owns(plugin, name, others)]
