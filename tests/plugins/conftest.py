"""Installed-like distributions for the tests of the SDK."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from .dists import Site


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """An import folder of this test's own."""
    site = Site(tmp_path / "site", monkeypatch)
    yield site
    site.forget()


@pytest.fixture
def dummy_plugin(site: Site) -> Site:
    """The same with the third party's plugin `gifts` in it."""
    site.add_dummy()
    return site
