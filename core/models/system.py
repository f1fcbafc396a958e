"""The kernel's own bookkeeping: cache epochs, numbering rules, what plugins have left behind."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.db.base import Base
from core.db.types import UtcDateTime, text


class Epoch(Base):
    """A counter that rises when cached facts change: `rights` and `shares`."""

    __tablename__ = "core_epoch"

    name: Mapped[str] = mapped_column(text(16), primary_key=True)
    number: Mapped[int] = mapped_column(default=1)


class NumberRule(Base):
    """How business numbers of an entity are made, for a unit or (unit null) for all."""

    __tablename__ = "core_number_rule"
    __table_args__ = (UniqueConstraint("entity", "unit_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    entity: Mapped[str] = mapped_column(text(64))
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("core_unit.id"))
    prefix: Mapped[str] = mapped_column(text(16))
    digits: Mapped[int] = mapped_column()
    next_number: Mapped[int] = mapped_column(default=1)


class PluginRecord(Base):
    """A plugin that has been enabled here once; its tables are still in the database."""

    __tablename__ = "core_plugin"

    name: Mapped[str] = mapped_column(text(16), primary_key=True)
    version: Mapped[str] = mapped_column(text(64))
    enabled_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
