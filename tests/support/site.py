"""A site in an empty database, and short ways to fill it and to act as somebody in it."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from core.boot import boot
from core.migrations import runner
from core.services import attachments, login, records, setup
from core.services.work import Ctx, Kernel
from core.settings import read

T = TypeVar("T")
PASSWORD = "x9-Long-Enough"


class Site:
    """A booted kernel on a migrated database with what `kehu init` leaves behind."""

    def __init__(self, url: str, plugins: Sequence[str] = (), **settings: str) -> None:
        from tests.support.copies import filled  # not above: pytest loads its plugin `databases` itself

        lines = {"kehu.database_url": url, "kehu.plugins": " ".join(plugins)}
        self.settings = read(lines | {f"kehu.{name}": value for name, value in settings.items()}, {})
        self.kernel: Kernel = boot(self.settings)
        filled(url, tuple(plugins), self._set_up)

    def _set_up(self) -> None:
        runner.upgrade(self.settings.database_url, self.kernel.manifests)
        self.kernel.run(lambda work: setup.set_up(work, PASSWORD), write=True)
        self.close()

    @contextmanager
    def acting(self, user: str = "admin", *, write: bool = True) -> Iterator[Ctx]:
        """A unit of work as a user; it commits when the block ends."""
        with self.kernel.work(write=write) as work:
            yield work.act_as(login.by_login(work, user, door="test"))

    def run(self, task: Callable[[Ctx], T], user: str = "admin", *, write: bool = True) -> T:
        with self.acting(user, write=write) as ctx:
            return task(ctx)

    def create(self, key: str, values: Mapping[str, Any], user: str = "admin") -> int:
        """A record by JSON values; its id."""
        with self.acting(user) as ctx:
            return int(records.create(ctx, ctx.catalog[key], values).id)

    def unit(self, code: str, kind: str = "branch", parent: str = "hq") -> int:
        return self.create("core.unit", {"code": code, "name": code, "kind": kind, "parent": parent})

    def user(self, login: str, unit: str = "hq", roles: Sequence[str] = ("sales_rep",), **values: Any) -> int:
        return self.create("core.user", {"login": login, "name": login, "unit": unit, "roles": list(roles), **values})

    def role(self, code: str, grants: Sequence[Mapping[str, Any]], field_rights: Sequence[Any] = ()) -> int:
        return self.create(
            "core.role", {"code": code, "name": code, "grants": list(grants), "field_rights": list(field_rights)}
        )

    def customer(self, name: str, user: str = "admin", **values: Any) -> int:
        return self.create("core.customer", {"name": name, **values}, user)

    def attach(self, customer: int, name: str, content: bytes, user: str = "admin") -> int:
        """A file on a customer; its id."""
        with self.acting(user) as ctx:
            return attachments.add(ctx, "core.customer", customer, name, io.BytesIO(content)).id

    def close(self) -> None:
        """Close the connections; the next unit of work opens new ones."""
        self.kernel.database.dispose()
