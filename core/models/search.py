"""The search index: which records hold which tokens."""

from __future__ import annotations

from sqlalchemy.orm import Mapped, mapped_column

from core.db.base import Base
from core.db.tokens import LONGEST
from core.db.types import text


class SearchField(Base):
    """A field that is indexed, under a number. `reached` is the record up to which its rebuilding has
    come; null: all records are indexed.
    """

    __tablename__ = "core_search_field"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    entity: Mapped[str] = mapped_column(text(64))
    name: Mapped[str] = mapped_column(text(64))
    reached: Mapped[int | None] = mapped_column()


class SearchToken(Base):
    """A token of one record's field. Without foreign keys: a row too many finds nothing, since what
    is found is compared with the record itself.
    """

    __tablename__ = "core_search_token"
    __table_args__ = ({"sqlite_with_rowid": False},)

    field: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    token: Mapped[str] = mapped_column(text(LONGEST), primary_key=True)
    record_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
