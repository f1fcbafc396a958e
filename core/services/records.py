"""What can be done with a record of any entity: find, list, create, change, delete, restore, act.

Every door goes through here. The order of judgement is the same everywhere: is it there, may he,
which version, is it valid.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from itertools import product
from typing import Any

import colander
from sqlalchemy import inspect, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import selectinload
from sqlalchemy.orm.exc import StaleDataError

from core.db import extension
from core.db.base import AttachedTo, Binnable, RecordScoped
from core.entities.listing import Ask, count_query, groups_query, page_query, write_cursor
from core.entities.reader import META, Reader
from core.entities.resolver import SystemResolver, row_of
from core.entities.schema import NEEDED, problems, schema_of
from core.errors import Conflict, Forbidden, Invalid, Merged, NeedsVersion, NotFound, Stale
from core.fields import INT_MAX
from core.i18n import _, in_english
from core.security import places
from core.security.catalog import attribute, attribute_name, attribute_names, columns_behind, is_own
from core.security.grants import FIELD_RIGHTS, READING, WRITING
from core.security.judge import READ_ONLY, refusal
from core.security.others import CustomField
from core.security.scope import ACTION, ATTACHED, FOR, ROWS
from core.services.attached import follows, place_asked, place_of
from core.services.intake import Intake, Taken
from core.services.ownership import place
from core.services.search.narrowing import narrowed
from core.services.trees import upwards
from core.services.work import Ctx
from plugins import Entity, Field, Verb

_TAKEN = "kehu_taken"  # of `ctx.facts`: (values looked up, those that are stored), by entity and field


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
    records = list(ctx.db.scalars(statement, execution_options=options).all())
    more = len(records) > wanted.limit
    records = records[: wanted.limit]
    sorted_by = [wanted.entity.field(name) for name, _descending in wanted.sort if "." in name]
    places.load(ctx.db, sorted_by, records)  # all at once, and not the last alone for the cursor
    total = None
    if wanted.count:
        total = ctx.db.scalar(count_query(wanted, ctx.rights, context), execution_options=options)
    return Page(records, write_cursor(wanted, records[-1]) if more else None, total)


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


def may(ctx: Ctx, entity: Entity, action: str, record: Any, resolver: SystemResolver | None = None) -> bool:
    """Whether the actor may do the action on a record that he sees. Who asks for many gives one `resolver` to all."""
    if (ctx.identity.read_only and action not in READING) or (entity.rules.closed and action in WRITING):
        return False
    resolver = resolver or SystemResolver(ctx.system, ctx.catalog)
    if isinstance(record, AttachedTo):
        target = ctx.catalog.get(record.entity)
        row = resolver.load(record.entity, record.record_id) if target else None
        return target is not None and row is not None and ctx.rights.covers(target, record.RIGHT, row, resolver)
    return ctx.rights.covers(entity, action, row_of(record), resolver)


def require(ctx: Ctx, entity: Entity, action: str, record: Any) -> None:
    """Forbidden unless the actor may do the action on the record."""
    if not may(ctx, entity, action, record):
        closed = entity.rules.closed if action in WRITING else ""
        raise Forbidden(READ_ONLY if ctx.identity.read_only else closed or refusal(action))


def reader(ctx: Ctx, language: str = "en", say: Callable[[str], str] = in_english) -> Reader:
    """What turns records into documents for the actor."""
    return Reader(ctx.db, ctx.system, ctx.rights, language, say)


# --- writing ---------------------------------------------------------------------------------------


def create(ctx: Ctx, entity: Entity, sent: Mapping[str, Any], *, intake: Intake | None = None) -> Any:
    """A new record from JSON values (text values with a text intake). Returns it, stored.

    Raises Forbidden, Conflict `DUPLICATE` for a taken key, Invalid.
    """
    may_try(ctx, entity)
    intake = intake or Intake(ctx, entity)
    sent = intake.flat(sent)
    return make(ctx, entity, intake.take(sent), sent)


def make(ctx: Ctx, entity: Entity, taken: Taken, sent: Mapping[str, Any]) -> Any:
    """The same of values that were taken in; `sent` are those that somebody has sent. After `may_try`."""
    prepare_new(ctx, entity, taken, sent)
    record = add(ctx, entity, taken)
    write(ctx)
    entity.rules.stored(ctx, record, taken.values, True)
    write(ctx)
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
    taken = intake.take(sent, record, shown, hidden(rights))
    prepare_change(ctx, entity, record, taken, rights, version)
    settle(ctx, entity, taken)
    apply(ctx, entity, record, taken, rights, look)
    write(ctx)
    entity.rules.stored(ctx, record, taken.values, False)
    write(ctx)
    return record


# The steps of both, which `bulk` takes for many records at once. None of them writes before `add` and `apply`.


def may_try(ctx: Ctx, entity: Entity) -> None:
    """Forbidden for who could create no record of the entity whatever he sends."""
    if ctx.identity.read_only:
        raise Forbidden(READ_ONLY)
    if entity.rules.closed:
        raise Forbidden(entity.rules.closed)
    if not issubclass(entity.model, AttachedTo) and not ctx.rights.may_ever(entity, "create"):
        raise Forbidden(refusal("create"))


def prepare_new(ctx: Ctx, entity: Entity, taken: Taken, sent: Mapping[str, Any]) -> None:
    """Complete what was taken in for a new record and note what is wrong with it. Raises Forbidden."""
    for field in entity.fields:
        if field.read_only and field.name in taken.names:
            taken.values.pop(field.name, None)
            taken.wrong(field.name, _("This cannot be written."))
        elif field.default is not None and field.name not in taken.values and field.name not in taken.errors:
            taken.values[field.name] = field.default(ctx)
    prepare(ctx, entity, None, taken)
    closed = may_create(ctx, entity, taken, sent)
    # What only the column needs, the rules may fill in: they have had their say where they found nothing wrong.
    is_wrong = taken.errors or taken.refusal is not None
    needed = {field.name for field in entity.fields if field.required} if is_wrong else never_empty(entity)
    for field in entity.fields:
        if isinstance(field, CustomField) and field.name in closed:
            continue
        if field.name in needed and taken.values.get(field.name) is None and field.name not in taken.errors:
            taken.wrong(field.name, NEEDED)


@cache
def never_empty(entity: Entity) -> frozenset[str]:
    """The fields that a stored record always holds: required ones, and those whose column takes no NULL and that
    nothing but the sender fills.
    """
    columns: Any = inspect(entity.model).columns
    own = {one.name: columns.get(attribute_name(one)) for one in entity.fields if "." not in one.name}
    filled = {name for name, column in own.items() if column is not None and name not in META and _is_needed(column)}
    return frozenset({field.name for field in entity.fields if field.required} | filled)


def _is_needed(column: Any) -> bool:
    return not column.nullable and column.default is None and column.server_default is None


def add(ctx: Ctx, entity: Entity, taken: Taken) -> Any:
    """A new record in the session, not yet written. Raises Conflict, Invalid."""
    settle(ctx, entity, taken)
    record = entity.model()
    fill(entity, record, taken.values)
    for field in entity.fields:
        if field.type.kind == "references" and field.name not in taken.values:
            places.put(record, field, [])
    ctx.db.add_all([record, *extension.rows_beside(record)])
    return record


def prepare_change(
    ctx: Ctx, entity: Entity, record: Any, taken: Taken, rights: Mapping[str, str], version: int | None
) -> None:
    """Complete what was taken in for a record and note what is wrong with it; `rights` are those on its fields.

    Raises Forbidden, NeedsVersion, Stale.
    """
    _may_change(ctx, entity, record, taken, rights)
    check_version(record, version)
    for field in entity.fields:
        if field.name in taken.values and (field.read_only or field.create_only):
            del taken.values[field.name]
            taken.wrong(field.name, _("This cannot be changed."))
    prepare(ctx, entity, record, taken)
    for name in sorted(never_empty(entity) & taken.values.keys()):
        if taken.values[name] is None:
            taken.wrong(name, NEEDED)
    if taken.values:
        _need_custom(entity, record, taken, rights)


def apply(ctx: Ctx, entity: Entity, record: Any, taken: Taken, rights: Mapping[str, str], look: Reader) -> None:
    """Change the record in the session. Forbidden, with the record changed, if that would open fields."""
    fill(entity, record, taken.values)
    opens_nothing(rights, look.rights_on(entity, entity.fields, record))


def hidden(rights: Mapping[str, str]) -> list[str]:
    """The fields whose values the actor must not be able to guess."""
    return [name for name, right in rights.items() if right in ("none", "mask")]


def _need_custom(entity: Entity, record: Any, taken: Taken, rights: Mapping[str, str]) -> None:
    """A custom field that is needed was not always so: a record that lacks it gets it with its next change."""
    for field in entity.fields:
        if isinstance(field, CustomField) and field.required and rights[field.name] == "edit":
            known = taken.names | ({field.name} if places.get(record, field) is not None else set())
            if field.name not in known:
                taken.wrong(field.name, NEEDED)


def may_create(ctx: Ctx, entity: Entity, taken: Taken, sent: Mapping[str, Any]) -> set[str]:
    """Forbidden for a new record that the actor may not make, or for a field of it that he may not fill in.

    The flush guard judges again what is stored; here it comes before all that may be invalid. Returns the
    fields that are closed to the actor.
    """
    row: dict[Any, Any] = dict.fromkeys(_columns(entity.model))
    names = attribute_names(entity)
    row |= {names[name]: value for name, value in taken.values.items() if "." not in name}
    places.fill(row, entity.fields, taken.values)
    row["id"] = 0
    for field in [field for field in entity.fields if field.type.kind == "any"]:
        row |= dict(zip(columns_behind(field), taken.values.get(field.name) or (None, None), strict=True))
    resolver = SystemResolver(ctx.system, ctx.catalog)
    if issubclass(entity.model, RecordScoped) and not {"owner", "unit", "secrecy"} & taken.errors.keys():
        actions = ("create",) if row["owner_id"] == ctx.identity.user_id else ("create", "assign")
        if ctx.work.historical:
            actions = (*actions, "import")
        if not all(ctx.rights.covers(entity, action, row, resolver) for action in actions):
            raise Forbidden(refusal("create"))
    ruled = {rule.field for rule in ctx.rights.field_rights(entity)}
    rights = {
        one.name: ctx.rights.field_right(entity, one, row, resolver) for one in entity.fields if one.name in ruled
    }
    need_open({name: right for name, right in rights.items() if name in sent})
    return {name for name, right in rights.items() if right != "edit"}


@cache
def _columns(model: type) -> tuple[str, ...]:
    return tuple(inspect(model).column_attrs.keys())


def need_open(rights: Mapping[str, str]) -> None:
    """Forbidden `FIELD` unless the actor may edit all of the fields whose rights these are, by name."""
    closed = sorted(name for name, right in rights.items() if right != "edit")
    if closed:
        message = _("You may not change ${names}.", mapping={"names": ", ".join(closed)})
        raise Forbidden(message, code="FIELD", errors=dict.fromkeys(closed, (message,)))


def opens_nothing(before: Mapping[str, str], after: Mapping[str, str]) -> None:
    """Forbidden for a change by which the actor would see or change more fields than before."""
    opened = [name for name, right in after.items() if FIELD_RIGHTS.index(right) > FIELD_RIGHTS.index(before[name])]
    if opened:
        message = _("This change would open ${names} to you.", mapping={"names": ", ".join(opened)})
        raise Forbidden(message, code="FIELD")


def _may_change(ctx: Ctx, entity: Entity, record: Any, taken: Taken, rights: Mapping[str, str]) -> None:
    known = {field.name: field for field in entity.fields}
    touched = [known[name] for name in sorted(taken.names & known.keys())]
    for action in sorted({field.right for field in touched if not field.read_only}) or ["edit"]:
        require(ctx, entity, action, record)
    need_open({field.name: rights[field.name] for field in touched})


def prepare(ctx: Ctx, entity: Entity, record: Any, taken: Taken) -> None:
    """Let the entity's rules look at what was taken in; `record` is None for a new one. Notes what they find wrong."""
    taken.values.update(taken.switches)
    try:
        if issubclass(entity.model, RecordScoped):
            place(ctx, taken.values, record is None)
        entity.rules.prepare(ctx, record, taken.values, record is None)
    except Invalid as invalid:
        taken.refusal = invalid
        for name, messages in invalid.errors.items():
            for message in messages:
                taken.wrong(name, message)
    finally:
        for name in taken.switches:
            taken.values.pop(name, None)


@cache
def unique_fields(entity: Entity) -> tuple[Field, ...]:
    """The fields of which no two records have the same value."""
    found = []
    for field in entity.fields:
        if not places.is_in(entity.model, field):
            continue
        column: Any = getattr(getattr(entity.model, attribute_name(field), None), "property", None)
        if getattr(column, "columns", None) and column.columns[0].unique:
            found.append(field)
    return tuple(found)


def prefetch_taken(ctx: Ctx, entity: Entity, rows: Sequence[Taken]) -> None:
    """Look up at once which unique values of many rows are taken."""
    for field in unique_fields(entity):
        column = attribute(entity.model, field)
        values = {taken.values.get(field.name) for taken in rows} - {None}
        stored = set(ctx.system.scalars(select(column).where(column.in_(values))))
        ctx.facts[_TAKEN, entity.key, field.name] = values, stored


def _is_taken(ctx: Ctx, entity: Entity, field: Field, value: Any) -> bool:
    asked, stored = ctx.facts.get((_TAKEN, entity.key, field.name), ((), ()))
    if value in asked:
        return value in stored
    model: Any = entity.model
    return ctx.system.scalar(select(model.id).where(attribute(model, field) == value)) is not None


def settle(ctx: Ctx, entity: Entity, taken: Taken) -> None:
    """Raise what is taken already, then what was wrong."""
    for field in unique_fields(entity):
        value = taken.values.get(field.name)
        if value is not None and _is_taken(ctx, entity, field, value):
            raise Conflict(
                _("${field} ${value} is taken already.", mapping={"field": field.name, "value": value}),
                code="DUPLICATE",
                errors={field.name: [_("This is taken already.")]},
            )
    said = taken.refusal or Invalid()
    if taken.refusal is not None or taken.errors:
        raise Invalid(said.detail, code=said.code, errors=taken.errors, more=said.more)


def fill(entity: Entity, record: Any, values: Mapping[str, Any]) -> None:
    """Put values of fields, by name, into the record and the rows beside it."""
    names = attribute_names(entity)
    for name, value in values.items():
        if "." in name:
            places.put(record, entity.field(name), value)
        else:
            setattr(record, names[name], value)


def check_version(record: Any, version: int | None) -> None:
    """NeedsVersion without one, Stale with another than the stored one."""
    if version is None:
        raise NeedsVersion(_('Send the version you read: If-Match: "3", or "version": 3 in the body.'))
    if record.version != version:
        raise Stale(record)


def write(ctx: Ctx) -> None:
    """Send pending changes to the database, judged and stamped. Races come out as Conflict."""
    try:
        ctx.db.flush()
    except IntegrityError as error:
        raise Conflict(
            _("Another record was saved at the same moment and stands in the way. Reload and try again."),
            code="CONFLICT",
        ) from error
    except StaleDataError as error:
        raise Conflict(_("Somebody saved first. Reload and try again."), code="CONFLICT") from error


def delete(ctx: Ctx, entity: Entity, record_id: int, version: int | None) -> None:
    """Move to the recycle bin; an entity without one: remove. Raises as `change` does."""
    record = find(ctx, entity, record_id, lock=True)
    require(ctx, entity, "delete", record)
    check_version(record, version)
    remove(ctx, entity, record)


def remove(ctx: Ctx, entity: Entity, record: Any, at: Any = None) -> None:
    """Bin the record, as of now or of a moment `at`, or remove it where there is no bin, as its rules allow."""
    entity.rules.before_delete(ctx, record)
    if isinstance(record, Binnable):
        record.deleted_at = at or ctx.now
    else:
        ctx.db.delete(record)
    write(ctx)


def act(
    ctx: Ctx, entity: Entity, record_id: int, verb: Verb, sent: Mapping[str, Any], version: int | None = None
) -> tuple[Any, Any]:
    """Do a verb. Returns the record as it now is and the verb's own answer, if it has one."""
    record = find(ctx, entity, record_id, rows="binned" if verb.on_binned else "live", lock=True)
    require(ctx, entity, verb.right, record)
    if version is not None:
        check_version(record, version)
    values = arguments(ctx, entity, verb, sent)
    look = reader(ctx)
    before = look.rights_on(entity, entity.fields, record)
    # A verb's arguments that are the record's own fields are closed where the fields are.
    need_open({one.name: before[one.name] for one in verb.arguments if one.name in values and is_own(entity, one)})
    ctx.journal.call(record, verb.name)
    answer = verb.run(ctx, record, values)
    opens_nothing(before, look.rights_on(entity, entity.fields, record))
    write(ctx)
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
