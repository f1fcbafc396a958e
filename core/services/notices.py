"""Telling a user something: each kind once per record, day and user (M38).

What is stored is the sentence with gaps and the ids of the records it names, never their names. It
is put together when it is read, in the reader's language and with what he may see by then.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError
from translationstring import TranslationString

from core.db.base import stored_id
from core.db.guard import unscoped
from core.i18n import _
from core.models import Notification
from core.services.work import Ctx
from plugins import Rules


class NotificationRules(Rules):
    """Notifications are written by what happens."""

    closed = _("Notifications are written by what happens. They can be marked as read.")


def notify(ctx: Ctx, user_id: int, kind: str, text: str, *, about: Any = None, due: dt.date | None = None) -> bool:
    """Tell a user something about a record, such as `_("${about} is due.")`. False if he has been told:
    the same kind about the same record for the same day.

    `kind` begins with the plugin's name. Gaps of `text` are filled with numbers, dates and records;
    `${about}` by itself. Raises TypeError for other texts: a name that is stored could not be hidden later.
    """
    ctx.work.flush()
    target = None if about is None else _named(ctx, about)
    once = hashlib.sha256(json.dumps([user_id, kind, target, due and due.isoformat()]).encode()).hexdigest()
    if unscoped(ctx.work.connection, select(Notification.id).where(Notification.once == once)).first() is not None:
        return False
    entity, record_id = (None, None) if target is None else (target["entity"], target["id"])
    values = {
        "once": once,
        "user_id": user_id,
        "kind": kind,
        "message": _message(ctx, text, target),
        "about_entity": entity,
        "about_id": record_id,
        "due": due,
        "is_read": False,
        "version": 1,
        "created_at": ctx.now,
        "updated_at": ctx.now,
        "created_by_id": ctx.identity.user_id,
        "updated_by_id": ctx.identity.user_id,
    }
    try:
        with ctx.work.connection.begin_nested():
            unscoped(ctx.work.connection, insert(Notification).values(**values))
    except IntegrityError:
        if unscoped(ctx.work.connection, select(Notification.id).where(Notification.once == once)).first() is None:
            raise
        return False  # another transaction was quicker
    return True


def _message(ctx: Ctx, text: str, about: dict[str, Any] | None) -> dict[str, Any]:
    if not isinstance(text, TranslationString):
        raise TypeError("write the text of a notification as _(…), so that it can be read in each language")
    values = {name: _gap(ctx, name, value) for name, value in (text.mapping or {}).items()}
    if about is not None:
        values["about"] = about
    return {"text": str(text), "domain": text.domain, "values": values}


def _gap(ctx: Ctx, name: str, value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return value.isoformat()
    if ctx.catalog.of_model(type(value)) is None:
        raise TypeError(f"${{{name}}} of a notification is {value!r:.40}: give a number, a date or a record")
    return _named(ctx, value)


def _named(ctx: Ctx, record: Any) -> dict[str, Any]:
    entity = ctx.catalog.of_model(type(record))
    if entity is None:
        raise TypeError(f"{record!r:.40} is not a record of an entity")
    return {"entity": entity.key, "id": stored_id(record)}


def read(ctx: Ctx, notice: Notification, arguments: Mapping[str, Any]) -> None:
    """Mark as read."""
    _mark(ctx, notice, True)


def unread(ctx: Ctx, notice: Notification, arguments: Mapping[str, Any]) -> None:
    """Mark as not read yet."""
    _mark(ctx, notice, False)


def mark_all_read(ctx: Ctx) -> None:
    """Nothing that the actor was told is unread any more."""
    values = {"is_read": True, "version": Notification.version + 1, "updated_at": ctx.now}
    mine = (Notification.user_id == ctx.identity.user_id, Notification.read.is_(False))
    unscoped(ctx.work.connection, update(Notification).where(*mine).values(**values))


def _mark(ctx: Ctx, notice: Notification, is_read: bool) -> None:
    if notice.read != is_read:
        values = {"is_read": is_read, "version": Notification.version + 1, "updated_at": ctx.now}
        unscoped(ctx.work.connection, update(Notification).where(Notification.id == notice.id).values(**values))
        ctx.db.refresh(notice)
