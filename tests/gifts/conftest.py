"""Sites on which the third party's plugin of tests/dummy_plugin is installed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.plugins.dists import DUMMY
from tests.support.site import Site

INFO = "kehu_dummy-0.1.dist-info"


@pytest.fixture(scope="session", autouse=True)
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The distribution, as an installer would leave it. It stays for the rest of the process: mapped
    classes cannot be unmapped.
    """
    folder = tmp_path_factory.mktemp("dummy")
    (folder / INFO).mkdir()
    (folder / INFO / "entry_points.txt").write_text("[kehu.plugins]\ngifts = kehu_gifts:manifest\n")
    (folder / INFO / "METADATA").write_text("Metadata-Version: 2.1\nName: kehu-dummy\nVersion: 0.1\n")
    sys.path[:0] = [str(folder), str(DUMMY)]
    yield folder
    sys.path.remove(str(folder))


@pytest.fixture
def site(database_url: str) -> Iterator[Site]:
    """A site with `gifts` enabled."""
    made = Site(database_url, ["gifts"])
    yield made
    made.close()
