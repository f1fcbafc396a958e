"""Jobs: work that is done in the background, and the moments at which schedules were due."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from core.db.base import Base, Record
from core.db.types import JsonText, UtcDateTime, boolean, text


class QueuedJob(Record, Base):
    """任务. A job that waits, runs or has ended; written in the transaction that asked for it (M37).

    `slot` is what no two jobs may have at once: while it waits, its unique key; while a scheduled
    one runs, the name of its job; else the `uuid`. `lease` is whoever may end it: a new one for each
    of its transactions, so that none commits twice. `uuid` is the batch of its changes.
    """

    OWNER = "user_id"
    PERSONAL = dict.fromkeys(("view", "cancel", "retry"), ("user_id",))

    __tablename__ = "core_job"
    __table_args__ = (Index(None, "state", "priority", "run_at"),)

    uuid: Mapped[str] = mapped_column(text(36), unique=True)
    slot: Mapped[str] = mapped_column(text(200), unique=True)
    key: Mapped[str] = mapped_column("job_key", text(64))
    unique_key: Mapped[str | None] = mapped_column(text(120), index=True)
    payload: Mapped[Any | None] = mapped_column(JsonText)
    user_id: Mapped[int] = mapped_column(ForeignKey("core_user.id"), index=True)
    on_behalf: Mapped[str | None] = mapped_column(text(200))
    state: Mapped[str] = mapped_column(text(16))
    priority: Mapped[int] = mapped_column()
    run_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column()
    done: Mapped[int] = mapped_column()
    total: Mapped[int | None] = mapped_column()
    cancel_asked: Mapped[bool] = mapped_column(boolean())
    lease: Mapped[str | None] = mapped_column(text(36))
    lease_until: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    runner: Mapped[str | None] = mapped_column(text(100))
    started_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    result: Mapped[Any | None] = mapped_column(JsonText)
    error: Mapped[str | None] = mapped_column(text(400))


class JobSlot(Base):
    """A moment of a job's schedule that has been seen to: each is seen to once, whatever clocks do."""

    __tablename__ = "core_due_slot"

    job_key: Mapped[str] = mapped_column(text(64), primary_key=True)
    due_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, primary_key=True)
