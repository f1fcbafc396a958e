"""Switching a third party's plugin on and off."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.cli.conftest import PASSWORD
from tests.plugins.dists import DUMMY

Kehu = Callable[..., Any]


def test_enable_disable_enable_keeps_the_data(kehu: Kehu, tmp_path: Path, with_dummy: dict[str, str]) -> None:
    kehu("init", "--admin-password", PASSWORD, env=with_dummy)
    assert "gifts             0.1       available" in kehu("plugins", env=with_dummy).stdout
    assert "enabled" in kehu("plugin", "enable", "gifts", env=with_dummy).stdout
    assert "kehu.plugins = gifts" in (tmp_path / "kehu.ini").read_text()
    listed = kehu("plugins", "-v", env=with_dummy).stdout
    assert "enabled" in listed
    assert "gifts: panel gifts.latest on core.customer" in listed
    assert "gifts_0002" in kehu("db", "current", env=with_dummy).stdout
    _sql(tmp_path, "select count(*) from gifts_gift")
    assert "disabled" in kehu("plugin", "disable", "gifts", env=with_dummy).stdout
    assert "kehu.plugins =\n" in (tmp_path / "kehu.ini").read_text()
    assert _sql(tmp_path, "select count(*) from gifts_gift") == 0
    assert "available" in kehu("plugins", env=with_dummy).stdout
    assert "orphaned" in kehu("plugins").stdout  # the distribution is gone, its tables are not
    kehu("plugin", "enable", "gifts", env=with_dummy)


def test_a_disabled_plugin_is_not_imported(kehu: Kehu, tmp_path: Path, with_dummy: dict[str, str]) -> None:
    kehu("init", "--admin-password", PASSWORD, env=with_dummy)
    script = (
        "import sys, json\nfrom core.settings import read\nfrom core.boot import boot\nfrom plugins import discover\n"
        "discover(); kernel = boot(read({}))\n"
        "ours = sorted(name for name in sys.modules if name.startswith('kehu_gifts'))\n"
        "print(json.dumps([ours, [entity.key for entity in kernel.catalog]]))"
    )
    command = [sys.executable, "-W", "ignore", "-c", script]
    done = subprocess.run(command, cwd=tmp_path, env=with_dummy, capture_output=True, text=True, check=True)
    modules, keys = json.loads(done.stdout)
    assert modules == ["kehu_gifts"]  # the manifest alone
    assert "gifts.gift" not in keys


def test_the_environment_decides_when_it_says_so(kehu: Kehu, with_dummy: dict[str, str]) -> None:
    kehu("init", "--admin-password", PASSWORD, env=with_dummy)
    refused = kehu("plugin", "enable", "gifts", env=with_dummy | {"KEHU_PLUGINS": ""}, code=1)
    assert "KEHU_PLUGINS" in refused.stderr


def test_a_migration_is_written_before_the_plugin_is_enabled(
    kehu: Kehu, tmp_path: Path, with_dummy: dict[str, str]
) -> None:
    """An author's first steps: without a site, then on one that does not know the plugin yet."""
    env = _own_copy(tmp_path, with_dummy)
    versions = tmp_path / "kehu_gifts" / "migrations" / "versions"
    for path in versions.glob("*.py"):
        path.unlink()
    assert "gifts_0001_first.py" in kehu("db", "revision", "gifts", "-m", "first", env=env).stdout
    kehu("init", "--admin-password", PASSWORD, "--plugins", "", env=env)
    with (tmp_path / "kehu_gifts" / "models.py").open("a") as models:
        models.write("    more: Mapped[int | None] = mapped_column()\n")
    refused = kehu("plugin", "enable", "gifts", env=env, code=1).stderr
    assert "gifts_wishes.more is missing" in refused
    assert "kehu db revision gifts" in refused
    assert "gifts" not in (tmp_path / "kehu.ini").read_text()
    checked = kehu("plugin", "check", "gifts", env=env, code=1).stdout
    assert "BAD  migrations" in checked
    assert "--   scope          waits until its migrations make its tables" in checked
    assert "gifts_0002_more.py" in kehu("db", "revision", "gifts", "-m", "more", env=env).stdout
    assert "nothing new" in kehu("db", "revision", "gifts", "-m", "again", env=env).stderr
    kehu("plugin", "enable", "gifts", env=env)
    assert "did you mean 'gifts'?" in kehu("db", "revision", "gfits", "-m", "x", env=env, code=1).stderr


def _own_copy(folder: Path, env: dict[str, str]) -> dict[str, str]:
    """Variables with which a copy of the third party's plugin in the folder is installed."""
    shutil.copytree(DUMMY / "kehu_gifts", folder / "kehu_gifts", ignore=shutil.ignore_patterns("__pycache__"))
    return env | {"PYTHONPATH": env["PYTHONPATH"].replace(str(DUMMY), str(folder))}


def test_misspelt_and_unknown_names(kehu: Kehu, with_dummy: dict[str, str]) -> None:
    kehu("init", "--admin-password", PASSWORD, env=with_dummy)
    assert "gifts" in kehu("plugin", "enable", "gitfs", env=with_dummy, code=1).stderr
    assert "not enabled" in kehu("plugin", "disable", "gifts", env=with_dummy, code=1).stderr
    off = kehu("export", "gifts.gift", "gifts.csv", env=with_dummy, code=1).stderr
    assert "there is no entity gifts.gift: the plugin gifts is off; see: kehu plugins" in off
    assert (
        "there is no job gifts.x: the plugin gifts is off"
        in kehu("job", "run", "gifts.x", env=with_dummy, code=1).stderr
    )


def _sql(folder: Path, statement: str) -> Any:
    import sqlite3

    connection = sqlite3.connect(folder / "kehu.db")
    try:
        return connection.execute(statement).fetchone()[0]
    finally:
        connection.close()


def test_purge_keeps_a_backup_and_nothing_else(kehu: Kehu, tmp_path: Path, with_dummy: dict[str, str]) -> None:
    kehu("init", "--admin-password", PASSWORD, "--plugins", "gifts", env=with_dummy)
    assert "is enabled" in kehu("plugin", "purge", "gifts", "--yes-delete-data", env=with_dummy, code=1).stderr
    kehu("plugin", "disable", "gifts", env=with_dummy)
    assert "--yes-delete-data" in kehu("plugin", "purge", "gifts", env=with_dummy, code=2).stderr
    assert "did you mean 'gifts'" in kehu("plugin", "purge", "gfits", "--yes-delete-data", code=1).stderr
    done = kehu(
        "plugin", "purge", "gifts", "--yes-delete-data", "--backup", str(tmp_path / "kept.zip")
    )  # its code is gone
    assert "gifts is purged: 0 rows of 2 tables deleted" in done.stdout
    with zipfile.ZipFile(tmp_path / "kept.zip") as kept:
        assert "customer_id" in json.loads(kept.read("gifts_gift.jsonl").splitlines()[0])
    assert _sql(tmp_path, "select count(*) from sqlite_master where name like '%gifts%'") == 0
    assert _sql(tmp_path, "select count(*) from core_audit where action = 'purge'") == 1
    kehu("audit", "verify")
    assert "available" in kehu("plugins", env=with_dummy).stdout
    kehu("plugin", "enable", "gifts", env=with_dummy)
