"""The customer master: customers belong to the company, not to the salesperson (M46)."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from core.db.base import Base, Binnable, CustomerScoped, Customizable, Record, RecordScoped
from core.db.names import core_name, mail_domain, tax_key
from core.db.phones import phone_key
from core.db.types import Money, long_text, text


class Customer(Record, RecordScoped, Binnable, Customizable, Base):
    """客户. State: 目标 target, 潜在 prospect, 正式 formal, 封存 sealed (M48).

    `*_folded`, `*_spoken`, `sort_key` and the keys of duplicates are derived when the row is
    written; nobody sets them. A customer that was merged into another stays, deleted, and says where
    it went.
    """

    __tablename__ = "core_customer"
    __table_args__ = (
        Index(None, "owner_id", "sort_key"),
        Index(None, "unit_id", "sort_key"),
        Index(None, "sort_key", "id"),
    )

    code: Mapped[str] = mapped_column(text(32), unique=True)
    name: Mapped[str] = mapped_column(text(200))
    short_name: Mapped[str | None] = mapped_column(text(100))
    kind: Mapped[str] = mapped_column(text(16))
    state: Mapped[str] = mapped_column(text(16), index=True)
    level_id: Mapped[int | None] = mapped_column(ForeignKey("core_term.id"), index=True)
    industry_id: Mapped[int | None] = mapped_column(ForeignKey("core_term.id"), index=True)
    region_id: Mapped[int | None] = mapped_column(ForeignKey("core_term.id"), index=True)
    source_id: Mapped[int | None] = mapped_column(ForeignKey("core_term.id"), index=True)
    phone: Mapped[str | None] = mapped_column(text(64))
    email: Mapped[str | None] = mapped_column(text(200))
    website: Mapped[str | None] = mapped_column(text(200))
    address: Mapped[str | None] = mapped_column(text(400))
    tax_no: Mapped[str | None] = mapped_column(text(64))
    employees: Mapped[int | None] = mapped_column()
    annual_revenue: Mapped[Decimal | None] = mapped_column(Money)
    founded_on: Mapped[dt.date | None] = mapped_column()
    developed_on: Mapped[dt.date | None] = mapped_column()
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("core_customer.id"), index=True)
    note: Mapped[str | None] = mapped_column(long_text())
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("core_customer.id"), index=True)

    code_folded: Mapped[str | None] = mapped_column(text(64))
    name_folded: Mapped[str | None] = mapped_column(text(800))
    name_spoken: Mapped[str | None] = mapped_column(text(800))
    short_name_folded: Mapped[str | None] = mapped_column(text(400))
    short_name_spoken: Mapped[str | None] = mapped_column(text(400))
    phone_folded: Mapped[str | None] = mapped_column(text(64), info={"fold": "phone"})
    sort_key: Mapped[str] = mapped_column(text(255))

    # What duplicates are found by (M58).
    core_name: Mapped[str | None] = mapped_column(text(200), index=True, info={"derived": ("name", core_name)})
    phone_key: Mapped[str | None] = mapped_column(text(64), index=True, info={"derived": ("phone", phone_key)})
    tax_key: Mapped[str | None] = mapped_column(text(64), index=True, info={"derived": ("tax_no", tax_key)})
    mail_domain: Mapped[str | None] = mapped_column(text(200), index=True, info={"derived": ("email", mail_domain)})


class CustomerState(CustomerScoped, Record, Base):
    """One step of a customer from state to state: the rule or verb behind it, and its proof (M48).

    Written by the kernel with every change of state, whichever door it comes through; when and by
    whom are the row's own `created_at` and `created_by`.
    """

    __tablename__ = "core_state_step"

    from_state: Mapped[str | None] = mapped_column(text(16))
    to_state: Mapped[str] = mapped_column(text(16))
    cause: Mapped[str] = mapped_column(text(32))
    reason: Mapped[str | None] = mapped_column(text(400))
    document: Mapped[str | None] = mapped_column(text(64))
