"""Two customers become one (M58): everything that hangs on the source moves to the target and adds up.

The source stays behind, deleted, and says where it went. Every row that moves is changed as a record,
so the audit names each, and the merge can be undone.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import select

from core.db.base import About, AttachedTo, CustomerScoped
from core.db.guard import GuardedSession
from core.entities.past import BINNED
from core.errors import Conflict, Invalid
from core.fields import BadValue
from core.i18n import _
from core.models import Contact, Customer
from core.security import places
from core.security.catalog import attribute_name
from core.security.grants import READABLE
from core.security.others import PluginField
from core.services import allowed, missed, records, writes
from core.services.reversal import UNMERGED, Part
from core.services.trail import Entry, Key
from core.services.trees import is_below
from core.services.work import Ctx
from plugins import Entity, Field

KEY = "core.customer"
KEPT = ("code", "name", "short_name", "parent", "secrecy")  # nobody chooses these
_SIDES = ("source", "target")
_ALIKE = ({"target", "prospect"}, {"formal"})


def check_take(value: Any) -> dict[str, str]:
    """`{field: "source" | "target"}`: whose value a field is to have."""
    if value is None:
        return {}
    if not isinstance(value, dict) or not all(side in _SIDES for side in value.values()):
        raise BadValue(_('Give an object such as {"phone": "source"}.'))
    return dict(value)


def merge(ctx: Ctx, target: Customer, arguments: Mapping[str, Any]) -> None:
    """Merge the customer `source` into this one. Its empty fields take the source's values, `take` says otherwise.

    A field that is closed to the actor stays as it is; to `take` one is Forbidden `FIELD`. Of the two
    secrecies the higher one stays, for what moves is as secret as it was.

    Needs merge and edit on both. Raises Conflict `STATE_MISMATCH` unless both are formal or neither is,
    `CYCLE` where the target stands below the source.
    """
    entity = ctx.catalog[KEY]
    source = records.find(ctx, entity, arguments["source"], lock=True)
    for record in (source, target):
        for action in ("merge", "edit"):
            allowed.require(ctx, entity, action, record)
    _fits(ctx, source, target)
    _take_values(ctx, entity, source, target, arguments.get("take") or {})
    target.secrecy = max(source.secrecy, target.secrecy)
    writes.flush(ctx)
    session = ctx.work.elevated(_("Merge of customers"), write=True)
    _move(ctx, session, source.id, target.id, ctx.catalog)
    drop = session.get_one(Customer, source.id)
    ctx.journal.call(drop, "merge")
    drop.merged_into_id, drop.deleted_at = target.id, ctx.now
    session.flush()
    keep = session.get_one(Customer, target.id)
    missed.tell(ctx, "on_customer_merge", keep=keep, drop=drop)
    session.flush()
    ctx.db.expunge(source)


def _fits(ctx: Ctx, source: Customer, target: Customer) -> None:
    if source.id == target.id:
        raise Invalid(errors={"source": [_("A customer cannot be merged into itself.")]})
    if not any({source.state, target.state} <= states for states in _ALIKE):
        message = _("Merge formal with formal, and target or prospect with target or prospect.")
        raise Conflict(message, code="STATE_MISMATCH")
    if is_below(ctx.system, Customer, target.id, source.id):
        message = _("This customer stands below the other one. Give it another head company first.")
        raise Conflict(message, code="CYCLE")


def _take_values(ctx: Ctx, entity: Entity, source: Customer, target: Customer, take: Mapping[str, str]) -> None:
    free = {field.name: field for field in entity.fields if _is_free(field)}
    wrong = {name: [_("This field cannot be chosen.")] for name in take if name not in free}
    if wrong:
        raise Invalid(errors=wrong)
    rights = _rights_to_take(ctx, entity, source, target)
    writes.need_open({name: rights[name] for name, side in take.items() if side == "source"})
    for name, field in free.items():
        value, known = places.get(source, field), places.get(target, field)
        wanted = take.get(name) == "source" or (name not in take and known is None and rights[name] == "edit")
        if wanted and value != known and not (field.required and value is None):
            places.put(target, field, value)


def differing(ctx: Ctx, entity: Entity, source: Customer, target: Customer) -> list[Field]:
    """The fields in which the source has another value, and which of them the target gets is the actor's to choose."""
    rights = _rights_to_take(ctx, entity, source, target)
    return [
        field
        for field in entity.fields
        if _is_free(field)
        and rights[field.name] == "edit"
        and places.get(source, field) not in (None, places.get(target, field))
    ]


def _rights_to_take(ctx: Ctx, entity: Entity, source: Customer, target: Customer) -> dict[str, str]:
    """The actor's rights on the target's fields, and none on those that he cannot read on the source."""
    look = records.reader(ctx)
    read = look.rights_on(entity, entity.fields, source)
    rights = look.rights_on(entity, entity.fields, target)
    return {name: right if read[name] in READABLE else "none" for name, right in rights.items()}


def _is_free(field: Field) -> bool:
    # A pooled target takes no owner along: whom a customer belongs to is decided, not merged.
    return not (field.read_only or field.create_only or field.right != "edit" or field.name in KEPT)


def follow(ctx: Ctx, plugin: str, keep: Customer, drop: Customer) -> None:
    """Move a plugin's rows after a merge that it has missed; not if the merge was taken back since."""
    if drop.merged_into_id == keep.id:
        session = ctx.work.elevated(_("Made up for a merge"), write=True)
        own = [entity for entity in ctx.catalog if entity.key.startswith(f"{plugin}.")]
        _move(ctx, session, drop.id, keep.id, own)


def set_apart(ctx: Ctx, source: Customer) -> None:
    """Bring a merged customer back, for who undoes the merge; what had moved is set back row by row."""
    session = ctx.work.elevated(_("Undo of a merge"), write=True)
    drop = session.get_one(Customer, source.id)
    ctx.journal.call(drop, UNMERGED)
    drop.deleted_at = None
    session.flush()
    ctx.db.refresh(source)


def moved(ctx: Ctx, entries: Iterable[Entry]) -> set[Key]:
    """Of one change's entries the records that a merge has moved and nothing else was done to.

    Who merges may not see all of them, so that they are set back as they went: see `move_back`.
    """
    by_record: dict[Key, list[Entry]] = {}
    for entry in entries:
        by_record.setdefault(entry.key, []).append(entry)
    binned = {key[1] for key, own in by_record.items() if key[0] == KEY and any(BINNED in one.fields for one in own)}
    if not binned:
        return set()
    merged = select(Customer.id, Customer.merged_into_id).where(Customer.id.in_(binned))
    ways = {(source, target) for source, target in ctx.system.execute(merged)}
    return {key for key, own in by_record.items() if _only_moved(ctx.catalog.get(key[0]), own, ways)}


def _only_moved(entity: Entity | None, entries: Iterable[Entry], ways: Container[tuple[int, int | None]]) -> bool:
    lines = [(entry.action, line) for entry in entries for line in entry.lines]
    fields = {field.name for field in _references(entity)} if entity else set()
    return bool(lines) and all(
        action == "edit" and line["field"] in fields and (line["old"], line["new"]) in ways for action, line in lines
    )


def move_back(ctx: Ctx, parts: Sequence[Part]) -> None:
    """Let records that a merge has `moved` refer to what they referred to, for who undoes it and does not see them.

    One that has gone elsewhere since stays there.
    """
    if not parts:
        return
    session = ctx.work.elevated(_("Undo of a merge"), write=True)
    for part in parts:
        record = session.get(part.entity.model, part.record_id, with_for_update=True)
        for name, old in part.old.items():
            field = part.entity.field(name)
            if record is None or places.get(record, field) != part.new[name]:
                continue
            if not (isinstance(record, Customer) and is_below(ctx.system, Customer, old, record.id)):
                places.put(record, field, old)
    session.flush()


# --- what moves ---------------------------------------------------------------------------------------


def _move(ctx: Ctx, session: GuardedSession, source_id: int, target_id: int, entities: Iterable[Entity]) -> None:
    kept_main = select(Contact.id).where(Contact.customer_id == target_id, Contact.is_main.is_(True))
    has_main = session.scalar(kept_main.limit(1)) is not None
    for entity in entities:
        if entity.rules.closed:
            continue  # what the kernel has written of the source stays its own
        moving = list(_referring(ctx, session, entity, source_id))
        before = _rights_on(ctx, entity, moving)
        for record, column in moving:
            setattr(record, column, target_id)
            if isinstance(record, Contact) and has_main:
                record.is_main = False
        session.flush()
        for record_id, rights in _rights_on(ctx, entity, moving).items():
            writes.opens_nothing(before.get(record_id, rights), rights)


def _rights_on(ctx: Ctx, entity: Entity, moving: Iterable[tuple[Any, str]]) -> dict[int, dict[str, str]]:
    """The actor's rights on the fields of what moves and he sees, where rights go by something at all."""
    if not any(rule.condition for rule in ctx.rights.field_rights(entity)):
        return {}
    look = records.reader(ctx)
    seen = {record.id: record for record, _column in moving if allowed.may(ctx, entity, "view", record)}
    return {record_id: look.rights_on(entity, entity.fields, record) for record_id, record in seen.items()}


def _referring(ctx: Ctx, session: GuardedSession, entity: Entity, source_id: int) -> Iterator[tuple[Any, str]]:
    """The entity's records that refer to the customer, deleted ones too, and by which attribute."""
    model: Any = entity.model
    for holder, column in _columns(entity):
        for record in session.scalars(select(holder).where(getattr(holder, column) == source_id)).all():
            yield record, column
    if issubclass(model, AttachedTo):
        attached = select(model).where(model.entity == KEY, model.record_id == source_id)
        for record in session.scalars(attached).all():
            yield record, "record_id"
    if issubclass(model, About):
        # Those that the merger sees, so that he can undo it; notes of others lead from the source to the target.
        about = select(model.id).where(model.about_entity == KEY, model.about_id == source_id)
        for record in session.scalars(select(model).where(model.id.in_(ctx.db.scalars(about).all()))).all():
            yield record, "about_id"


def _columns(entity: Entity) -> list[tuple[Any, str]]:
    """Where references to customers are kept: in the entity's model, or in a plugin's rows beside it."""
    found: list[tuple[Any, str]] = [
        (field.model if isinstance(field, PluginField) else entity.model, attribute_name(field))
        for field in _references(entity)
    ]
    own = (entity.model, "customer_id")
    return [*found, own] if issubclass(entity.model, CustomerScoped) and own not in found else found


def _references(entity: Entity) -> list[Field]:
    return [field for field in entity.fields if field.type.kind == "reference" and field.type.entity == KEY]  # type: ignore[attr-defined]
