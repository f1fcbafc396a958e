"""What can be done with a record of any entity: find, list, create, change, delete, restore, act.

Every door goes through here. The order of judgement is the same everywhere: is it there, may he,
which version, is it valid.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import colander
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from core.db.base import Binnable
from core.entities.listing import Ask, count_query, groups_query, page_query
from core.entities.ordering import write_cursor
from core.entities.reader import Reader
from core.entities.schema import problems, schema_of
from core.errors import Conflict, Invalid, Merged, NotFound
from core.fields import INT_MAX
from core.i18n import _, in_english
from core.security import places
from core.security.catalog import attribute, is_own
from core.security.scope import ACTION, ATTACHED, FOR, ROWS
from core.services import allowed, writes
from core.services.attached import follows, place_asked, place_of
from core.services.intake import Intake, Taken
from core.services.search.narrowing import narrowed
from core.services.trees import upwards
from core.services.work import Ctx
from plugins import Entity, Field, Verb


@dataclass(frozen=True)
class Page:
    """Records of one page; `next` is the cursor of the page after it, `total` counts all pages."""

    records: list[Any]
    next: str | None
    total: int | None


def listing(ctx: Ctx, wanted: Ask, action: str | tuple[str, ...] = "") -> Page:
    """The page of records that was asked for, of those that the actor may see; or on which he may do the `action`."""
    wanted, context = narrowed(ctx, wanted), replace(ctx.rights.context, scoped=True)
    options: dict[str, Any] = {ACTION: action} if action else {}
    if follows(wanted.entity):
        try:
            options[ATTACHED] = place_asked(ctx, wanted.entity, wanted.condition, binned=wanted.binned)
        except NotFound:
            return Page([], None, 0 if wanted.count else None)
    statement = page_query(wanted, ctx.rights, context).options(*with_references(wanted.entity))
    rows = ctx.db.execute(statement, execution_options=options).all()
    more = len(rows) > wanted.limit
    rows = rows[: wanted.limit]
    total = None
    if wanted.count:
        total = ctx.db.scalar(count_query(wanted, ctx.rights, context), execution_options=options)
    after = write_cursor(wanted.entity, wanted.sort, ctx.catalog, rows[-1]) if more else None
    return Page([row[0] for row in rows], after, total)


@dataclass(frozen=True)
class Group:
    """Records with the same `value` of a field: how many, and the sums of their figures by field name."""

    value: Any
    count: int
    sums: Mapping[str, Any]


def groups(ctx: Ctx, wanted: Ask, by: Field, summed: Sequence[Field] = (), most: int = 200) -> list[Group]:
    """Of the records that were asked for, over all pages, those that the actor may see, by the value of a field; the
    `most` frequent values, the first the most frequent. Who may ask by the fields is for the caller to know.
    """
    wanted, context = narrowed(ctx, wanted), replace(ctx.rights.context, scoped=True)
    options = {}
    if follows(wanted.entity):
        try:
            options[ATTACHED] = place_asked(ctx, wanted.entity, wanted.condition, binned=wanted.binned)
        except NotFound:
            return []
    statement = groups_query(wanted, ctx.rights, context, by, summed, most)
    rows = ctx.db.execute(statement, execution_options=options).all()
    names = [field.name for field in summed]
    return [Group(value, count, dict(zip(names, sums, strict=True))) for value, count, *sums in rows]


def find(ctx: Ctx, entity: Entity, record_id: int, *, rows: str = "live", lock: bool = False) -> Any:
    """A record that the actor may see; `rows="binned"`: a deleted one that he may restore.

    `lock` holds it against other writers until the transaction ends. Raises NotFound.
    """
    if not 0 < record_id <= INT_MAX:
        raise NotFound
    model: Any = entity.model
    options: dict[str, Any] = {FOR: model, ROWS: rows}
    if rows == "binned":
        options[ACTION] = "delete"
    if follows(entity):
        options[ATTACHED] = place_of(ctx, entity, record_id, binned=rows == "binned")
    statement = select(model).where(model.id == record_id).options(*with_references(entity))
    if lock:
        statement = statement.with_for_update()
        options["populate_existing"] = True
    record = ctx.db.scalars(statement, execution_options=options).one_or_none()
    if record is None:
        to = target_of(ctx, entity, record_id)
        raise NotFound if to is None else Merged(to)
    if lock:
        places.load(ctx.db, entity.fields, [record], fresh=True)
    return record


def find_all(ctx: Ctx, entity: Entity, ids: Sequence[int], *, rows: str = "live", lock: bool = True) -> dict[int, Any]:
    """Those of the records that the actor sees, by id.

    `lock`: read afresh and held against other writers until the transaction ends. `rows="any"`: binned ones too.
    """
    if follows(entity):
        return _one_by_one(ctx, entity, ids, ("binned", "live") if rows == "any" else (rows,), lock=lock)
    model: Any = entity.model
    statement = select(model).where(model.id.in_(ids)).order_by(model.id)
    statement = statement.with_for_update() if lock else statement
    options: dict[str, Any] = {FOR: model, ROWS: rows, "populate_existing": lock}
    found = ctx.db.scalars(statement.options(*with_references(entity)), execution_options=options).all()
    places.load(ctx.db, entity.fields, found, fresh=lock)
    return {record.id: record for record in found}


def _one_by_one(ctx: Ctx, entity: Entity, ids: Sequence[int], among: Sequence[str], *, lock: bool) -> dict[int, Any]:
    """Attached records, each of which is found by what it hangs on."""
    found = {}
    for record_id, rows in product(sorted(ids), among):
        with suppress(NotFound):
            found[record_id] = find(ctx, entity, record_id, rows=rows, lock=lock)
    return found


def target_of(ctx: Ctx, entity: Entity, record_id: int) -> int | None:
    """Where a merged record went in the end, if the actor may see that; None for any other record."""
    model: Any = entity.model
    if not hasattr(model, "merged_into_id"):
        return None
    *_merged, last = upwards(ctx.system, model, record_id, "merged_into_id")
    return None if last == record_id else ctx.db.scalar(select(model.id).where(model.id == last))


def with_references(entity: Entity) -> list[Any]:
    """Options of a select by which the sets of references come along with the records."""
    return [selectinload(attribute(entity.model, f)) for f in entity.fields if f.type.kind == "references"]


def reader(ctx: Ctx, language: str = "en", say: Callable[[str], str] = in_english) -> Reader:
    """What turns records into documents for the actor."""
    return Reader(ctx.db, ctx.system, ctx.rights, language, say)


# --- writing ---------------------------------------------------------------------------------------


def create(ctx: Ctx, entity: Entity, sent: Mapping[str, Any], *, intake: Intake | None = None) -> Any:
    """A new record from JSON values (text values with a text intake). Returns it, stored.

    Raises Forbidden, Conflict `DUPLICATE` for a taken key, Invalid.
    """
    writes.may_try(ctx, entity)
    intake = intake or Intake(ctx, entity)
    sent = intake.flat(sent)
    return make(ctx, entity, intake.take(sent), sent)


def make(ctx: Ctx, entity: Entity, taken: Taken, sent: Mapping[str, Any]) -> Any:
    """The same of values that were taken in; `sent` are those that somebody has sent. After `may_try`."""
    writes.prepare_new(ctx, entity, taken, sent)
    record = writes.add(ctx, entity, taken)
    writes.flush(ctx)
    entity.rules.stored(ctx, record, taken.values, True)
    writes.flush(ctx)
    return record


def change(
    ctx: Ctx,
    entity: Entity,
    record_id: int,
    sent: Mapping[str, Any],
    version: int | None,
    *,
    intake: Intake | None = None,
) -> Any:
    """Change the fields that were sent. Returns the record as it now is.

    Raises NotFound, Forbidden, NeedsVersion, Stale, Conflict, Invalid, in this order.
    """
    record = find(ctx, entity, record_id, lock=True)
    intake = intake or Intake(ctx, entity)
    sent = intake.flat(sent)
    look = reader(ctx)
    shown = look.documents(entity, [record], tuple(sent))[0]
    rights = look.rights_on(entity, entity.fields, record)
    taken = intake.take(sent, record, shown, writes.hidden(rights))
    writes.prepare_change(ctx, entity, record, taken, rights, version)
    writes.settle(ctx, entity, taken)
    writes.apply(ctx, entity, record, taken, rights, look)
    writes.flush(ctx)
    entity.rules.stored(ctx, record, taken.values, False)
    writes.flush(ctx)
    return record


def delete(ctx: Ctx, entity: Entity, record_id: int, version: int | None) -> None:
    """Move to the recycle bin; an entity without one: remove. Raises as `change` does."""
    record = find(ctx, entity, record_id, lock=True)
    allowed.require(ctx, entity, "delete", record)
    writes.check_version(record, version)
    remove(ctx, entity, record)


def remove(ctx: Ctx, entity: Entity, record: Any, at: Any = None) -> None:
    """Bin the record, as of now or of a moment `at`, or remove it where there is no bin, as its rules allow."""
    entity.rules.before_delete(ctx, record)
    if isinstance(record, Binnable):
        record.deleted_at = at or ctx.now
    else:
        ctx.db.delete(record)
    writes.flush(ctx)


def act(
    ctx: Ctx, entity: Entity, record_id: int, verb: Verb, sent: Mapping[str, Any], version: int | None = None
) -> tuple[Any, Any]:
    """Do a verb. Returns the record as it now is and the verb's own answer, if it has one."""
    record = find(ctx, entity, record_id, rows="binned" if verb.on_binned else "live", lock=True)
    allowed.require(ctx, entity, verb.right, record)
    if version is not None:
        writes.check_version(record, version)
    values = arguments(ctx, entity, verb, sent)
    look = reader(ctx)
    before = look.rights_on(entity, entity.fields, record)
    # A verb's arguments that are the record's own fields are closed where the fields are.
    writes.need_open(
        {one.name: before[one.name] for one in verb.arguments if one.name in values and is_own(entity, one)}
    )
    ctx.journal.call(record, verb.name)
    answer = verb.run(ctx, record, values)
    writes.opens_nothing(before, look.rights_on(entity, entity.fields, record))
    writes.flush(ctx)
    ctx.journal.called_off(record)
    return record, answer


def arguments(ctx: Ctx, entity: Entity, verb: Verb, sent: Mapping[str, Any]) -> dict[str, Any]:
    """What was sent with a verb as the verb takes it: parsed, its references found. Raises Invalid."""
    try:
        schema_of(verb.arguments).deserialize(dict(sent))
    except colander.Invalid as invalid:
        raise Invalid(errors=problems(invalid)) from None
    taken = Intake(ctx, replace(entity, fields=verb.arguments)).take(sent)
    if taken.errors:
        raise Invalid(errors=taken.errors)
    return taken.values


def restore(ctx: Ctx, record: Any, arguments: Mapping[str, Any]) -> None:
    """The verb that brings a record back from the recycle bin."""
    if getattr(record, "merged_into_id", None) is not None:
        raise Conflict(_("It was merged into another record. Undo that instead."), code="MERGED")
    record.deleted_at = None
