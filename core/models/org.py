"""The organisation: 集团, 公司, 分支, 经销商 and 部门 as one tree (M27)."""

from __future__ import annotations

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from core.db.base import Base, Binnable, Record
from core.db.types import text


class Unit(Record, Binnable, Base):
    """单位: a node of the organisation. `base_currency` null means the parent's."""

    UNIT = "id"

    __tablename__ = "core_unit"

    code: Mapped[str] = mapped_column(text(32), unique=True)
    name: Mapped[str] = mapped_column(text(200))
    kind: Mapped[str] = mapped_column(text(16))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("core_unit.id"), index=True)
    base_currency: Mapped[str | None] = mapped_column(text(3))
