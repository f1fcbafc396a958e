"""Ways of looking at a list that people keep and open to their colleagues."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from core.db.base import Base, Binnable, Record
from core.db.types import JsonText, text


class SavedView(Record, Binnable, Base):
    """视图. Its owner's alone, or open to whoever belongs to its unit or one below.

    `asked` holds what the list is asked for, by the names of its address: `q`, `filter`, `sort`, `columns`, `group`.
    """

    OWNER = "owner_id"
    OPEN_TO = "unit_id"
    PERSONAL = dict.fromkeys(("view", "create", "edit", "delete"), ("owner_id",))

    __tablename__ = "core_saved_view"
    __table_args__ = (Index(None, "entity", "owner_id"), Index(None, "entity", "unit_id"))

    entity: Mapped[str] = mapped_column(text(64))
    name: Mapped[str] = mapped_column(text(60))
    asked: Mapped[dict[str, Any]] = mapped_column(JsonText)
    owner_id: Mapped[int] = mapped_column(ForeignKey("core_user.id"))
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("core_unit.id", ondelete="SET NULL"))
