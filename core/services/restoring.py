"""Records as they were before: written again under the rules of today, as undo does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from core.services import allowed, records, writes
from core.services.chunks import chunked
from core.services.intake import Intake
from core.services.trail import Key
from core.services.work import Ctx
from plugins import Entity


def held(ctx: Ctx, keys: Iterable[Key], *, lock: bool = True) -> dict[Key, Any]:
    """Those of the records that the actor sees, binned ones too; `lock` holds them against other writers."""
    wanted: dict[str, set[int]] = {}
    for key, record_id in keys:
        wanted.setdefault(key, set()).add(record_id)
    return {
        (key, record_id): record
        for key, ids in sorted(wanted.items())
        for chunk in chunked(sorted(ids))
        for record_id, record in records.find_all(ctx, ctx.catalog[key], chunk, rows="any", lock=lock).items()
    }


def set_back(ctx: Ctx, entity: Entity, record: Any, old: Mapping[str, Any], actions: Iterable[str]) -> None:
    """Give fields the values that they once had, in JSON, as undo does.

    Judged as a change is: the `actions` on both images, the fields' rights, references and the entity's
    rules. What no form changes, such as a state, is set back too: it was like that. Raises Forbidden,
    Conflict, Invalid.
    """
    look, actions = records.reader(ctx), tuple(actions)
    before = look.rights_on(entity, entity.fields, record)
    may_set_back(ctx, entity, record, old, actions)
    taken = Intake(ctx, entity).take(old, record)
    raw = dict(taken.values)
    in_forms = {field.name for field in entity.fields if not (field.read_only or field.create_only)}
    taken.values = {name: value for name, value in raw.items() if name in in_forms}
    if taken.values:
        writes.prepare(ctx, entity, record, taken)
    taken.values = raw  # and nothing that the rules would add: it was as it was
    writes.settle(ctx, entity, taken)
    writes.apply(ctx, entity, record, taken, before, look)
    writes.flush(ctx)
    entity.rules.stored(ctx, record, raw, False)
    writes.flush(ctx)
    for action in actions:
        allowed.require(ctx, entity, action, record)


def may_set_back(ctx: Ctx, entity: Entity, record: Any, names: Iterable[str], actions: Iterable[str]) -> None:
    """Forbidden unless the actor may do the actions on the record and write these of its fields."""
    for action in actions:
        allowed.require(ctx, entity, action, record)
    rights = records.reader(ctx).rights_on(entity, entity.fields, record)
    writes.need_open({name: rights[name] for name in names})


def make_again(ctx: Ctx, entity: Entity, values: Mapping[str, Any], known: Mapping[str, Any]) -> Any:
    """A removed record anew, from its fields' values in JSON and what is `known` of its other columns."""
    writes.may_try(ctx, entity)
    taken = Intake(ctx, entity).take(values)
    raw = dict(taken.values)
    writes.prepare(ctx, entity, None, taken)
    writes.may_create(ctx, entity, taken, values)
    writes.settle(ctx, entity, taken)
    record = entity.model(**known)
    writes.fill(entity, record, raw)
    ctx.db.add(record)
    writes.flush(ctx)
    entity.rules.stored(ctx, record, raw, True)
    writes.flush(ctx)
    return record
