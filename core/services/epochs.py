"""Raises the counters that cached rights go by, when a transaction changed what they rest on."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, update
from sqlalchemy.orm import Session

from core.db.guard import unscoped
from core.models import CustomField, Epoch, Role, Share, Term, Unit, User
from core.security.judge import changed_attributes

_USER_FACTS = {"unit_id", "roles", "clearance", "active", "login", "deleted_at"}


class EpochWatch:
    """A write hook. Units, users, roles, terms and custom fields count for `rights`, shares for `shares`."""

    def __init__(self) -> None:
        self._risen: set[str] = set()

    def before(self, session: Session, new: list[Any], dirty: list[Any], deleted: list[Any]) -> None:
        for obj in (*new, *deleted, *dirty):
            if isinstance(obj, Share):
                self._risen.add("shares")
            elif isinstance(obj, Unit | Role | Term | CustomField) or (
                isinstance(obj, User) and (obj not in dirty or changed_attributes(obj) & _USER_FACTS)
            ):
                self._risen.add("rights")

    def after(self, session: Session) -> None:
        """The counters rise at the end of the transaction, so that they are locked only briefly."""

    def mark(self) -> set[str]:
        """Which counters are to rise, for `rewind`."""
        return set(self._risen)

    def rewind(self, mark: set[str]) -> None:
        """What raised the others was rolled back to a savepoint."""
        self._risen = mark

    def write(self, connection: Connection) -> None:
        for name in sorted(self._risen):
            raised = update(Epoch).where(Epoch.name == name).values(number=Epoch.number + 1)
            unscoped(connection, raised)
        self._risen.clear()
