"""What happened: one change row per transaction, chained by hash, with its audit rows (M24)."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, synonym

from core.db.base import AttachedTo, Base
from core.db.types import JsonText, UtcDateTime, text


class Change(Base):
    """One transaction that changed something. `number` is its place in the chain.

    `batch` is its Change-Id: its own UUID, or what all chunks of one import or job share. `undoes` is the
    UUID of the change that this one has set back.
    """

    __tablename__ = "core_change"

    id: Mapped[int] = mapped_column(primary_key=True)
    uuid: Mapped[str] = mapped_column(text(36), unique=True)
    batch: Mapped[str] = mapped_column(text(36), index=True)
    happened_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, index=True)
    actor_id: Mapped[int | None] = mapped_column(index=True)
    on_behalf: Mapped[str | None] = mapped_column(text(200))
    door: Mapped[str] = mapped_column(text(16))
    session_id: Mapped[int | None] = mapped_column()
    token_id: Mapped[int | None] = mapped_column()
    address: Mapped[str | None] = mapped_column(text(64))
    reason: Mapped[str | None] = mapped_column(text(400))
    undoes: Mapped[str | None] = mapped_column(text(36))
    number: Mapped[int | None] = mapped_column(unique=True)
    prev_hash: Mapped[str | None] = mapped_column(text(64))
    hash: Mapped[str | None] = mapped_column(text(64))


class Audit(AttachedTo, Base):
    """One record's part of a change: `changes` is `[{field, old, new}]`.

    `batch`, `happened_at`, `actor_id` and `door` are copies from the change, so that the trail can be
    searched by them.
    """

    FOLLOWS = False

    __tablename__ = "core_audit"
    __table_args__ = (Index(None, "entity", "record_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    change_id: Mapped[int] = mapped_column(ForeignKey("core_change.id"), index=True)
    seq: Mapped[int] = mapped_column()
    action: Mapped[str] = mapped_column(text(32))
    record_id: Mapped[int | None] = mapped_column()  # type: ignore[assignment]
    changes: Mapped[list[dict[str, Any]]] = mapped_column(JsonText)
    batch: Mapped[str] = mapped_column(text(36))
    happened_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, index=True)
    actor_id: Mapped[int | None] = mapped_column(index=True)
    door: Mapped[str] = mapped_column(text(16))

    # What every record has: this one is made once and never changed.
    version = 1
    created_at = synonym("happened_at")
    created_by_id = synonym("actor_id")
    updated_at = synonym("happened_at")
    updated_by_id = synonym("actor_id")


class ChainHead(Base):
    """The end of the chain: one row, locked by whoever appends."""

    __tablename__ = "core_chain_head"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column()
    hash: Mapped[str] = mapped_column(text(64))
