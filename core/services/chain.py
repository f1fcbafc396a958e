"""Proves that the audit trail is still what was written: every hash is calculated again (M24).

Who can rewrite the whole chain and its head is found out by a head hash that is kept elsewhere.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from core.models import Audit, ChainHead, Change
from core.services.journal import GENESIS, HEAD, link
from core.services.work import Work

BATCH = 200
_OF_CHANGE = (
    *("uuid", "batch", "happened_at", "actor_id", "on_behalf", "door"),
    *("session_id", "token_id", "address", "reason", "undoes"),
)
_COPIED = ("batch", "happened_at", "actor_id", "door")  # into each row, to search by
_OF_ROW = ("seq", "action", "entity", "record_id", "changes")


@dataclass(frozen=True)
class Broken:
    """The first change that does not fit: its place in the chain and, if it is there, its UUID."""

    number: int | None
    uuid: str | None
    problem: str

    def __str__(self) -> str:
        place = "outside the chain" if self.number is None else f"at change {self.number}"
        return f"The audit trail is broken {place}{f' ({self.uuid})' if self.uuid else ''}: {self.problem}."


def verify(work: Work) -> Broken | None:
    """Walk the whole chain, in the order in which it was written. None when every part fits."""
    number, uuid, previous, size = 0, None, GENESIS, BATCH
    while True:
        try:
            changes = _read(work, number, size)
        except ValueError:  # somebody wrote what is not even JSON or a moment; find the change
            if size == 1:
                return Broken(number + 1, None, "what is stored of it cannot be read")
            size = 1
            continue
        if not changes:
            head = work.system.execute(select(ChainHead.number, ChainHead.hash).where(ChainHead.id == HEAD)).first()
            if head is not None and head.number > number and _read(work, number, 1):
                continue  # appended in the meantime
            return _at_the_end(head, number, uuid, previous) or _stray(work)
        for change, rows in changes:
            broken = _misfit(change, rows, number + 1, previous)
            if broken is not None:
                return broken
            number, uuid, previous = change["number"], change["uuid"], change["hash"]


def _read(work: Work, after: int, size: int) -> list[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """The next changes with their audit rows."""
    columns = ("id", "number", "prev_hash", "hash", *_OF_CHANGE)
    statement = (
        select(*(getattr(Change, name) for name in columns))
        .where(Change.number > after)
        .order_by(Change.number)
        .limit(size)
    )
    changes = [dict(row._mapping) for row in work.system.execute(statement)]
    rows: dict[int, list[dict[str, Any]]] = defaultdict(list)
    by_id = {change["id"]: change for change in changes}
    statement = (
        select(Audit.change_id, *(getattr(Audit, name) for name in (*_OF_ROW, *_COPIED)))
        .where(Audit.change_id.in_(list(by_id)))
        .order_by(Audit.change_id, Audit.seq, Audit.id)
    )
    for row in work.system.execute(statement) if changes else ():
        change = by_id[row.change_id]
        # A copy that is none is read along, and told from the others by it.
        names = (*_OF_ROW, *(name for name in _COPIED if row._mapping[name] != change[name]))
        rows[row.change_id].append({name: row._mapping[name] for name in names})
    return [(change, rows[change["id"]]) for change in changes]


def _misfit(change: Mapping[str, Any], rows: list[dict[str, Any]], number: int, previous: str) -> Broken | None:
    """What is wrong with the change that should be the one of this number and follow `previous`."""
    found, uuid = change["number"], change["uuid"]
    if found != number:
        return Broken(number, None, f"it is missing; the next that is there is {found} ({uuid})")
    if change["prev_hash"] != previous:
        return Broken(number, uuid, "it does not follow the change before it, which was altered, moved or replaced")
    if [row["seq"] for row in rows] != list(range(1, len(rows) + 1)):
        return Broken(number, uuid, "an audit row was added, removed or moved")
    copied = all(len(row) == len(_OF_ROW) for row in rows)
    if not copied or link(previous, {name: change[name] for name in _OF_CHANGE}, rows) != change["hash"]:
        return Broken(number, uuid, "it or one of its audit rows was altered, added or removed")
    return None


def _at_the_end(head: Any, number: int, uuid: str | None, previous: str) -> Broken | None:
    """Whether the head of the chain is where the walk ended."""
    if head is None:
        return Broken(number, uuid, "the head of the chain is gone")
    if head.number > number:
        return Broken(number + 1, None, f"it is missing; the head of the chain counts {head.number} changes")
    if head.number < number:
        return Broken(head.number + 1, None, f"it follows the head of the chain, which counts {head.number} changes")
    if head.hash != previous:
        return Broken(number, uuid, "the head of the chain holds another hash")
    return None


def _stray(work: Work) -> Broken | None:
    """A change without a number, or an audit row without a change: written past the kernel."""
    uuid = work.system.scalar(select(Change.uuid).where(Change.number.is_(None)).order_by(Change.id).limit(1))
    if uuid is not None:
        return Broken(None, uuid, "it was never linked to the others")
    row = work.system.scalar(
        select(Audit.id)
        .outerjoin(Change, Change.id == Audit.change_id)
        .where(Change.id.is_(None))
        .order_by(Audit.id)
        .limit(1)
    )
    return None if row is None else Broken(None, None, f"audit row {row} belongs to no change")
