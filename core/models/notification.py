"""What the program tells a user: once about each thing and day."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from core.db.base import About, Base, Record
from core.db.types import JsonText, boolean, text


class Notification(Record, About, Base):
    """提醒. `once` is the same for the same user, kind, record and day; `message` names records by
    their ids, so that it is read with what its reader may see by then (M38).
    """

    OWNER = "user_id"
    PERSONAL = dict.fromkeys(("view", "read", "unread"), ("user_id",))

    __tablename__ = "core_notification"
    __table_args__ = (Index(None, "user_id", "is_read", "id"),)

    once: Mapped[str] = mapped_column(text(64), unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("core_user.id"))
    kind: Mapped[str] = mapped_column(text(64))
    message: Mapped[dict[str, Any]] = mapped_column(JsonText)
    due: Mapped[dt.date | None] = mapped_column()
    read: Mapped[bool] = mapped_column("is_read", boolean())
