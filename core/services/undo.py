"""Undo: what a change did to its records, set back (M24).

The audit says what was there. Undo writes it again as its actor would, judged by the right of each
action that it reverses, by the fields' rights and by the entities' rules, on both images; so it never
makes what a form could not. It is a change itself, and undone like any other: that is redo.

A change that touched the same fields later stands in the way (409 `UNDO_CONFLICT`), and so does a record
that is gone. What is no change of a record, or says that it cannot be set back, is refused (409
`UNDO_REFUSED`). One change is set back as a whole or not at all.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from core.entities.past import BINNED
from core.errors import Conflict, Forbidden, Invalid, KehuError, NotFound
from core.i18n import _
from core.models import Audit, Change
from core.security import places
from core.security.catalog import attribute_name, verb_of
from core.security.judge import refusal
from core.services import allowed, merging, records, restoring, witness, writes
from core.services.images import exact, stored
from core.services.reversal import (
    NATURAL,
    RESTORE,
    UNDO,
    Part,
    binning_right,
    function_of,
    in_order,
    needed,
    parts_of,
    right_of,
    rights_of,
    values_of,
    why_never,
)
from core.services.trail import Entry, Key, deeds_of, entries_of, pending, since, standing
from core.services.work import Ctx
from plugins import Entity

CONFLICT, REFUSED = "UNDO_CONFLICT", "UNDO_REFUSED"
GONE = _("A record of this change is not there any more, or you may not see it.")
UNDONE = _("This change was undone already.")
LATER = _("Some of this was changed again later.")
NOT_ALL = refusal("undo")  # the sentence for any right that is missing: it tells nothing of what is hidden


@dataclass(frozen=True)
class InTheWay:
    """What was done later to a record that a change should leave as it was. `later` None: nobody knows by whom."""

    entity: Entity
    record_id: int
    fields: tuple[str, ...]
    later: Entry | None


class UndoConflict(Conflict):
    """409: `in_the_way` lists the later changes."""

    title = _("This cannot be undone any more")

    def __init__(self, detail: str, in_the_way: Sequence[InTheWay] = (), **more: Any) -> None:
        super().__init__(detail, code=CONFLICT, **more)
        self.in_the_way = tuple(in_the_way)
        self.conflicts: list[Any] = []  # as the reader may see them


class AlreadyUndone(UndoConflict):
    """409: somebody was quicker."""


# --- one change --------------------------------------------------------------------------------------


def undo(ctx: Ctx, uuid: str) -> int:
    """Set one change back, all of it, in this transaction. Returns how many records it left as they were.

    Raises NotFound, Forbidden, UndoConflict, Conflict.
    """
    _lock(ctx, uuid)
    entries = deeds_of(entries_of(ctx, uuid))
    known = {entry.key for entry in witness.known(ctx, entries)}
    if not known:
        raise NotFound
    moved = merging.moved(ctx, entries)
    if any(entry.key not in known | moved for entry in entries):
        raise Forbidden(NOT_ALL)
    parts = parts_of(ctx.catalog, [entry for entry in entries if why_never(ctx.catalog, entry) is None])
    found = restoring.held(ctx, (part.key for part in parts))
    for entry in entries:
        if (reason := why_never(ctx.catalog, entry)) is not None:
            raise Conflict(reason, code=REFUSED)
    unseen = [part for part in parts if part.key in moved - found.keys()]
    parts = [part for part in parts if part not in unseen]
    hidden = [part for part in parts if part.key not in found and part.binned]  # as long as their customer is, too
    for together in ([part for part in parts if part not in hidden], hidden):
        found |= restoring.held(ctx, (part.key for part in together if part.key not in found))
        for part in together:
            may(ctx, part, found.get(part.key))
        _nothing_later(ctx, together, found, entries)
        ctx.journal.undoes = uuid
        for part in in_order(together):
            set_back(ctx, part, found.get(part.key))
    merging.move_back(ctx, unseen)
    return len(parts) + sum(part.key in known for part in unseen)


def is_undoable(ctx: Ctx) -> bool:
    """Whether the actor may set back all that this transaction has done so far."""
    entries = deeds_of(pending(ctx))
    if not entries or any(why_never(ctx.catalog, entry) is not None for entry in entries):
        return False
    parts = parts_of(ctx.catalog, entries)
    found = restoring.held(ctx, (part.key for part in parts))
    there = found.keys() | merging.moved(ctx, entries)
    if any(part.key not in there for part in parts if not part.removed):
        return False
    try:
        for part in parts:
            may(ctx, part, found.get(part.key))
    except Forbidden:
        return False
    return True


@dataclass(frozen=True)
class Failure:
    """A record of a batch that could not be set back, and why."""

    entity: str
    record_id: int
    error: KehuError


@dataclass
class Outcome:
    """What became of one transaction of a batch. `records` were set back; those that were already are not counted."""

    records: int = 0
    failures: list[Failure] = field(default_factory=list)


def transactions(ctx: Ctx, batch: str, before: int | None = None) -> list[tuple[int, str]]:
    """The changes under one Change-Id, the newest first, by number and UUID; those `before` a number."""
    statement = select(Change.number, Change.uuid).where(Change.batch == batch, Change.number.is_not(None))
    if before is not None:
        statement = statement.where(Change.number < before)
    rows: Any = ctx.system.execute(statement.order_by(Change.number.desc()))
    return [(number, uuid) for number, uuid in rows]


def in_sight(ctx: Ctx, changes: Sequence[tuple[int, str]], most: int) -> list[tuple[int, str]]:
    """The first of a batch's transactions of which the actor may know something, at most so many."""
    found: list[tuple[int, str]] = []
    for number, uuid in changes:
        if len(found) == most:
            break
        entries = entries_of(ctx, uuid)
        if entries and witness.is_his(ctx, entries[0]):
            return list(changes[:most])
        if witness.known(ctx, entries):
            found.append((number, uuid))
    return found


def why_not_whole(ctx: Ctx, changes: Sequence[Sequence[Entry]]) -> dict[str, str]:
    """Why the actor cannot undo those of the changes, by UUID, that hold records he does not see."""
    several = [entries for entries in map(deeds_of, changes) if len({entry.key for entry in entries}) > 1]
    seen = witness.seen(ctx, [entry for entries in several for entry in entries]) if several else set()
    found = {}
    for entries in several:
        is_his = witness.is_his(ctx, entries[0])
        removed = {entry.key for entry in entries if is_his and entry.removed}
        hidden = {entry.key for entry in entries} - seen - removed
        if hidden and hidden - merging.moved(ctx, entries):
            found[entries[0].uuid] = GONE if is_his else NOT_ALL
    return found


def undo_what_can_be(ctx: Ctx, uuid: str) -> Outcome:
    """Set one change of a batch back, record by record; what stands in the way of one does not harm the others.

    Of a part of which the actor may not know, nothing is said, and nothing done.
    """
    _lock(ctx, uuid)
    entries = witness.known(ctx, deeds_of(entries_of(ctx, uuid)))
    outcome = Outcome()
    if not entries:
        return outcome
    for entry in entries:
        if (reason := why_never(ctx.catalog, entry)) is not None:
            refused = Conflict(reason, code=REFUSED)
            outcome.failures.append(Failure(*entry.key, refused))
    failed = {(failure.entity, failure.record_id) for failure in outcome.failures}
    parts = parts_of(ctx.catalog, [entry for entry in entries if entry.key not in failed])
    found, later = restoring.held(ctx, (part.key for part in parts)), _later(ctx, parts, entries)
    ctx.journal.undoes = uuid
    for part in in_order(parts):
        record = found.get(part.key)
        if record is None and part.binned:  # what it hangs on may be back by now
            record = restoring.held(ctx, [part.key]).get(part.key)
        try:
            with ctx.savepoint():
                may(ctx, part, record)
                in_the_way = list(conflicts(part, record, later.get(part.key, [])))
                if in_the_way:
                    raise UndoConflict(LATER, in_the_way)
                set_back(ctx, part, record)
        except AlreadyUndone:
            continue
        except KehuError as error:
            outcome.failures.append(Failure(*part.key, error))
        else:
            outcome.records += 1
    return outcome


def undo_one(ctx: Ctx, uuid: str, key: Key) -> None:
    """Set back what a change of a batch did to one record. Raises as `undo` does."""
    _lock(ctx, uuid)
    entries = [entry for entry in witness.known(ctx, entries_of(ctx, uuid)) if entry.key == key]
    if not entries:
        raise NotFound
    for entry in entries:
        if (reason := why_never(ctx.catalog, entry)) is not None:
            raise Conflict(reason, code=REFUSED)
    parts = parts_of(ctx.catalog, entries)
    found = restoring.held(ctx, [key])
    for part in parts:
        may(ctx, part, found.get(key))
    _nothing_later(ctx, parts, found, entries)
    ctx.journal.undoes = uuid
    for part in parts:
        set_back(ctx, part, found.get(key))


def _lock(ctx: Ctx, uuid: str) -> None:
    """Let undos of the same change wait for each other; all that is read is read after it."""
    ctx.system.execute(select(Change.id).where(Change.uuid == uuid).with_for_update())


def may(ctx: Ctx, part: Part, record: Any) -> None:
    """Forbidden unless the actor may do what the part needs; nothing is said of a record that he does not see."""
    if record is not None:
        names = () if part.made else part.old.keys() - {BINNED}
        restoring.may_set_back(ctx, part.entity, record, names, sorted(needed(part)))


# --- what stands in the way --------------------------------------------------------------------------


def _nothing_later(ctx: Ctx, parts: Sequence[Part], found: Mapping[Key, Any], entries: Sequence[Entry]) -> None:
    """UndoConflict if a record is gone, or a later change touched what should be set back."""
    later = _later(ctx, parts, entries)
    in_the_way: list[InTheWay] = []
    for part in parts:
        in_the_way += conflicts(part, found.get(part.key), later.get(part.key, []))
    if in_the_way:
        raise UndoConflict(LATER, in_the_way)


def _later(ctx: Ctx, parts: Sequence[Part], entries: Sequence[Entry]) -> dict[Key, list[Entry]]:
    """What still counts of all that happened to the records after the change."""
    wanted: dict[str, list[int]] = {}
    for part in parts:
        wanted.setdefault(part.entity.key, []).append(part.record_id)
    return {
        (key, record_id): standing(later)
        for key, ids in sorted(wanted.items())
        for record_id, later in since(ctx, key, ids, entries[0].number).items()
    }


def conflicts(part: Part, record: Any, later: Sequence[Entry]) -> Iterator[InTheWay]:
    """What stands in the way of setting a part back; UndoConflict where it was undone, or is not there."""
    if any(entry.undoes == part.entries[0].uuid for entry in later):
        raise AlreadyUndone(UNDONE)
    if part.removed:
        return  # its id may be another's by now
    if record is None:
        raise UndoConflict(GONE)
    watched = set(part.old)
    if part.made:
        watched |= {name for entry in later for name in entry.fields} - {BINNED}
    if getattr(record, BINNED, None) is not None:
        watched.add(BINNED)
    explained: set[str] = set()
    for entry in later:
        touched = entry.fields & watched
        explained |= touched
        if touched:
            yield InTheWay(part.entity, part.record_id, tuple(sorted(touched)), entry)
    if not part.made:
        differing = {name for name, value in part.new.items() if _now(part.entity, record, name, value) != value}
        if unexplained := differing - explained:
            yield InTheWay(part.entity, part.record_id, tuple(sorted(unexplained)), None)


def _now(entity: Entity, record: Any, name: str, expected: Any) -> Any:
    """A field's value as the audit would keep it. Of a set only the trail tells: its reader may not see all."""
    if name == BINNED:
        return exact(record.deleted_at)
    one = entity.field(name)
    if one.type.kind == "references":
        return expected
    held = places.holder(record, one, look=True)
    return stored(one, None if held is None else getattr(held, attribute_name(one)))


# --- setting back ------------------------------------------------------------------------------------


def set_back(ctx: Ctx, part: Part, record: Any) -> None:
    """Leave one record as it was before the change; what its rules refuse is a conflict."""
    try:
        _set_back(ctx, part, record)
    except Invalid as invalid:
        raise UndoConflict(_("The values of before are not allowed any more."), errors=invalid.errors) from invalid


def _set_back(ctx: Ctx, part: Part, record: Any) -> None:
    if part.removed:
        _make_again(ctx, part)
        return
    entity = part.entity
    if part.made:
        allowed.require(ctx, entity, "delete", record)
        records.remove(ctx, entity, record)
        return
    _call(ctx, part, record)
    for entry in reversed(part.entries):
        if (function := function_of(entity, entry)) is not None:
            allowed.require(ctx, entity, right_of(entity, entry), record)
            function(ctx, record, entry)
            writes.flush(ctx)
    if getattr(record, "merged_into_id", None) is not None:
        allowed.require(ctx, entity, binning_right(part), record)
        merging.set_apart(ctx, record)
    elif BINNED in part.old and part.new[BINNED] is not None and part.old[BINNED] is None:
        allowed.require(ctx, entity, "delete", record)
        restore = verb_of(entity, RESTORE)
        (restore.run if restore is not None else records.restore)(ctx, record, {})
        writes.flush(ctx)
    if values := values_of(part, record):
        restoring.set_back(ctx, entity, record, values, rights_of(part))
    if part.restored:
        allowed.require(ctx, entity, "delete", record)
        records.remove(ctx, entity, record, dt.datetime.fromisoformat(part.old[BINNED]))
    ctx.journal.called_off(record)


def _call(ctx: Ctx, part: Part, record: Any) -> None:
    """Name a verb's undo, so that to redo it needs the verb's right again."""
    verbs = [entry.action for entry in part.entries if entry.action not in NATURAL]
    if verbs:
        name = verbs[-1]
        ctx.journal.call(record, name.removeprefix(UNDO) if name.startswith(UNDO) else f"{UNDO}{name}"[:32])


def _make_again(ctx: Ctx, part: Part) -> None:
    """A row that was removed for good, under its old id if that is free, and as made when and by whom it was."""
    model: Any = part.entity.model
    values = {name: value for name, value in part.old.items() if value is not None}
    known: dict[str, Any] = {}
    if ctx.system.scalar(select(model.id).where(model.id == part.record_id)) is None:
        known["id"] = part.record_id
    first = (
        select(Audit.happened_at, Audit.actor_id)
        .join(Change, Change.id == Audit.change_id)
        .where(Audit.entity == part.entity.key, Audit.record_id == part.record_id, Audit.action == "create")
        .where(Change.undoes.is_(None))  # whoever made it again is not who made it
        .order_by(Audit.id.desc())
        .limit(1)
    )
    made = ctx.system.execute(first).one_or_none()
    if made is not None:
        known |= {"created_at": made.happened_at, "created_by_id": made.actor_id}
    restoring.make_again(ctx, part.entity, values, known)
