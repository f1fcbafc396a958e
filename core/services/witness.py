"""What somebody may know of a change: all of what he did himself, else what befell records that he sees."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from core.db.base import AttachedTo
from core.services import restoring
from core.services.trail import Entry, Key, sees_all
from core.services.work import Ctx


def is_his(ctx: Ctx, entry: Entry) -> bool:
    """Whether he did it, or reads the whole audit trail."""
    return entry.actor_id == ctx.identity.user_id or sees_all(ctx)


def known(ctx: Ctx, entries: Sequence[Entry]) -> list[Entry]:
    """Those of one change's entries of which the actor may know that they are there."""
    if not entries or is_his(ctx, entries[0]):
        return list(entries)
    in_sight = seen(ctx, entries)
    return [entry for entry in entries if entry.key in in_sight]


def seen(ctx: Ctx, entries: Iterable[Entry]) -> set[Key]:
    """The records that he sees, binned ones too; of a removed row, whether he sees what it was attached to."""
    entries = list(entries)
    found = _visible(ctx, (entry.key for entry in entries))
    places = {entry.key: place for entry in entries if (place := _place_of_removed(ctx, entry)) is not None}
    visible = _visible(ctx, places.values())
    return found | {key for key, place in places.items() if place in visible}


def _visible(ctx: Ctx, keys: Iterable[Key]) -> set[Key]:
    there = (key for key in keys if key[0] in ctx.catalog and key[1])
    return set(restoring.held(ctx, there, lock=False))


def _place_of_removed(ctx: Ctx, entry: Entry) -> Key | None:
    entity = ctx.catalog.get(entry.entity)
    if entity is None or entry.action != "delete" or not issubclass(entity.model, AttachedTo):
        return None
    old = {line["field"]: line["old"] for line in entry.lines}
    key, record_id = old.get("entity"), old.get("record")
    return (key, record_id) if isinstance(key, str) and isinstance(record_id, int) else None
