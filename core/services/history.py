"""Reading the trail: the history of one record, the changes that somebody made, one change in full."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import aliased

from core.errors import Forbidden, NotFound
from core.models import Audit, Change, User
from core.security.scope import ATTACHED, ROWS
from core.services import records, reversal, undo
from core.services.trail import Entry, entries_of_all, sees_all, since, standing
from core.services.work import Ctx
from plugins import Entity

LOGINS = ("login", "logout", "login-failed")  # actions that change no record


@dataclass(frozen=True)
class Fact:
    """One step of a record's past. `why_not` says why it cannot be undone; None: try."""

    entry: Entry
    on_behalf: str | None
    reason: str | None
    why_not: str | None


@dataclass(frozen=True)
class Deed:
    """What goes under one Change-Id. `did` counts records by entity and action, `undoes` is another Change-Id."""

    batch: str
    happened_at: dt.datetime
    actor_id: int | None
    door: str
    on_behalf: str | None
    reason: str | None
    address: str | None
    number: int
    undoes: str | None
    transactions: int
    did: tuple[tuple[str, str, int], ...]


# --- of one record -----------------------------------------------------------------------------------


def history(ctx: Ctx, entity: Entity, record_id: int, limit: int, before: int | None) -> tuple[list[Fact], bool]:
    """What became of a record that the actor sees, newest first, and whether there is more.

    `before` is the id of the entry after which the page begins. Raises NotFound.
    """
    record = records.find(ctx, entity, record_id)
    return facts(ctx, entity, record, limit, *([] if before is None else [Audit.id < before]))


def facts(
    ctx: Ctx, entity: Entity, record: Any, limit: int, *where: ColumnElement[bool], order: Any = Audit.id
) -> tuple[list[Fact], bool]:
    """The same of a record that the actor has found, of entries that fit, by `order` and their ids downwards."""
    statement = select(Audit).where(Audit.entity == entity.key, Audit.record_id == record.id, *where)
    rows = ctx.db.scalars(
        statement.order_by(order.desc(), Audit.id.desc()).limit(limit + 1),
        execution_options={ATTACHED: (entity.key, record.id)},
    ).all()
    page = rows[:limit]
    changes = {
        change.id: change
        for change in ctx.system.scalars(select(Change).where(Change.id.in_({row.change_id for row in page})))
    }
    entries = [_entry(row, changes[row.change_id]) for row in page]
    # All that is newer than the page: it decides what can still be undone.
    newer = since(ctx, entity.key, [record.id], min(entry.number for entry in entries) - 1) if entries else {}
    # Those of a batch are set back one by one, the others as a whole.
    closed = undo.why_not_whole(ctx, entries_of_all(ctx, {one.uuid for one in entries if one.uuid == one.batch}))
    found = [
        Fact(
            *(entry, change.on_behalf, change.reason),
            _why_not(ctx, entity, record, entry, newer) or closed.get(entry.uuid),
        )
        for entry, change in ((entry, changes[row.change_id]) for entry, row in zip(entries, page, strict=True))
    ]
    return found, len(rows) > limit


def _entry(row: Audit, change: Change) -> Entry:
    return Entry(
        *(row.id, change.uuid, change.batch, change.number or 0, change.undoes, row.happened_at, row.actor_id),
        *(row.door, row.seq, row.action, row.entity, row.record_id, row.changes),
    )


def _why_not(ctx: Ctx, entity: Entity, record: Any, entry: Entry, newer: dict[int, list[Entry]]) -> str | None:
    """Why the actor cannot undo this entry, as far as this record tells."""
    if (never := reversal.why_never(ctx.catalog, entry)) is not None:
        return never
    (part,) = reversal.parts_of(ctx.catalog, [entry]) or (None,)
    if part is None:
        return undo.UNDONE
    try:
        later = standing([one for one in newer.get(record.id, []) if one.number > entry.number])
        if list(undo.conflicts(part, record, later)):
            return undo.LATER
    except undo.UndoConflict as conflict:
        return conflict.detail
    try:
        undo.may(ctx, part, record)
    except Forbidden as forbidden:
        return forbidden.detail
    return None


def is_part(ctx: Ctx, uuid: str) -> bool:
    """Whether the change is one transaction of a batch, such as an import's."""
    batch = ctx.system.scalar(select(Change.batch).where(Change.uuid == uuid))
    return batch is not None and batch != uuid


# --- changes -----------------------------------------------------------------------------------------


def deeds(
    ctx: Ctx,
    limit: int,
    before: int | None = None,
    *,
    actor_id: int | None = None,
    record: tuple[str, int] | None = None,
    logins: bool = True,
) -> tuple[list[Deed], bool]:
    """Changes, newest first, and whether there are more: the actor's own, or all for who reads the whole trail.

    Without `logins`, only what did more than log somebody in or out.
    """
    where: list[ColumnElement[bool]] = [Change.number.is_not(None)]
    if before is not None:
        where.append(Change.number < before)
    if not sees_all(ctx):
        where.append(Change.actor_id == ctx.identity.user_id)
    if actor_id is not None:
        where.append(Change.actor_id == actor_id)
    if not logins:
        more = select(Audit.id).where(Audit.change_id == Change.id, Audit.action.not_in(LOGINS))
        where.append(more.exists())
    if record is not None:
        touching = select(Audit.batch).where(Audit.entity == record[0], Audit.record_id == record[1])
        where.append(Change.batch.in_(touching))
    newer = aliased(Change)
    last = ~select(newer.id).where(newer.batch == Change.batch, newer.number > Change.number).exists()
    statement = select(Change).where(and_(*where), last).order_by(Change.number.desc()).limit(limit + 1)
    found = ctx.system.scalars(statement).all()
    return _deeds(ctx, found[:limit]), len(found) > limit


def deed(ctx: Ctx, batch: str) -> Deed:
    """One of them. NotFound for another's, and for what is none."""
    statement = select(Change).where(Change.batch == batch, Change.number.is_not(None))
    found = ctx.system.scalars(statement.order_by(Change.number.desc()).limit(1)).one_or_none()
    if found is None or not (found.actor_id == ctx.identity.user_id or sees_all(ctx)):
        raise NotFound
    return _deeds(ctx, [found])[0]


def entries(ctx: Ctx, batch: str, limit: int, after: int | None) -> tuple[list[Audit], bool]:
    """The audit rows of a deed that the actor may read, in their order, and whether there are more."""
    statement = select(Audit).join(Change, Change.id == Audit.change_id).where(Change.batch == batch)
    if after is not None:
        statement = statement.where(Audit.id > after)
    rows = ctx.system.scalars(statement.order_by(Audit.id).limit(limit + 1)).all()
    return list(rows[:limit]), len(rows) > limit


def user_id(ctx: Ctx, login: str) -> int | None:
    """The id of a user whom the actor sees."""
    return ctx.db.scalar(select(User.id).where(User.login == login), execution_options={ROWS: "any"})


def _deeds(ctx: Ctx, changes: Sequence[Change]) -> list[Deed]:
    """With what was done in each; three statements for all of them."""
    batches = [change.batch for change in changes]
    counted: Any = ctx.system.execute(
        select(Change.batch, Audit.entity, Audit.action, func.count())
        .join(Audit, Audit.change_id == Change.id)
        .where(Change.batch.in_(batches))
        .group_by(Change.batch, Audit.entity, Audit.action)
        .order_by(Audit.entity, Audit.action)
    )
    did: dict[str, list[tuple[str, str, int]]] = {}
    for batch, entity, action, number in counted:
        did.setdefault(batch, []).append((entity, action, number))
    several: Any = ctx.system.execute(
        select(Change.batch, func.count()).where(Change.batch.in_(batches)).group_by(Change.batch)
    )
    times = dict(several.all())
    undone: Any = ctx.system.execute(
        select(Change.uuid, Change.batch).where(Change.uuid.in_([one.undoes for one in changes if one.undoes]))
    )
    undoes = dict(undone.all())
    return [
        Deed(
            *(one.batch, one.happened_at, one.actor_id, one.door, one.on_behalf, one.reason, one.address),
            *(one.number or 0, undoes.get(one.undoes), times[one.batch], tuple(did.get(one.batch, ()))),
        )
        for one in changes
    ]
