"""The records that a user has marked: a preference of his, read with his session."""

from __future__ import annotations

from core.entities.reader import Label, Reader
from core.errors import Conflict
from core.i18n import _
from core.models import User
from core.services import records
from core.services.work import Ctx
from plugins import Entity

MOST = 12  # what a menu holds


def mark(ctx: Ctx, entity: Entity, record_id: int, *, on: bool) -> None:
    """Put a record that the actor sees first among his favourites, or take one away. Raises NotFound, Conflict."""
    mine = (entity.key, record_id)
    others = [one for one in ctx.identity.favourites if one != mine]
    if on:
        records.find(ctx, entity, record_id)
        if len(others) >= MOST:
            message = _("You have ${n} favourites. Take one away first.", mapping={"n": MOST})
            raise Conflict(message, code="FULL")
    session = ctx.work.elevated("own preferences", write=True)
    user = session.get_one(User, ctx.identity.user_id)
    user.favourites = [list(one) for one in ([mine, *others] if on else others)]


def named(ctx: Ctx, language: str) -> list[tuple[Entity, Label]]:
    """The actor's favourites that he still sees, with what they are called; no statement for who has none."""
    look = Reader(ctx.db, ctx.system, ctx.rights, language)
    look.look_up(ctx.identity.favourites)
    labels = ((key, look.label(key, record_id)) for key, record_id in ctx.identity.favourites)
    return [(ctx.catalog[key], label) for key, label in labels if label is not None and not label.deleted]
