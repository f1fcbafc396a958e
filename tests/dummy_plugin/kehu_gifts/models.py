"""The plugin's own table."""

import datetime as dt
from decimal import Decimal

from sqlalchemy.orm import Mapped, mapped_column

from core.api import Binnable, CustomerScoped, Record, columns, plugin_base

Base = plugin_base("gifts")


class Gift(CustomerScoped, Record, Binnable, Base):  # type: ignore[misc, valid-type]
    """礼品: something given to a customer on a day. Seen by whoever sees the customer."""

    __tablename__ = "gifts_gift"

    code: Mapped[str] = mapped_column(columns.text(32), unique=True)
    name: Mapped[str] = mapped_column(columns.text(100))
    given_on: Mapped[dt.date] = mapped_column()
    price: Mapped[Decimal | None] = mapped_column(columns.Money)
