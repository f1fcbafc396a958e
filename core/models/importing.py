"""Files that people import: what was uploaded, how it is read, what became of it."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from core.db.base import Base, Record
from core.db.types import JsonText, UtcDateTime, text


class Import(Record, Base):
    """导入. A file that somebody uploaded for the entity `entity`, and each step that was taken with it.

    `shape` is the same for files with the same columns. `choices` says how it is read (the columns' fields and
    so on), `preview` what a rehearsal came to, `left` the first of the `stayed` records that
    could not be taken back. `batch` is the change
    of the import, `reverting` that of taking it back; both are the `uuid` of a job.
    """

    OWNER = "user_id"
    PERSONAL = {"view": ("user_id",)}

    __tablename__ = "core_import"
    __table_args__ = (Index(None, "user_id", "shape"),)

    user_id: Mapped[int] = mapped_column(ForeignKey("core_user.id"))
    entity: Mapped[str] = mapped_column(text(64))
    file: Mapped[str] = mapped_column("file_name", text(200))
    encoding: Mapped[str] = mapped_column("file_encoding", text(16))
    shape: Mapped[str] = mapped_column(text(64))
    columns: Mapped[list[Any]] = mapped_column("file_columns", JsonText)
    rows: Mapped[int] = mapped_column("row_count")
    choices: Mapped[dict[str, Any]] = mapped_column(JsonText)
    preview: Mapped[dict[str, Any] | None] = mapped_column(JsonText)
    state: Mapped[str] = mapped_column(text(16))
    created: Mapped[int] = mapped_column("n_created", default=0)
    updated: Mapped[int] = mapped_column("n_updated", default=0)
    skipped: Mapped[int] = mapped_column("n_skipped", default=0)
    failed: Mapped[int] = mapped_column("n_failed", default=0)
    batch: Mapped[str | None] = mapped_column(text(36))
    started_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    reverting: Mapped[str | None] = mapped_column(text(36))
    reverted: Mapped[int] = mapped_column("n_reverted", default=0)
    stayed: Mapped[int] = mapped_column("n_stayed", default=0)
    left: Mapped[list[Any]] = mapped_column("not_reverted", JsonText)

    @property
    def done(self) -> int:
        """How many rows have been seen to."""
        return self.created + self.updated + self.skipped + self.failed


class ImportPart(Base):
    """Some rows of the file, as many as one transaction takes: `[line, cells, fault, exact]` each. `failed`
    holds the position of each that was not stored, and why.
    """

    __tablename__ = "core_import_part"

    import_id: Mapped[int] = mapped_column(ForeignKey("core_import.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    rows: Mapped[list[Any]] = mapped_column("content", JsonText)
    failed: Mapped[list[Any] | None] = mapped_column(JsonText)
