"""The trade ledger: what was ordered, contracted, invoiced and received, whoever keeps the documents."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from core.db.base import Base, CustomerScoped, Record
from core.db.types import Money, boolean, text


class Trade(CustomerScoped, Record, Base):
    """交易: one document of a customer. `source_key` names it for whoever recorded it, such as `sales.order/12`.

    A voided document stays, no longer `effective`.
    """

    __tablename__ = "core_trade"
    __table_args__ = (Index(None, "customer_id", "kind", "happened_on"),)

    source_key: Mapped[str] = mapped_column(text(100), unique=True)
    document: Mapped[str] = mapped_column(text(64))
    kind: Mapped[str] = mapped_column(text(16))
    happened_on: Mapped[dt.date] = mapped_column(index=True)
    amount_base: Mapped[Decimal] = mapped_column(Money)
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("core_user.id"), index=True)
    effective: Mapped[bool] = mapped_column(boolean(), default=True)
