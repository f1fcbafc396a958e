"""Switching the plugin off and on, and what happens when its hooks fail."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from functools import wraps
from types import ModuleType
from typing import Any
from unittest.mock import patch

from pyramid.request import Request
from sqlalchemy import NullPool, create_engine, inspect, text

from core.app import assemble
from core.boot import boot
from core.errors import KehuError
from core.kit.bench import Bench
from core.kit.finding import Finding
from core.kit.reach import scoped
from core.migrations.ownership import owned
from core.services import lifecycle
from plugins import load_hooks
from plugins.hookspecs import Hooks

OFF = """
import json, sys, warnings
warnings.simplefilter("ignore")
from core.app import assemble
from core.boot import boot
from core.settings import read
app = assemble(boot(read(json.loads(sys.argv[1]), {})))
print(json.dumps(sorted(name for name in sys.modules if name.startswith(sys.argv[2] + "."))))
"""


def off_and_on(bench: Bench) -> Iterator[Finding]:
    for entity in scoped(bench):
        bench.create(entity, bench.customer())
    before = _rows(bench)
    others = tuple(name for name in bench.names if name != bench.name)
    for names in (others, bench.names):
        kernel = boot(bench.settings(names))
        kernel.run(lifecycle.sync, write=True)
        kernel.database.dispose()
    if _rows(bench) != before:
        yield Finding(
            "its rows are others after it was off and on again",
            f"plugin {bench.name}, hook on_plugin_enabled",
            "switching a plugin off must be safe at any time.",
            "let the hook add what is missing and nothing else: it is called each time the plugin comes back.",
        )
    yield from _still_imported(bench, others)


def _rows(bench: Bench) -> dict[str, list[str]]:
    engine = create_engine(bench.url, poolclass=NullPool)
    with engine.connect() as connection:
        names = owned(inspect(connection).get_table_names(), bench.name)
        return {name: sorted(map(repr, connection.execute(text(f"SELECT * FROM {name}")))) for name in names}


def _still_imported(bench: Bench, names: tuple[str, ...]) -> Iterator[Finding]:
    lines = json.dumps({"kehu.database_url": bench.url, "kehu.plugins": " ".join(names)})
    environment = {"PYTHONPATH": ":".join(filter(None, sys.path))}
    command = [sys.executable, "-c", OFF, lines, bench.manifest.package]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    modules = json.loads(done.stdout.strip().splitlines()[-1]) if done.returncode == 0 else [done.stderr[-300:]]
    if modules:
        yield Finding(
            f"switched off it is imported all the same: {', '.join(modules)}",
            f"package {bench.manifest.package}",
            "the code of a plugin that is off must not run.",
            "import nothing but the SDK in __init__.py; let no other package import this one unless it depends on it.",
        )


def chaos(bench: Bench) -> Iterator[Finding]:
    """Each hook raises in turn: the kernel's pages answer without the plugin, or nothing starts if it is critical."""
    plugin = load_hooks(bench.manifest)
    for hook in sorted(name for name in vars(Hooks) if name.startswith(("register_", "configure_"))):
        if not hasattr(plugin, hook):
            continue
        status = _status_without(bench, plugin, hook)
        if status != ("refused" if bench.manifest.critical else "303"):
            yield Finding(
                f"when {hook} fails, the pages of others answer: {status}",
                f"plugin {bench.name}, hook {hook}",
                "one plugin's fault must never be everybody's.",
                "do nothing at import and in other hooks that a later failure cannot take back.",
            )


def _status_without(bench: Bench, plugin: Any, hook: str) -> str:
    def fails(*_arguments: Any, **_named: Any) -> Any:
        raise RuntimeError("the kit lets this hook fail")

    owner = plugin if isinstance(plugin, ModuleType) else type(plugin)
    wraps(getattr(owner, hook))(fails)  # its arguments and its mark as a hook
    with patch.object(owner, hook, fails):
        try:
            app = assemble(boot(bench.settings()))
        except KehuError:
            return "refused"
    reply = Request.blank("/core/customers").get_response(app)
    app.registry["kehu"].database.dispose()
    return str(reply.status_int)
