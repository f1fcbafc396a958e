"""Distributions that look installed, without an installer: for tests of what finds them."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest

DUMMY = Path(__file__).parents[1] / "dummy_plugin"
BARE = "models=None, migrations=None, templates=None, locale=None"


class Site:
    """A folder on the import path into which distributions are put, as into site-packages."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._folder = folder
        self._monkeypatch = monkeypatch
        self._packages: set[str] = set()
        folder.mkdir()
        monkeypatch.syspath_prepend(folder)

    def add(
        self,
        dist: str,
        plugins: Mapping[str, str],
        files: Mapping[str, str] | None = None,
        version: str = "0.1",
    ) -> None:
        """Install `dist`: its `plugins` are entry points by name, its `files` sources by path.

        Folders are files whose path ends in a slash.
        """
        for path, source in (files or {}).items():
            target = self._folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            if path.endswith("/"):
                target.mkdir()
            else:
                target.write_text(source, encoding="utf-8")
        self._packages.update(value.partition(":")[0] for value in plugins.values())
        info = self._folder / f"{dist.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        entries = "".join(f"{name} = {value}\n" for name, value in plugins.items())
        (info / "entry_points.txt").write_text(f"[kehu.plugins]\n{entries}", encoding="utf-8")
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {dist}\nVersion: {version}\n", encoding="utf-8")

    def add_plugin(self, name: str, package: str, files: Mapping[str, str] | None = None) -> None:
        """Install a sound plugin without folders; `files` of the package come on top."""
        manifest = f"Manifest(name={name!r}, title='T', version='0.1', {BARE})"
        sources = {"__init__.py": f"from plugins import Manifest\nmanifest = {manifest}\n", **(files or {})}
        self.add(
            f"dist-of-{package}",
            {name: f"{package}:manifest"},
            {f"{package}/{path}": source for path, source in sources.items()},
        )

    def add_dummy(self) -> None:
        """Install the third party's plugin of tests/dummy_plugin, as its pyproject.toml says."""
        project = tomllib.loads((DUMMY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        self._monkeypatch.syspath_prepend(DUMMY)
        self.add(project["name"], project["entry-points"]["kehu.plugins"], version=project["version"])

    def forget(self) -> None:
        """Take the packages out of `sys.modules`, so that the next test imports its own."""
        for module in list(sys.modules):
            if any(module == package or module.startswith(f"{package}.") for package in self._packages):
                del sys.modules[module]
