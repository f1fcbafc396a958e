"""Attachments: files that hang on a record."""

from __future__ import annotations

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from core.db.base import AttachedTo, Base, Binnable, Record
from core.db.types import text


class Attachment(Record, AttachedTo, Binnable, Base):
    """附件. The bytes lie in the store of files under the random name `stored`."""

    __tablename__ = "core_attachment"
    __table_args__ = (Index(None, "entity", "record_id"),)

    name: Mapped[str] = mapped_column(text(200))
    media_type: Mapped[str] = mapped_column(text(100))
    size: Mapped[int] = mapped_column()
    sha256: Mapped[str] = mapped_column(text(64))
    stored: Mapped[str] = mapped_column(text(64), unique=True)
