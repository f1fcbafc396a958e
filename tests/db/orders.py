"""Three plugins that come and go on a site, in a process of its own: mapped classes cannot be unmapped.

Run as a program it reads a JSON list of `[url, order]`, the url of an empty database, and prints how many
steps it took. It fails at the first step after which the schema does not follow from the plugins whose data
is there, or anything changed that was not the step's own.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, inspect, select

from core import scaffold
from core.boot import boot
from core.db import engine as engines
from core.migrations import leaving, runner
from core.migrations.ownership import VERSION_TABLE
from core.models import Role, SearchField, SearchToken
from core.services import lifecycle, records, setup
from core.services.login import by_login
from core.services.work import Kernel
from core.settings import read
from tests.plugins.dists import DUMMY
from tests.support.site import PASSWORD

ROOT = Path(__file__).parents[2]
PLUGINS = ("gifts", "loans", "badges")
# What a step may write beside a plugin's own tables.
NOTED = ("core_audit", "core_change", "core_chain_head", "core_plugin", "core_epoch", "core_job", "core_schedule")

Dump = dict[str, list[tuple[Any, ...]]]
known_schemas: dict[tuple[str, frozenset[str]], Any] = {}


def in_a_process(runs: Iterable[tuple[str, Sequence[str]]]) -> int:
    """Play these orders, each on an empty database of its own; how many steps that were."""
    command = [sys.executable, "-W", "ignore", "-m", "tests.db.orders"]
    done = subprocess.run(
        command, cwd=ROOT, input=json.dumps(list(runs)), capture_output=True, text=True, timeout=500, check=False
    )
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


class Play:
    """One site through which the plugins pass."""

    def __init__(self, url: str) -> None:
        self.url, self.enabled, self.steps = url, [], 0  # type: ignore[var-annotated]
        self.engine: Engine = engines.create(url, pooled=False)
        kernel = self.kernel()
        runner.upgrade(url, [])
        kernel.run(lambda work: setup.set_up(work, PASSWORD), write=True)
        self.customer = self.create(kernel, "core.customer", {"name": "Acme"})
        kernel.database.dispose()
        self.present: set[str] = set()
        self.check(self.dump(), set())

    def run(self, order: Sequence[str]) -> None:
        for name in order:
            self.enable(name)
        for name in reversed(order):
            self.disable(name)
        for name in order:
            self.enable(name)
        for name in order:
            self.disable(name)
            self.purge(name)
        for name in reversed(order):
            self.enable(name)
        self.engine.dispose()

    # --- the steps -------------------------------------------------------------------------------

    def enable(self, name: str) -> None:
        before, is_new = self.dump(), name not in self.present
        self.enabled.append(name)
        kernel = self.kernel()
        runner.upgrade(self.url, kernel.manifests)
        kernel.run(lifecycle.sync, write=True)
        self.present.add(name)
        self.check(before, {name} if is_new else set())
        if is_new:
            self.fill(kernel, name)
        kernel.database.dispose()

    def disable(self, name: str) -> None:
        before = self.dump()
        self.enabled.remove(name)
        kernel = self.kernel()
        kernel.run(lifecycle.sync, write=True)
        kernel.database.dispose()
        self.check(before, set())

    def purge(self, name: str) -> None:
        before = self.dump()
        kernel = self.kernel()
        with tempfile.TemporaryDirectory() as folder:
            counts = leaving.purge(self.url, name, Path(folder, "backup.zip"))
        assert any(counts.values()), f"{name} had no rows"
        with kernel.work(write=True) as work:
            lifecycle.forget(work.act_as(by_login(work, "admin", door="test")), name, counts)
        kernel.database.dispose()
        self.present.remove(name)
        self.check(before, {name})

    def kernel(self) -> Kernel:
        return boot(read({"kehu.database_url": self.url, "kehu.plugins": " ".join(self.enabled)}, {}))

    def fill(self, kernel: Kernel, name: str) -> None:
        [entity] = (one for one in kernel.catalog if one.key.startswith(f"{name}."))
        values = {"customer": self.customer, "name": name, **({"given_on": "2026-05-01"} if name == "gifts" else {})}
        self.create(kernel, entity.key, values)

    def create(self, kernel: Kernel, key: str, values: dict[str, Any]) -> int:
        with kernel.work(write=True) as work:
            ctx = work.act_as(by_login(work, "admin", door="test"))
            return int(records.create(ctx, ctx.catalog[key], values).id)

    # --- what must hold after each ---------------------------------------------------------------

    def check(self, before: Dump, own: set[str]) -> None:
        """`own` are the plugins whose tables, and what is said of them in others, the step may change."""
        self.steps += 1
        schema = self.schema()
        key = (self.engine.dialect.name, frozenset(self.present))
        assert schema == known_schemas.setdefault(key, schema), f"{sorted(self.present)} make another schema"
        after = self.dump()
        for table in before.keys() | after.keys():
            if table in NOTED or any(_is_of(table, name) for name in own):
                continue
            assert _without(before.get(table), own) == _without(after.get(table), own), f"{table} has changed"

    def schema(self) -> Any:
        inspector = inspect(self.engine)
        parts: tuple[tuple[Any, tuple[str, ...]], ...] = (
            (inspector.get_multi_columns(), ("name", "type", "nullable")),
            (inspector.get_multi_indexes(), ("name", "column_names", "unique")),
            (inspector.get_multi_foreign_keys(), ("name", "referred_table", "constrained_columns")),
            (inspector.get_multi_unique_constraints(), ("name", "column_names")),
        )
        return [
            {table: sorted(repr([one[name] for name in names]) for one in found) for table, found in part.items()}
            for part, names in parts
        ]

    def dump(self) -> Dump:
        with self.engine.connect() as connection:
            names = inspect(connection).get_table_names()
            found: dict[str, Any] = {name: connection.exec_driver_sql(f"SELECT * FROM {name}") for name in names}
            # Tokens are told apart by their entity, and what stands in a role line by line.
            tokens = select(SearchField.entity, SearchToken.token, SearchToken.record_id)
            found["core_search_token"] = connection.execute(tokens.where(SearchToken.field == SearchField.id))
            dump = {table: sorted(map(tuple, rows), key=repr) for table, rows in found.items()}
            roles = connection.execute(select(Role.code, Role.grants, Role.field_rights)).all()
        dump["core_role"] = sorted((code, repr(line)) for code, *lists in roles for lines in lists for line in lines)
        return dump


def _is_of(table: str, plugin: str) -> bool:
    return table.startswith(f"{plugin}_") or table == f"{VERSION_TABLE}{plugin}"


def _without(rows: list[tuple[Any, ...]] | None, plugins: set[str]) -> list[tuple[Any, ...]]:
    """The rows that do not speak of the plugins."""
    return [row for row in rows or () if not any(f"{name}." in repr(row) for name in plugins)]


def _install(folder: Path) -> None:
    """Put the three distributions on the import path, as an installer would."""
    entries = "gifts = kehu_gifts:manifest\n"
    for name in PLUGINS[1:]:
        scaffold.write(name, folder)
        entries += f"{name} = kehu_{name}:manifest\n"
        sys.path.insert(0, str(folder / f"kehu_{name}"))
    info = folder / "kehu_three-0.1.dist-info"
    info.mkdir()
    (info / "entry_points.txt").write_text(f"[kehu.plugins]\n{entries}")
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: kehu-three\nVersion: 0.1\n")
    sys.path[:0] = [str(folder), str(DUMMY)]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        _install(Path(folder))
        steps = 0
        for url, order in json.load(sys.stdin):
            play = Play(url)
            play.run(order)
            steps += play.steps
    print(steps)


if __name__ == "__main__":
    main()
