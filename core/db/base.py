"""Metadata, names of constraints, the declarative bases, and the columns that records share."""

from __future__ import annotations

import datetime as dt
import hashlib
from decimal import Decimal
from typing import Any, ClassVar

from sqlalchemy import Constraint, ForeignKey, ForeignKeyConstraint, Index, MetaData, Table
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column, registry
from sqlalchemy.orm.attributes import instance_state
from sqlalchemy.types import TypeEngine

from core.db.types import JsonValues, Money, UtcDateTime, boolean, text

MAX_IDENTIFIER = 30  # Oracle's limit before 12.2


def stored_id(record: Any) -> Any:
    """The id of a record that is stored, None of a new one. Never a SELECT: the object may have expired."""
    identity = instance_state(record).identity
    return None if identity is None else identity[0]


def short_name(prefix: str, *parts: str) -> str:
    """Join the parts; a name over 30 characters keeps its head and ends in a hash of the whole."""
    full = "_".join((prefix, *parts))
    if len(full) <= MAX_IDENTIFIER:
        return full
    digest = hashlib.sha256(full.encode()).hexdigest()[:6]
    return f"{full[: MAX_IDENTIFIER - 7].rstrip('_')}_{digest}"


def _named(prefix: str) -> Any:
    def name(constraint: Constraint | Index, table: Table) -> str:
        columns = constraint.columns if isinstance(constraint, Index) else getattr(constraint, "columns", ())
        keys = (
            [element.parent.name for element in constraint.elements]
            if isinstance(constraint, ForeignKeyConstraint)
            else [column.name for column in columns]
        )
        return short_name(prefix, table.name, *keys)

    return name


metadata = MetaData(
    naming_convention={
        "kehu_ix": _named("ix"),
        "kehu_uq": _named("uq"),
        "kehu_fk": _named("fk"),
        "kehu_pk": _named("pk"),
        "ix": "%(kehu_ix)s",
        "uq": "%(kehu_uq)s",
        "fk": "%(kehu_fk)s",
        "pk": "%(kehu_pk)s",
    }
)


registries: dict[str, list[registry]] = {}  # by plugin; mapped classes belong to the process, so does this


def plugin_base(name: str) -> type[DeclarativeBase]:
    """A declarative base with a mapper registry of its own.

    One plugin's broken mapper then cannot poison another's queries. Tables are named
    `<name>_<thing>`. `Mapped[Decimal]`, `Mapped[datetime]` and `Mapped[bool]` are portable as they stand.
    """
    types: dict[Any, TypeEngine[Any]] = {Decimal: Money(), dt.datetime: UtcDateTime(), bool: boolean()}
    own = registry(metadata=metadata, type_annotation_map=types)
    registries.setdefault(name, []).append(own)
    return type(
        f"{name.title()}Base",
        (DeclarativeBase,),
        {"registry": own, "metadata": metadata, "__module__": __name__},
    )


class Base(DeclarativeBase):
    """The kernel's own tables, `core_*`."""

    registry = registry(metadata=metadata)
    metadata = metadata


class Record:
    """Every record: a key, a version, who made it and who changed it last.

    `version` rises by one per transaction that changes what the record shows.
    """

    id: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    created_by_id: Mapped[int | None] = mapped_column()
    updated_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    updated_by_id: Mapped[int | None] = mapped_column()

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:
        # The guard sets the number; the UPDATE still says WHERE version = the one that was read.
        return {"version_id_col": cls.__table__.c.version, "version_id_generator": False}  # type: ignore[attr-defined]


class Binnable:
    """Deleting moves to the recycle bin: the row stays and is absent to all."""

    deleted_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)


class Customizable:
    """Records with fields that an administrator defines: `custom` holds their values by the fields' ids.

    Values of fields that are gone stay where they are. Never changed in place: a new object each time.
    """

    custom: Mapped[dict[str, Any] | None] = mapped_column(JsonValues)


class RecordScoped:
    """Rows with an owner and a unit of their own: who sees them follows from grants and shares.

    `owner` null means pooled; `unit` is never null. `secrecy` 0–3 is compared with the
    reader's clearance (M23).
    """

    OWNER = "owner_id"
    UNIT = "unit_id"

    @declared_attr
    def owner_id(cls) -> Mapped[int | None]:
        return mapped_column(ForeignKey("core_user.id"))

    @declared_attr
    def unit_id(cls) -> Mapped[int]:
        return mapped_column(ForeignKey("core_unit.id"))

    secrecy: Mapped[int] = mapped_column(default=1)


class Involving:
    """Rows of people's work: seen by owner, assignee and participants, and by whoever sees the customer.

    `PARTICIPANTS` is the table that links them to users: the row's key first, then `user_id`.
    """

    PARTICIPANTS: ClassVar[Table]
    OWNER = "owner_id"

    @declared_attr
    def owner_id(cls) -> Mapped[int | None]:
        return mapped_column(ForeignKey("core_user.id"), index=True)

    @declared_attr
    def assignee_id(cls) -> Mapped[int | None]:
        return mapped_column(ForeignKey("core_user.id"), index=True)

    @declared_attr
    def customer_id(cls) -> Mapped[int | None]:
        return mapped_column(ForeignKey("core_customer.id", ondelete="CASCADE"), index=True)


class AttachedTo:
    """Rows that hang on any one record, named by entity key and id.

    `RIGHT` is the action on that record which writing such a row needs. `FOLLOWS`: whoever sees the
    record sees the row, and nobody else does; without it only grants on the row's own entity show it.
    """

    RIGHT = "edit"
    FOLLOWS = True

    entity: Mapped[str] = mapped_column(text(64))
    record_id: Mapped[int] = mapped_column()


class About:
    """Rows that are about any one record, or none: `about` is its entity's key and its id."""

    about_entity: Mapped[str | None] = mapped_column(text(64))
    about_id: Mapped[int | None] = mapped_column()

    @property
    def about(self) -> tuple[str, int] | None:
        return None if self.about_entity is None or self.about_id is None else (self.about_entity, self.about_id)

    @about.setter
    def about(self, target: tuple[str, int] | None) -> None:
        self.about_entity, self.about_id = target or (None, None)


class CustomerScoped:
    """Rows that hang on a customer and are seen by whoever sees that customer."""

    @declared_attr
    def customer_id(cls) -> Mapped[int]:
        return mapped_column(ForeignKey("core_customer.id", ondelete="CASCADE"), index=True)
