"""One and the same done to many records: tried first, done as a job, taken back as a whole.

Which records are meant is said by their ids or by what a list finds, never by a copy of what it found. Each
record is judged by itself; what is refused for one does not harm the others, and why it was is counted.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select

from core.db.base import Binnable
from core.db.guard import unscoped
from core.entities.listing import as_json, ask
from core.errors import Conflict, Invalid, KehuError, NotFound
from core.fields import INT_MAX
from core.i18n import _
from core.models import QueuedJob
from core.security.catalog import verb_of
from core.services import bulk, records, undo, writes
from core.services.bulk import Result
from core.services.jobs import actions
from core.services.jobs.queue import OPEN, enqueue
from core.services.sentences import kept
from core.services.work import Ctx
from plugins import Entity, Field, Job, More, Verb

EDIT, DELETE = "edit", "delete"
PART = 100  # records in one transaction
TRIED = 1000  # records that a rehearsal looks at
MOST = 1000  # ids that can be named
_REASONS, _NAMED = 20, 3  # reasons that are told apart, and records named for each
_LATER = dt.timedelta(seconds=2)


@dataclass(frozen=True)
class Which:
    """Records by `ids`, in their order, or all that `filter` and `text` find and that are not newer than `until`."""

    ids: tuple[int, ...] = ()
    filter: Any = None
    text: str = ""
    until: int | None = None

    @classmethod
    def named(cls, ids: Sequence[int]) -> Which:
        """Raises Invalid for too many, or none."""
        if not 0 < len(ids) <= MOST:
            raise Invalid(_("Choose 1 to ${n} records, or all that match.", mapping={"n": MOST}))
        return cls(tuple(sorted({min(one, INT_MAX + 1) for one in ids})))

    @classmethod
    def found(cls, ctx: Ctx, entity: Entity, filter: Any, text: str) -> Which:
        """All that a list finds now."""
        model: Any = entity.model
        return cls(filter=as_json(filter), text=text, until=ctx.system.scalar(select(func.max(model.id))) or 0)

    def count(self, ctx: Ctx, entity: Entity) -> int:
        """How many they are now. Raises as a list does for what cannot be asked."""
        if self.until is None:
            return len(self.ids)
        wanted = ask(ctx.rights, entity, filter=self.filter, text=self.text or None, limit=1, count=True)
        return records.listing(ctx, wanted).total or 0

    def part(self, ctx: Ctx, entity: Entity, at: Any) -> tuple[list[int], Any]:
        """The ids of a part and where the next one begins; None for the first and after the last."""
        if self.until is None:
            begin = at or 0
            end = begin + PART
            return list(self.ids[begin:end]), end if end < len(self.ids) else None
        wanted = ask(ctx.rights, entity, filter=self.filter, text=self.text or None, sort="id", limit=PART, cursor=at)
        found = records.listing(ctx, wanted)
        ids = [record.id for record in found.records if record.id <= self.until]
        return ids, found.next if len(ids) == PART else None


@dataclass(frozen=True)
class Deed:
    """What is done: `edit` with the texts of fields, `delete`, or a verb with its JSON arguments."""

    name: str
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Tally:
    """What became of records. `refused` holds, for each reason, how many there were and the first of them."""

    changed: int = 0
    same: int = 0
    refused: dict[str, list[Any]] = field(default_factory=dict)

    @property
    def skipped(self) -> int:
        return sum(number for number, _ids in self.refused.values())

    @property
    def done(self) -> int:
        return self.changed + self.same + self.skipped

    def add(self, ids: Sequence[int], results: Sequence[Result]) -> None:
        for one, result in zip(ids, results, strict=True):
            if result.refusal is not None:
                self._refuse(one, result.refusal)
            elif result.same:
                self.same += 1
            else:
                self.changed += 1

    def _refuse(self, record_id: int, error: KehuError) -> None:
        reason = json.dumps(kept(error.reasons[0]), ensure_ascii=False, sort_keys=True)
        if reason not in self.refused and len(self.refused) >= _REASONS:
            reason = json.dumps(kept(_("other reasons")), ensure_ascii=False, sort_keys=True)
        number, ids = self.refused.get(reason, [0, []])
        self.refused[reason] = [number + 1, [*ids, record_id][:_NAMED]]


# --- what can be done, and doing it ----------------------------------------------------------------------


def editable(ctx: Ctx, entity: Entity) -> list[Field]:
    """The fields that can be given one value on many records."""
    if not _may_ever(ctx, entity, "edit"):
        return []
    unique = {one.name for one in writes.unique_fields(entity)} | {entity.natural_key, entity.label}
    given = {right for right in {one.right for one in entity.fields} if ctx.rights.may_ever(entity, right)}
    return [
        one
        for one in entity.fields
        if not (one.read_only or one.create_only or one.name in unique)
        and one.type.kind not in ("any", "document")
        and one.right in given
    ]


def _may_ever(ctx: Ctx, entity: Entity, action: str) -> bool:
    """Whether there may be a record with which the actor may do it."""
    return not ctx.identity.read_only and not entity.rules.closed and ctx.rights.may_ever(entity, action)


def verbs(ctx: Ctx, entity: Entity) -> list[Verb]:
    """The verbs that can be done with many records."""
    return [verb for verb in entity.verbs if verb.bulk and _may_ever(ctx, entity, verb.right)]


def may_delete(ctx: Ctx, entity: Entity) -> bool:
    """Only what can be had back is deleted by the many."""
    return issubclass(entity.model, Binnable) and _may_ever(ctx, entity, "delete")


def do(ctx: Ctx, entity: Entity, deed: Deed, ids: Sequence[int]) -> list[Result]:
    """A result for each of the records; what is refused leaves nothing behind."""
    if deed.name == EDIT:
        rows = [{bulk.ID: one, **deed.values} for one in ids]
        return bulk.store(ctx, entity, rows, bulk.ID, text=True)
    records.find_all(ctx, entity, ids)
    return [_one(ctx, entity, deed, one) for one in ids]


def _one(ctx: Ctx, entity: Entity, deed: Deed, record_id: int) -> Result:
    since = len(ctx.journal.entries)
    try:
        with ctx.savepoint():
            record = records.find(ctx, entity, record_id, lock=True)
            if deed.name == DELETE:
                records.delete(ctx, entity, record_id, record.version)
            else:
                _call(ctx, entity, deed, record)
    except KehuError as error:
        return Result(error.status, record_id, error)
    return Result(200, record_id, same=len(ctx.journal.entries) == since)


def _call(ctx: Ctx, entity: Entity, deed: Deed, record: Any) -> None:
    verb = verb_of(entity, deed.name)
    if verb is None or not verb.bulk:
        raise NotFound
    if verb.when is not None and not verb.when(record):
        raise Conflict(_("This cannot be done with it as it is now."))
    records.act(ctx, entity, record.id, verb, deed.values)


class _Rehearsed(Exception):
    """Takes a rehearsal back."""


def rehearse(ctx: Ctx, entity: Entity, which: Which, deed: Deed) -> Tally:
    """What would become of the records, of the first `TRIED` of them; nothing is left of it."""
    tally = Tally()
    try:
        with ctx.savepoint():
            for ids in _parts(ctx, entity, which):
                tally.add(ids, do(ctx, entity, deed, ids))
            raise _Rehearsed
    except _Rehearsed:
        return tally


def _parts(ctx: Ctx, entity: Entity, which: Which) -> Iterator[list[int]]:
    at, seen = None, 0
    while seen < TRIED:
        ids, at = which.part(ctx, entity, at)
        seen += len(ids)
        yield ids
        if at is None:
            return


# --- the jobs --------------------------------------------------------------------------------------------


def start(ctx: Ctx, entity: Entity, which: Which, deed: Deed) -> int:
    """Have it done after this transaction; the id of the job."""
    payload = {
        "entity": entity.key,
        "which": [list(which.ids), which.filter, which.text, which.until],
        "deed": [deed.name, dict(deed.values)],
        "at": None,
        "tally": [0, 0, {}],
        "total": which.count(ctx, entity),
    }
    return enqueue(ctx, MANY.key, payload)


def _run(ctx: Ctx, payload: Any) -> Any:
    """One part of the records."""
    entity, tally = ctx.catalog[payload["entity"]], Tally(*payload["tally"])
    ids, *asked = payload["which"]
    which, deed = Which(tuple(ids), *asked), Deed(*payload["deed"])
    now, following = which.part(ctx, entity, payload["at"])
    tally.add(now, do(ctx, entity, deed, now))
    payload |= {"at": following, "tally": [tally.changed, tally.same, tally.refused]}
    if following is None:
        return payload
    return More(payload, tally.done, max(payload["total"], tally.done))


def _take_back(ctx: Ctx, payload: Any) -> Any:
    """One transaction of what was done, the newest first."""
    if payload["job"] is not None and _is_open(ctx, payload["batch"]):
        enqueue(ctx, UNDO.key, payload, run_at=ctx.now + _LATER, unique=_back_key(payload["batch"]))
        return payload
    changes = undo.transactions(ctx, payload["batch"], payload["before"])
    if not changes:
        return payload
    number, uuid = changes[0]
    outcome = undo.undo_what_can_be(ctx, uuid)
    payload |= {
        "before": number,
        "records": payload["records"] + outcome.records,
        "left": payload["left"] + len(outcome.failures),
    }
    return More(payload, payload["records"] + payload["left"], payload["total"])


def _is_open(ctx: Ctx, uuid: str) -> bool:
    statement = select(QueuedJob.state).where(QueuedJob.uuid == uuid)
    return unscoped(ctx.work.connection, statement).scalar() in OPEN


@dataclass(frozen=True)
class Progress:
    """How far a job is. `tally` is of what is done; `back` says how far it was taken back: records, and those that
    had to stay as they are; `is_open`, `back_open`: there is more to come. `batch` is the Change-Id of what it does.
    """

    id: int
    batch: str
    is_mine: bool
    entity: str
    deed: Deed
    state: str
    error: str
    total: int
    tally: Tally
    back: tuple[int, int] | None
    back_open: bool

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    @property
    def can_be_taken_back(self) -> bool:
        """By whoever asks. It is, once, and from the moment when it begins."""
        return self.is_mine and self.back is None and bool(self.tally.changed or self.is_open)


def progress(ctx: Ctx, job_id: int) -> Progress:
    """Of a job that the actor has started. Raises NotFound."""
    return _progress(ctx, _mine(ctx, job_id))


def behind(ctx: Ctx, batch: str) -> Progress | None:
    """Of the job behind a Change-Id, whoever has started it, for who may read that change; None if it was none."""
    found = ctx.system.scalar(select(QueuedJob).where(QueuedJob.uuid == batch, QueuedJob.key == MANY.key))
    return None if found is None else _progress(ctx, found)


def _progress(ctx: Ctx, job: QueuedJob) -> Progress:
    payload: Any = job.result if job.state == "done" else job.payload
    back = ctx.system.scalars(
        select(QueuedJob)
        .where(QueuedJob.key == UNDO.key, QueuedJob.unique_key == _back_key(job.uuid))
        .order_by(QueuedJob.id.desc())
    ).first()
    undone: Any = (back.result if back.state == "done" else back.payload) if back is not None else None
    return Progress(
        job.id,
        job.uuid,
        job.user_id == ctx.identity.user_id,
        payload["entity"],
        Deed(*payload["deed"]),
        job.state,
        job.error or "",
        payload["total"],
        Tally(*payload["tally"]),
        None if undone is None else (undone["records"], undone["left"]),
        back is not None and back.state in OPEN,
    )


def take_back(ctx: Ctx, job_id: int) -> None:
    """Stop the job if it still runs, and have all that it did set back. Raises NotFound, Conflict."""
    job, known = _mine(ctx, job_id), progress(ctx, job_id)
    if known.back is not None:
        raise Conflict(_("This was taken back already."), code="OVER")
    if known.is_open:
        actions.cancel(ctx, job, {})
    payload = {"job": job.id, "batch": job.uuid, "before": None, "records": 0, "left": 0, "total": known.tally.changed}
    enqueue(ctx, UNDO.key, payload, unique=_back_key(job.uuid))


def _back_key(uuid: str) -> str:
    return f"undo {uuid}"


def _mine(ctx: Ctx, job_id: int) -> QueuedJob:
    wanted = select(QueuedJob).where(QueuedJob.id == min(job_id, INT_MAX), QueuedJob.key == MANY.key)
    found = ctx.db.scalar(wanted.where(QueuedJob.user_id == ctx.identity.user_id))
    if found is None:
        raise NotFound
    return found


MANY = Job(key="core.many", title=_("Change of many records"), run=_run)
UNDO = Job(key="core.many_undo", title=_("Taking back a change of many records"), run=_take_back)
