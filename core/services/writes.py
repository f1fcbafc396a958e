"""The steps of a write, which one record takes (`records`) and many (`bulk`). None writes before `add` and `apply`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import inspect, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm.exc import StaleDataError

from core.db import extension
from core.db.base import AttachedTo, RecordScoped
from core.entities.reader import META, Reader
from core.entities.resolver import SystemResolver
from core.entities.schema import NEEDED
from core.errors import Conflict, Forbidden, Invalid, NeedsVersion, Stale
from core.i18n import _
from core.security import places
from core.security.catalog import attribute, attribute_name, attribute_names, columns_behind
from core.security.grants import FIELD_RIGHTS
from core.security.judge import READ_ONLY, refusal
from core.security.others import CustomField
from core.services import allowed
from core.services.intake import Taken
from core.services.ownership import place
from core.services.work import Ctx
from plugins import Entity, Field

_IS_EMPTY = re.compile(r"not.null|be null|insert null", re.IGNORECASE)  # each database in its words
_TAKEN = "kehu_taken"  # of `ctx.facts`: (values looked up, those that are stored), by entity and field


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
        allowed.require(ctx, entity, action, record)
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


def flush(ctx: Ctx) -> None:
    """Send pending changes to the database, judged and stamped. Races come out as Conflict; a column that nobody
    has filled is no race, and no fault of whoever asked.
    """
    try:
        ctx.db.flush()
    except IntegrityError as error:
        if _IS_EMPTY.search(str(error.orig)):
            raise
        raise Conflict(
            _("Another record was saved at the same moment and stands in the way. Reload and try again."),
            code="CONFLICT",
        ) from error
    except StaleDataError as error:
        raise Conflict(_("Somebody saved first. Reload and try again."), code="CONFLICT") from error
