"""Fields that an administrator defines at run time."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Mapped, mapped_column

from core.db.base import Base, Binnable, Record
from core.db.types import JsonText, boolean, text


class CustomField(Record, Binnable, Base):
    """自定义字段: its values are kept in the records under its id, so that one of the same name starts empty.

    `choices` are `[{"code", "label_zh", "label_en", "active"}]`, null unless the kind is `choice`.
    """

    __tablename__ = "core_custom_field"

    entity: Mapped[str] = mapped_column(text(64), index=True)
    name: Mapped[str] = mapped_column(text(31))
    kind: Mapped[str] = mapped_column(text(16))
    label_zh: Mapped[str] = mapped_column(text(100))
    label_en: Mapped[str] = mapped_column(text(100))
    choices: Mapped[list[dict[str, Any]] | None] = mapped_column(JsonText)
    required: Mapped[bool] = mapped_column(boolean(), default=False)
    position: Mapped[int] = mapped_column(default=0)
    active: Mapped[bool] = mapped_column(boolean(), default=True)
