"""Fixtures for the tests of the data layer."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from core.db import engine as engines
from tests.support.databases import create_database, drop_database
from tests.support.site import Site


@pytest.fixture(scope="module")
def engine(database_kind: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """Kehu's engine on a database that the tests of one module share. No connections are kept."""
    url = create_database(database_kind, tmp_path_factory.mktemp("engine"))
    made = engines.create(url, pooled=False)
    yield made
    made.dispose()
    drop_database(url)


@pytest.fixture(scope="module")
def shared_site(database_kind: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site that the tests of one module share: they undo what they do, or do not mind each other."""
    url = create_database(database_kind, tmp_path_factory.mktemp("site"))
    made = Site(url)
    yield made
    made.close()
    drop_database(url)
