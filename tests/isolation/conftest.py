"""Sites with plugins that are written for one test and forgotten after it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from webtest import TestApp

from core.app import make_app
from core.boot import boot, ready
from core.db import tenants
from core.db.base import metadata
from core.migrations import runner
from core.services import setup
from core.settings import Settings, read
from plugins import Manifest, discover
from tests.plugins.dists import Site as Dists
from tests.support.site import PASSWORD

BARE = "templates=None, locale=None"
HOOKS = """
from plugins import Entity, Field, Panel, Column, hookimpl
class Plugin:
{body}
plugin = Plugin()
"""
MODELS = """
from sqlalchemy.orm import Mapped, mapped_column, relationship
from sqlalchemy import ForeignKey
from core.api import Binnable, Customer, CustomerScoped, Record, columns, plugin_base
Base = plugin_base("{name}")
{body}
"""


class Shelf:
    """Where a test puts its plugins, and the site that has them."""

    def __init__(self, dists: Dists, url: str) -> None:
        self._dists, self.url = dists, url
        self.names: list[str] = []

    def add(self, name: str, files: Mapping[str, str] | None = None, manifest: str = "") -> None:
        """A plugin `name` in package `kehu_name`; `hooks.py` and `models.py` of `files` are bodies."""
        sources = dict(files or {})
        hooks = sources.pop("hooks", "    pass")
        models = sources.pop("models", None)
        parts = "models=None, migrations=None" if models is None else "migrations=None"
        if models is not None:
            sources["models.py"] = MODELS.format(name=name, body=models)
        sources.setdefault("hooks.py", HOOKS.format(body=hooks))
        sources["__init__.py"] = (
            "from plugins import Manifest\n"
            f"manifest = Manifest(name={name!r}, title='T', version='0.1', {parts}, {BARE}, {manifest})\n"
        )
        package = f"kehu_{name}"
        self._dists.add(
            f"dist-of-{name}",
            {name: f"{package}:manifest"},
            {f"{package}/{path}": source for path, source in sources.items()},
        )
        self.names.append(name)

    def settings(self, **lines: str) -> Settings:
        named = {"plugins": " ".join(self.names), "plugin_failure": "quarantine"} | lines
        return read({"kehu.database_url": self.url} | {f"kehu.{name}": value for name, value in named.items()}, {})

    def set_up(self) -> None:
        """The kernel's tables, and what `kehu init` leaves behind."""
        runner.upgrade(self.url, ())
        kernel = boot(self.settings(), ())
        kernel.run(lambda work: setup.set_up(work, PASSWORD), write=True)
        kernel.database.dispose()

    def boot(self, **lines: str) -> Any:
        return boot(self.settings(**lines))

    def app(self, **lines: str) -> TestApp:
        """The served site, logged in as the administrator."""
        self.set_up()
        app = TestApp(make_app(ready(self.boot(**lines))))
        form = app.get("/login").forms[0]
        form["login"], form["password"] = "admin", PASSWORD
        form.submit(status=303)
        return app

    def reload(self) -> None:
        """As a new process would find the packages."""
        self._dists.forget()

    def forget(self) -> None:
        for name, found in discover().items():
            if name in self.names and isinstance(found.manifest, Manifest):
                tenants.unload(found.manifest, {table for table in metadata.tables if table.startswith(f"{name}_")})
        self._dists.forget()


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database_url: str) -> Iterator[Shelf]:
    shelf = Shelf(Dists(tmp_path / "dists", monkeypatch), database_url)
    yield shelf
    shelf.forget()
