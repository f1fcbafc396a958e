"""What people do with and for customers: visits, calls, mails, meetings, notes and tasks (M56)."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Column, ForeignKey, Index, Table
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.db.base import About, Base, Binnable, Customizable, Involving, Record
from core.db.types import UtcDateTime, boolean, long_text, text
from core.models.identity import User

activity_user = Table(
    "core_activity_user",
    Base.metadata,
    Column("activity_id", ForeignKey("core_activity.id", ondelete="CASCADE"), primary_key=True),
    Column("user_id", ForeignKey("core_user.id", ondelete="CASCADE"), primary_key=True, index=True),
)


class Activity(Record, Involving, About, Binnable, Customizable, Base):
    """活动. `at` is when it takes or took place, `due` the day by which it is to be done; so for the `next_` step."""

    PARTICIPANTS = activity_user

    __tablename__ = "core_activity"
    __table_args__ = (
        Index(None, "customer_id", "happens_at"),
        Index(None, "assignee_id", "done", "due"),
        Index(None, "about_entity", "about_id"),
    )

    kind: Mapped[str] = mapped_column(text(16))
    subject: Mapped[str] = mapped_column(text(200))
    content: Mapped[str | None] = mapped_column(long_text())
    happens_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime, index=True)
    due: Mapped[dt.date | None] = mapped_column()
    done: Mapped[bool] = mapped_column(boolean(), default=False)
    outcome: Mapped[str | None] = mapped_column(long_text())
    next_step: Mapped[str | None] = mapped_column(text(200))
    next_kind: Mapped[str | None] = mapped_column(text(16))
    next_due: Mapped[dt.date | None] = mapped_column()
    next_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("core_contact.id", ondelete="SET NULL"), index=True)

    subject_folded: Mapped[str | None] = mapped_column(text(800))

    participants: Mapped[list[User]] = relationship(secondary=activity_user, order_by=User.login, lazy="raise_on_sql")
