"""What an administrator is told of a plugin that fails, and how he gets out of it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import PASSWORD
from tests.plugins.dists import DUMMY

Kehu = Callable[..., Any]


@pytest.fixture
def broken(tmp_path: Path, with_dummy: dict[str, str]) -> dict[str, str]:
    """`gifts` is found in a copy whose hooks can be broken and mended: `hooks.py` of the test's folder."""
    copy = tmp_path / "copy" / "kehu_gifts"
    copy.parent.mkdir()
    for path in (DUMMY / "kehu_gifts").rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            target = copy / path.relative_to(DUMMY / "kehu_gifts")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    return {"PYTHONPATH": with_dummy["PYTHONPATH"].replace(str(DUMMY), str(copy.parent)).replace(os.pathsep * 2, "")}


def test_a_broken_plugin_is_told_and_can_be_switched_off(kehu: Kehu, tmp_path: Path, broken: dict[str, str]) -> None:
    kehu("init", "--admin-password", PASSWORD, "--plugins", "gifts", env=broken)
    hooks = tmp_path / "copy" / "kehu_gifts" / "hooks.py"
    sound = hooks.read_text()
    hooks.write_text("import nowhere_at_all\n")
    listed = kehu("plugins", "-v", env=broken, code=1)
    assert "gifts             0.1       quarantined" in listed.stdout
    assert "Traceback (most recent call last)" in listed.stdout  # asked for with -v
    assert "(at kehu_gifts/hooks.py:1)" in listed.stderr
    assert "kehu plugin disable gifts" in listed.stderr
    told = kehu("doctor", env=broken, code=1).stdout
    assert "BAD plugins" in told
    assert "cannot import kehu_gifts.hooks" in told
    other = kehu("token", "create", "admin", env=broken)  # the site works; the command says what is off
    assert "Note: plugin gifts is off" in other.stderr
    strict = kehu("token", "create", "admin", env=broken | {"KEHU_PLUGIN_FAILURE": "strict"}, code=1)
    assert "cannot import kehu_gifts.hooks" in strict.stderr
    assert "disabled" in kehu("plugin", "disable", "gifts", env=broken).stdout
    refused = kehu("plugin", "enable", "gifts", env=broken, code=1)
    assert "gifts cannot be enabled, nothing was changed" in refused.stderr
    assert "kehu.plugins =\n" in (tmp_path / "kehu.ini").read_text()
    hooks.write_text(sound)
    kehu("plugin", "enable", "gifts", env=broken)


def test_tables_that_are_behind_keep_the_plugin_off(kehu: Kehu, tmp_path: Path, broken: dict[str, str]) -> None:
    kehu("init", "--admin-password", PASSWORD, "--plugins", "gifts", env=broken)
    versions = tmp_path / "copy" / "kehu_gifts" / "migrations" / "versions"
    step = 'revision = "gifts_0003"\ndown_revision = "gifts_0002"\n\n\ndef upgrade() -> None:\n    {}\n'
    (versions / "gifts_0003.py").write_text(step.format("1 / 0"))
    listed = kehu("plugins", env=broken, code=1)
    assert "its tables are at gifts_0002, its code is at gifts_0003" in listed.stdout
    assert "run: kehu db upgrade" in listed.stderr
    failed = kehu("db", "upgrade", env=broken, code=1)
    assert "gifts" in failed.stderr
    assert "ZeroDivisionError" in failed.stderr
    kehu("token", "create", "admin", env=broken)
    (versions / "gifts_0003.py").write_text(step.format("pass"))
    kehu("db", "upgrade", env=broken)
    assert "enabled" in kehu("plugins", env=broken).stdout
