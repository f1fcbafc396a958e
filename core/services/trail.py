"""What the audit trail says of changes and of records, in few statements (M24)."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, select

from core.entities.past import BINNED
from core.models import Audit, Change
from core.services.chunks import chunked
from core.services.work import Ctx

AUDIT = "core.audit"
PROBE = "probe"  # written of a customer whom a check for duplicates has met and the asker may not see
Key = tuple[str, int]  # a record: its entity's key and its id


@dataclass(frozen=True)
class Entry:
    """One record's part of a change. `batch` is the change's Change-Id, `lines` are `{field, old, new}`."""

    id: int
    uuid: str
    batch: str
    number: int
    undoes: str | None
    happened_at: dt.datetime
    actor_id: int | None
    door: str
    seq: int
    action: str
    entity: str
    record_id: int | None
    lines: Sequence[Mapping[str, Any]]

    @property
    def key(self) -> Key:
        return self.entity, self.record_id or 0

    @property
    def fields(self) -> set[str]:
        return {line["field"] for line in self.lines}

    @property
    def removed(self) -> bool:
        """Whether the row is gone for good, so that nobody can see it."""
        return self.action == "delete" and BINNED not in self.fields


_COLUMNS = (
    *(Audit.id, Change.uuid, Change.batch, Change.number, Change.undoes, Change.happened_at, Change.actor_id),
    *(Change.door, Audit.seq, Audit.action, Audit.entity, Audit.record_id, Audit.changes),
)


def sees_all(ctx: Ctx) -> bool:
    """Whether the actor reads the whole audit trail, and not only what he did himself."""
    return ctx.rights.unlimited(ctx.catalog[AUDIT], "view")


def entries_of(ctx: Ctx, uuid: str) -> list[Entry]:
    """All parts of one change, in their order."""
    statement = select(*_COLUMNS).join(Audit, Audit.change_id == Change.id)
    return _entries(ctx, statement.where(Change.uuid == uuid).order_by(Audit.seq))


def entries_of_all(ctx: Ctx, uuids: Iterable[str]) -> list[list[Entry]]:
    """All parts of several changes, a list for each."""
    found: dict[str, list[Entry]] = {}
    for chunk in chunked(sorted(uuids)):
        statement = select(*_COLUMNS).join(Audit, Audit.change_id == Change.id).where(Change.uuid.in_(chunk))
        for entry in _entries(ctx, statement.order_by(Audit.change_id, Audit.seq)):
            found.setdefault(entry.uuid, []).append(entry)
    return list(found.values())


def pending(ctx: Ctx) -> list[Entry]:
    """What this transaction has done so far, and will have written down when it ends."""
    journal, actor = ctx.journal, ctx.identity
    place = (journal.uuid, journal.batch, 0, journal.undoes, ctx.now, actor.user_id, actor.door)
    return [
        Entry(0, *place, seq, entry.action, entry.entity, entry.record_id, entry.changes)
        for seq, entry in enumerate(journal.entries, 1)
    ]


def deeds_of(entries: Sequence[Entry]) -> list[Entry]:
    """What a change did, without what it met on the way; all of it where it did nothing."""
    return [entry for entry in entries if entry.action != PROBE] or list(entries)


def since(ctx: Ctx, entity: str, ids: Iterable[int], number: int) -> dict[int, list[Entry]]:
    """What happened to records of one kind after the change of that number, newest first, by record."""
    found: dict[int, list[Entry]] = defaultdict(list)
    for chunk in chunked(sorted(ids)):
        statement = (
            select(*_COLUMNS)
            .join(Audit, Audit.change_id == Change.id)
            .where(Audit.entity == entity, Audit.record_id.in_(chunk), Change.number > number)
            .order_by(Change.number.desc(), Audit.seq.desc())
        )
        for entry in _entries(ctx, statement):
            found[entry.record_id or 0].append(entry)
    return found


def standing(entries: Sequence[Entry]) -> list[Entry]:
    """Those of one record's entries, newest first, that still count.

    A change that was undone since, and the one that undid it, are left out: together they did nothing.
    """
    there = {entry.uuid for entry in entries}
    gone: set[str] = set()
    for entry in entries:
        if entry.uuid not in gone and entry.undoes in there and entry.undoes not in gone:
            gone |= {entry.uuid, str(entry.undoes)}
    return [entry for entry in entries if entry.uuid not in gone]


def _entries(ctx: Ctx, statement: Select[Any]) -> list[Entry]:
    return [Entry(*row) for row in ctx.system.execute(statement)]
