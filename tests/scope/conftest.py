"""Fixtures of the attacks on the record scope."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scope.scene import Scene, put_on
from tests.scope.stage import Stage
from tests.support.databases import create_database, drop_database
from tests.support.site import Site


@pytest.fixture(scope="module")
def stage(database_kind: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """One site for all the tests of a module; they leave it as they find it, or clear it first."""
    directory: Path = tmp_path_factory.mktemp("scope")
    url = create_database(database_kind, directory)
    site = Site(url)
    made = Stage(site)
    yield made
    made.engine.dispose()
    site.close()
    drop_database(url)


@pytest.fixture(scope="module")
def cast(stage: Stage) -> Iterator[Scene]:
    """The fixed cast, and what each of them may see."""
    scene = Scene(stage, put_on(stage))
    yield scene
    scene.close()
