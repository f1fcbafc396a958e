"""The plugin's own tables."""

import datetime as dt
from decimal import Decimal

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from core.api import Binnable, Customer, CustomerScoped, ExtensionOf, Record, columns, plugin_base

Base = plugin_base("gifts")


class Gift(CustomerScoped, Record, Binnable, Base):  # type: ignore[misc, valid-type]
    """礼品: something given to a customer on a day. Seen by whoever sees the customer."""

    __tablename__ = "gifts_gift"

    code: Mapped[str] = mapped_column(columns.text(32), unique=True)
    name: Mapped[str] = mapped_column(columns.text(100))
    given_on: Mapped[dt.date] = mapped_column()
    name_folded: Mapped[str | None] = mapped_column(columns.text(400))
    price: Mapped[Decimal | None] = mapped_column(columns.Money)


class Wishes(ExtensionOf(Customer), Base):  # type: ignore[misc, valid-type]
    """送礼偏好: what a customer may be given. A customer without a row has said nothing yet."""

    __tablename__ = "gifts_wishes"

    no_alcohol: Mapped[bool | None] = mapped_column(columns.boolean())
    budget: Mapped[Decimal | None] = mapped_column(columns.Money, index=True)
    favourite_id: Mapped[int | None] = mapped_column(ForeignKey("gifts_gift.id", ondelete="SET NULL"), index=True)
