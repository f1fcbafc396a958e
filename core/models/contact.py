"""People at customers (M55)."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from core.db.base import Base, Binnable, CustomerScoped, Customizable, Record
from core.db.types import boolean, text


class Contact(CustomerScoped, Record, Binnable, Customizable, Base):
    """联系人. Seen by whoever sees the customer; `is_main` marks the one to call first.

    `*_folded`, `*_spoken` and `sort_key` are derived when the row is written; nobody sets them.
    """

    __tablename__ = "core_contact"

    code: Mapped[str] = mapped_column(text(32), unique=True)
    name: Mapped[str] = mapped_column(text(100))
    title: Mapped[str | None] = mapped_column(text(100))
    department: Mapped[str | None] = mapped_column(text(100))
    buying_role: Mapped[str | None] = mapped_column(text(16))
    phone: Mapped[str | None] = mapped_column(text(64))
    mobile: Mapped[str | None] = mapped_column(text(64))
    email: Mapped[str | None] = mapped_column(text(200))
    birthday: Mapped[dt.date | None] = mapped_column()
    birthday_lunar: Mapped[bool] = mapped_column(boolean(), default=False)
    is_main: Mapped[bool] = mapped_column(boolean(), default=False)
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("core_user.id"), index=True)

    code_folded: Mapped[str | None] = mapped_column(text(64))
    name_folded: Mapped[str | None] = mapped_column(text(400))
    name_spoken: Mapped[str | None] = mapped_column(text(400))
    phone_folded: Mapped[str | None] = mapped_column(text(64), info={"fold": "phone"})
    mobile_folded: Mapped[str | None] = mapped_column(text(64), info={"fold": "phone"})
    email_folded: Mapped[str | None] = mapped_column(text(800))
    sort_key: Mapped[str] = mapped_column(text(255), index=True)
