"""A small plugin's models, to see that the scope holds for what the kernel has never heard of."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import Column, Engine, ForeignKey, Table
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.db.base import Binnable, CustomerScoped, Record, RecordScoped, metadata, plugin_base
from core.db.types import text
from core.fields import Integer, Reference, Text
from core.models import Customer, User
from core.security.catalog import Catalog
from core.security.store import RightsStore
from core.services.work import Kernel
from plugins import Entity, Field

Base: Any = plugin_base("tst")

deal_partner = Table(
    "tst_deal_partner",
    metadata,
    Column("deal_id", ForeignKey("tst_deal.id"), primary_key=True),
    Column("customer_id", ForeignKey("core_customer.id"), primary_key=True),
)


class Deal(Record, RecordScoped, Binnable, Base):
    """Has an owner of its own, and refers to customers that its reader may not see."""

    __tablename__ = "tst_deal"

    name: Mapped[str] = mapped_column(text(200))
    amount: Mapped[int] = mapped_column(default=0)
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("core_customer.id"))

    part_of_id: Mapped[int | None] = mapped_column(ForeignKey("tst_deal.id"))

    customer: Mapped[Customer | None] = relationship(Customer)
    holder: Mapped[User | None] = relationship(User)
    parts: Mapped[list[Deal]] = relationship()
    partners: Mapped[list[Customer]] = relationship(Customer, secondary=deal_partner, order_by=Customer.id)
    visits: Mapped[list[Visit]] = relationship(back_populates="deal", order_by="Visit.id")


class Visit(Record, CustomerScoped, Binnable, Base):
    """Hangs on a customer, and perhaps on a deal."""

    __tablename__ = "tst_visit"

    subject: Mapped[str] = mapped_column(text(200))
    effort: Mapped[int | None] = mapped_column()
    deal_id: Mapped[int | None] = mapped_column(ForeignKey("tst_deal.id"))

    customer: Mapped[Customer] = relationship(Customer)
    deal: Mapped[Deal | None] = relationship(back_populates="visits")


class Diary(Base):
    """Mapped, but no entity: nobody has a right on it."""

    __tablename__ = "tst_diary"

    id: Mapped[int] = mapped_column(primary_key=True)
    line: Mapped[str] = mapped_column(text(200))


DEAL = Entity(
    key="tst.deal",
    model=Deal,
    title="Deal",
    plural="Deals",
    natural_key="name",
    fields=(
        Field("name", Text(200), "Name", required=True),
        Field("amount", Integer(), "Amount"),
        Field("customer", Reference("core.customer"), "Customer"),
        # No `right="assign"`: what a plugin forgets to declare must not open a way around it.
        Field("owner", Reference("core.user"), "Owner"),
        Field("unit", Reference("core.unit"), "Unit"),
        Field("secrecy", Integer(0, 3), "Secrecy"),
    ),
)
VISIT = Entity(
    key="tst.visit",
    model=Visit,
    title="Visit",
    plural="Visits",
    label="subject",
    natural_key="subject",
    fields=(
        Field("subject", Text(200), "Subject", required=True),
        Field("customer", Reference("core.customer"), "Customer", required=True),
        Field("effort", Integer(), "Effort"),
    ),
)
TABLES = [model.__table__ for model in (Deal, Visit, Diary)] + [deal_partner]


def extended(kernel: Kernel, engine: Engine) -> Kernel:
    """The kernel as it would be with this plugin on, its tables made through a plain engine."""
    metadata.create_all(engine, tables=TABLES)
    catalog = Catalog([*kernel.catalog, DEAL, VISIT])
    return replace(kernel, catalog=catalog, store=RightsStore(catalog, kernel.settings.time_zone))
