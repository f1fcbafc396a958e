"""The kernel's own bookkeeping: cache epochs, numbering rules, what plugins have left behind."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.db.base import Base, Record
from core.db.types import JsonText, UtcDateTime, boolean, long_text, text


class Epoch(Base):
    """A counter that rises when cached facts change: `rights` and `shares`."""

    __tablename__ = "core_epoch"

    name: Mapped[str] = mapped_column(text(16), primary_key=True)
    number: Mapped[int] = mapped_column(default=1)


class NumberRule(Record, Base):
    """How business numbers of an entity are made, for a unit and those below it, or (unit null) for all."""

    __tablename__ = "core_number_rule"
    __table_args__ = (UniqueConstraint("entity", "unit_id"),)

    entity: Mapped[str] = mapped_column(text(64))
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("core_unit.id"))
    prefix: Mapped[str] = mapped_column(text(16))
    digits: Mapped[int] = mapped_column()
    next_number: Mapped[int] = mapped_column(default=1)


class PluginRecord(Base):
    """A plugin that has run here once; its tables are still in the database.

    `running` says whether it ran when the site last started or was upgraded, `critical` what its manifest
    said then, `given` which grants the roles got from it, removed since or not.
    """

    __tablename__ = "core_plugin"

    name: Mapped[str] = mapped_column(text(16), primary_key=True)
    version: Mapped[str] = mapped_column(text(64))
    enabled_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    running: Mapped[bool] = mapped_column(boolean())
    critical: Mapped[bool] = mapped_column(boolean())
    given: Mapped[list[Any]] = mapped_column(JsonText)


class MissedCall(Base):
    """A hook that a plugin could not hear because it did not run; it hears it before it serves again."""

    __tablename__ = "core_plugin_missed"

    id: Mapped[int] = mapped_column(primary_key=True)
    plugin: Mapped[str] = mapped_column(text(16), index=True)
    hook: Mapped[str] = mapped_column(text(64))
    arguments: Mapped[dict[str, Any]] = mapped_column(JsonText)
    missed_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)


class KeptReply(Base):
    """The reply to a request with an `Idempotency-Key`. Of key and request only hashes are kept.

    `rights` is a hash of what the user was allowed at that time. `status` is null while the request is
    under way, which nobody but its own transaction can see.
    """

    __tablename__ = "core_idempotency"

    user_id: Mapped[int] = mapped_column(ForeignKey("core_user.id", ondelete="CASCADE"), primary_key=True)
    key_hash: Mapped[str] = mapped_column(text(64), primary_key=True)
    request_hash: Mapped[str] = mapped_column(text(64))
    rights_hash: Mapped[str] = mapped_column(text(64))
    created_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, index=True)
    status: Mapped[int | None] = mapped_column()
    headers: Mapped[dict[str, Any] | None] = mapped_column(JsonText)
    content: Mapped[str | None] = mapped_column(long_text())
