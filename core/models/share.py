"""Shares: single records opened to a user, a unit or a role, for a while."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from core.db.base import AttachedTo, Base, Record
from core.db.types import JsonText, UtcDateTime, text


class Share(Record, AttachedTo, Base):
    """共享. Exactly one of the three targets is set; it opens just the actions that it names."""

    OWNER = "created_by_id"
    RIGHT = "share"
    PERSONAL = {"view": ("to_user_id", "created_by_id")}
    FOLLOWS = False

    __tablename__ = "core_share"
    __table_args__ = (Index(None, "entity", "record_id"),)

    to_user_id: Mapped[int | None] = mapped_column(ForeignKey("core_user.id", ondelete="CASCADE"), index=True)
    to_unit_id: Mapped[int | None] = mapped_column(ForeignKey("core_unit.id", ondelete="CASCADE"), index=True)
    to_role_id: Mapped[int | None] = mapped_column(ForeignKey("core_role.id", ondelete="CASCADE"), index=True)
    actions: Mapped[list[str]] = mapped_column(JsonText)
    from_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    until_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    source_entity: Mapped[str | None] = mapped_column(text(64))
    source_id: Mapped[int | None] = mapped_column()

    @property
    def to(self) -> dict[str, int]:
        """The target as `{"user": id}`, `{"unit": id}` or `{"role": id}`."""
        targets = {"user": self.to_user_id, "unit": self.to_unit_id, "role": self.to_role_id}
        return {name: target for name, target in targets.items() if target is not None}

    @to.setter
    def to(self, target: dict[str, int]) -> None:
        self.to_user_id, self.to_unit_id, self.to_role_id = (target.get(name) for name in ("user", "unit", "role"))
