"""Requests that a program may send twice: the second gets the reply of the first, and nothing is done.

The reply is kept in the transaction of what was done, for a day, by user and key. Of the key and the
request only hashes are kept, that of the request keyed with the key: bodies may hold passwords.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from core.db.guard import unscoped
from core.errors import Conflict, Invalid
from core.i18n import _
from core.models import KeptReply
from core.models.secret import secret_hash
from core.security.rights import Rights
from core.services.work import Ctx, Work

KEPT_FOR = dt.timedelta(hours=24)


@dataclass(frozen=True)
class Kept:
    """A reply as it was given."""

    status: int
    headers: Mapping[str, str]
    body: str


def begin(ctx: Ctx, key: str, request: bytes) -> Kept | None:
    """The reply that was given to this request before; None when it is the first, whose reply is to be kept.

    Invalid when the key came with another request; Conflict `IN_FLIGHT` while the first is under way, and
    `RIGHTS_CHANGED` when the user may do other things now than when the reply was given: it may show what
    he is not to see any more.
    """
    run = partial(unscoped, ctx.work.connection)
    row = _row(ctx, key)
    if row is not None and not _is_old(ctx, row):
        return _again(ctx, row, key, request)
    if row is not None:
        run(delete(KeptReply).where(*_mine(ctx, key)))
    asked, allowed = _hash(key, request), _rights_hash(ctx.rights)
    values = {"user_id": ctx.identity.user_id, "key_hash": secret_hash(key), "request_hash": asked}
    try:
        run(insert(KeptReply).values(**values, rights_hash=allowed, created_at=ctx.now))
    except IntegrityError as error:
        raise Conflict(
            _("A request with this Idempotency-Key is under way. Send it again in a moment."), code="IN_FLIGHT"
        ) from error
    return None


def known(ctx: Ctx, key: str, request: bytes) -> Kept | None:
    """The reply that was given to this request before. Raises as `begin` does, and begins nothing."""
    row = _row(ctx, key)
    return None if row is None or _is_old(ctx, row) else _again(ctx, row, key, request)


def _row(ctx: Ctx, key: str) -> Any:
    statement = select(*KeptReply.__table__.columns).where(*_mine(ctx, key))
    return unscoped(ctx.work.connection, statement).one_or_none()


def _is_old(ctx: Ctx, row: Any) -> bool:
    return bool(row.created_at <= ctx.now - KEPT_FOR)


def _again(ctx: Ctx, row: Any, key: str, request: bytes) -> Kept:
    if row.request_hash != _hash(key, request):
        message = _("This key came with another request. Use a new key for each.")
        raise Invalid(code="IDEMPOTENCY_KEY", errors={"Idempotency-Key": [message]})
    if row.rights_hash != _rights_hash(ctx.rights):
        raise Conflict(
            _("This was done already, but your rights have changed since. Read the record again."),
            code="RIGHTS_CHANGED",
        )
    return Kept(row.status, row.headers, row.content)


def keep(ctx: Ctx, key: str, reply: Kept) -> None:
    """Keep the reply to the request that was begun."""
    values = {"status": reply.status, "headers": dict(reply.headers), "content": reply.body}
    statement = update(KeptReply).where(*_mine(ctx, key)).values(**values)
    unscoped(ctx.work.connection, statement)


def forget_old(work: Work) -> int:
    """Drop the replies that are kept no longer; how many there were."""
    statement = delete(KeptReply).where(KeptReply.created_at <= work.now - KEPT_FOR)
    rows: int = unscoped(work.connection, statement).rowcount
    return rows


def _mine(ctx: Ctx, key: str) -> tuple[Any, ...]:
    return KeptReply.user_id == ctx.identity.user_id, KeptReply.key_hash == secret_hash(key)


def _hash(key: str, request: bytes) -> str:
    return hmac.new(key.encode(), request, "sha256").hexdigest()


def _rights_hash(rights: Rights) -> str:
    """Changes with all that a user may do, if not with the records he may do it with."""
    person = rights.person
    shares = sorted((*key, list(ids)) for key, ids in rights.shares.ids.items())
    facts = [person.unit_id, rights.units, person.clearance, person.grants, person.field_rights, shares]
    return hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()
