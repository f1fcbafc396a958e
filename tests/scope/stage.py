"""A world put into a database, behind the back of everything that guards it, and people who act in it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, replace
from typing import Any

from sqlalchemy import Connection, Engine, Table, delete, insert, select, update

from core.db import engine as engines
from core.db.base import metadata
from core.models import Customer, Epoch, Role, Share, Term, Unit, User, user_role
from core.security.identity import Identity
from core.services.work import Ctx, Kernel
from tests.scope import oracle
from tests.scope.models import Deal, Diary, Visit, deal_partner, extended
from tests.scope.worlds import FIRST
from tests.support.site import Site

Rows = list[dict[str, Any]]
LONG_AGO = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
_RECORD = {"version": 1, "created_at": LONG_AGO, "updated_at": LONG_AGO}
_MODELS: tuple[Any, ...] = (Unit, User, Role, Customer, Deal, Visit, Diary, Share)
_LINKS = (user_role, deal_partner)


class Undo(Exception):
    """Ends a unit of work without a trace."""


class Stage:
    """A site with the test plugin on. `engine` is a plain one: no guard, no tripwire."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.engine: Engine = engines.create(site.settings.database_url, pooled=False)
        self.kernel: Kernel = extended(site.kernel, self.engine)

    def set_clock(self, now: dt.datetime) -> None:
        """Stop the clock at a moment."""

        class Stopped(type(self.kernel.clock)):  # type: ignore[misc]
            def now(self) -> dt.datetime:
                return now

        self.kernel = replace(self.kernel, clock=Stopped(self.kernel.settings))

    @contextmanager
    def acting(self, user: oracle.User, *, write: bool = False, **identity: Any) -> Iterator[Ctx]:
        """A unit of work as the user."""
        with self.kernel.work(write=write) as work:
            yield work.act_as(Identity(user.id, user.login, user.login, user.unit_id, "test", **identity))

    def terms(self) -> list[oracle.Term]:
        with self.engine.connect() as connection:
            rows = connection.execute(select(Term.id, Term.list_name, Term.code, Term.parent_id))
            return [oracle.Term(*row) for row in rows]

    def dump(self) -> Mapping[str, Rows]:
        """All rows of all our tables."""
        with self.engine.connect() as connection:
            return {
                table.name: [
                    dict(row._mapping) for row in connection.execute(select(table).order_by(*table.primary_key))
                ]
                for table in metadata.sorted_tables
                if self.engine.dialect.has_table(connection, table.name)
            }

    # --- filling the database -------------------------------------------------------------------

    def play(self, world: oracle.World) -> None:
        """Make the database hold this world and nothing of the one before."""
        with self.engine.begin() as connection:
            _clear(connection)
            for model, rows in _rows(world):
                if rows:
                    connection.execute(insert(model), rows)
            raise_epochs(connection)

    def fill(self, rows: Iterable[tuple[Any, Rows]]) -> None:
        """Add rows of models and link tables, complete with what every record has."""
        with self.engine.begin() as connection:
            for model, some in rows:
                if some:
                    connection.execute(insert(model), some if isinstance(model, Table) else _complete(model, some))
            raise_epochs(connection)


def raise_epochs(connection: Connection) -> None:
    connection.execute(update(Epoch).values(number=Epoch.number + 1))


def _clear(connection: Connection) -> None:
    """Only units, people and roles are there from the beginning; all others go."""
    for link in _LINKS:
        connection.execute(delete(link).where(next(iter(link.c)) >= FIRST))
    for model in reversed(_MODELS):
        if "parent_id" in model.__table__.c:
            connection.execute(update(model).values(parent_id=None).where(model.id >= FIRST))
        kept = model in (Unit, User, Role)
        connection.execute(delete(model).where(model.id >= FIRST) if kept else delete(model))


def _complete(model: Any, rows: Rows) -> Rows:
    """The rows with the columns that the test has no opinion on."""
    table = model.__table__
    common = _RECORD if "version" in table.c else {}
    if model is Customer:
        common = {**common, "kind": "company", "state": "target"}
        rows = [{"code": f"T{row['id']}", "name": f"n{row['id']}", "sort_key": f"n{row['id']}", **row} for row in rows]
    if model is User:
        common = {**common, "old_passwords": [], "active": True, "epoch": 1, "clearance": 1}
    if model is Role:
        common = {**common, "field_rights": []}
    return [{**common, **row} for row in rows]


def _rows(world: oracle.World) -> Iterator[tuple[Any, Rows]]:
    units = [unit for unit in world.units.values() if unit.id >= FIRST]
    yield Unit, _complete(Unit, [{**asdict(unit), "name": unit.code} for unit in units])
    yield User, _complete(User, [_user(user) for user in world.users.values()])
    yield Role, _complete(Role, [_role(role) for role in world.roles.values()])
    yield (
        user_role,
        [{"user_id": user.id, "role_id": role_id} for user in world.users.values() for role_id in user.role_ids],
    )
    yield Customer, _complete(Customer, [columns(customer) for customer in world.customers.values()])
    yield Deal, _complete(Deal, [{**columns(deal), "name": f"d{deal.id}"} for deal in world.deals.values()])
    yield Visit, _complete(Visit, [{**columns(visit), "subject": f"s{visit.id}"} for visit in world.visits.values()])
    yield Share, _complete(Share, [_share(share) for share in world.shares.values()])


def _user(user: oracle.User) -> dict[str, Any]:
    row = asdict(user)
    del row["role_ids"]
    return {**row, "name": user.login}


def _role(role: oracle.Role) -> dict[str, Any]:
    return {"id": role.id, "code": f"r{role.id}", "name": "r", "grants": [asdict(grant) for grant in role.grants]}


def columns(record: oracle.Customer | oracle.Deal | oracle.Visit) -> dict[str, Any]:
    """The record's values by column."""
    row = asdict(record)
    deleted = row.pop("deleted")
    return {**row, "deleted_at": LONG_AGO if deleted else None}


def _share(share: oracle.Share) -> dict[str, Any]:
    row = asdict(share)
    target = {f"to_{kind}_id": None for kind in ("user", "unit", "role")}
    target[f"to_{row.pop('to')}_id"] = row.pop("target_id")
    return {**row, **target, "actions": list(share.actions)}
