"""Files that somebody imports, as the pages do it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.entities.files import kind_of, opened
from core.models import Import
from core.services import login
from core.services.importing import process
from core.services.importing.choices import Choices
from core.services.importing.rehearsal import rehearse
from core.services.importing.store import find, keep
from core.services.jobs.runner import work_off
from tests.support.site import Site


def words(text: str) -> tuple[str, ...]:
    """English only."""
    return (str(text),)


class Importer:
    """One person who imports files."""

    def __init__(self, site: Site, folder: Path, user: str = "admin") -> None:
        self.site, self.folder, self.user = site, folder, user

    def upload(self, text: str | bytes, entity: str = "core.customer", name: str = "some.csv") -> int:
        """Keep and rehearse a file; the import's id."""
        path = self.folder / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        table = opened(path, kind_of(name))
        number: int = self.site.run(lambda ctx: keep(ctx, entity, name, table), self.user)
        self.rehearse(number)
        return number

    def rehearse(self, number: int, **choices: Any) -> None:
        """Try it, with other choices than it has."""
        with self.site.kernel.work(write=False) as work:
            identity = login.by_login(work, self.user, door="test")
        now = self.read(number).choices
        said = Choices.of(now | choices) if choices else None
        rehearse(self.site.kernel, identity, number, words, said)

    def read(self, number: int) -> Import:
        found: Import = self.site.run(lambda ctx: find(ctx, number), self.user, write=False)
        return found

    def start(self, number: int) -> None:
        self.site.run(lambda ctx: process.start(ctx, number), self.user)

    def run(self, number: int) -> dict[str, int]:
        """Import it to its end; the counts."""
        self.start(number)
        work_off(self.site.kernel)
        return counts(self.read(number))

    def revert(self, number: int) -> Import:
        self.site.run(lambda ctx: process.revert(ctx, number), self.user)
        work_off(self.site.kernel)
        return self.read(number)


def counts(found: Import) -> dict[str, int]:
    return {name: getattr(found, name) for name in ("created", "updated", "skipped", "failed")}


@pytest.fixture
def importer_of(tmp_path: Path) -> Callable[..., Importer]:
    return lambda site, user="admin": Importer(site, tmp_path, user)
