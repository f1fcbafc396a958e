"""Code lists: region, industry, level, source and the plugins' own, in one tree table."""

from __future__ import annotations

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.db.base import Base, Binnable, Record
from core.db.types import boolean, text


class Term(Record, Binnable, Base):
    """码表项: a code of a list, such as region `310000` 上海."""

    __tablename__ = "core_term"
    __table_args__ = (UniqueConstraint("list_name", "code"),)

    list_name: Mapped[str] = mapped_column(text(32))
    code: Mapped[str] = mapped_column(text(64))
    label_zh: Mapped[str] = mapped_column(text(200))
    label_en: Mapped[str] = mapped_column(text(200))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("core_term.id"), index=True)
    position: Mapped[int] = mapped_column(default=0)
    active: Mapped[bool] = mapped_column(boolean(), default=True)
