"""Rows that a plugin keeps beside the records of a foreign entity, one for one.

Such a row belongs to its record: it has its key, is read and written with the record's rights, and
goes when the record goes. A record that has none reads as if all its columns were null. Nothing is put
on the record's class; a record remembers the rows that were loaded beside it, so that a page of
records costs one statement for each extension.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from sqlalchemy import ForeignKey, inspect, select
from sqlalchemy.orm import Mapped, Session, declared_attr, mapped_column, object_session, relationship

BESIDE = "kehu_beside"  # execution option: (ids of) records of this session, whose rows are asked for
_KNOWN = "kehu_beside"  # in the state of a record: the rows beside it by their class, None for none


class Extension:
    """The base of all such rows; made by `ExtensionOf`."""

    OF: ClassVar[type]
    id: Mapped[int]
    record: Mapped[Any]


def ExtensionOf(model: Any) -> type[Extension]:  # noqa: N802 - reads as the base class that it makes
    """The mixin for a table of further columns of a model's records. All columns must be nullable.

    class GiftWishes(ExtensionOf(Customer), Base):
        __tablename__ = "gifts_wishes"
        budget: Mapped[Decimal | None] = mapped_column(columns.Money)
    """

    class Beside(Extension):
        OF = model

        @declared_attr
        def id(cls) -> Mapped[int]:
            key = ForeignKey(f"{model.__tablename__}.id", ondelete="CASCADE")
            return mapped_column(key, primary_key=True, autoincrement=False)

        @declared_attr
        def record(cls) -> Mapped[Any]:
            return relationship(model, lazy="raise_on_sql")

    return Beside


def load(session: Session, model: Any, records: Iterable[Any], *, fresh: bool = False) -> None:
    """Have the rows beside some records of the session at hand; `fresh` reads known ones again."""
    wanted = {record.id: record for record in records if fresh or not _is_known(record, model)}
    if not wanted:
        return
    options = {BESIDE: tuple(sorted(wanted)), "populate_existing": fresh}
    rows = session.scalars(select(model).where(model.id.in_(wanted)), execution_options=options)
    found = {row.id: row for row in rows}
    for record_id, record in wanted.items():
        remember(record, model, found.get(record_id))


def remember(record: Any, model: type, row: Any) -> None:
    """Let the record know the row beside it, or that there is none."""
    inspect(record).info.setdefault(_KNOWN, {})[model] = row


def beside(record: Any, model: Any) -> Any:
    """The row beside a record, or None; looked up if it is not at hand."""
    if not _is_known(record, model):
        session = object_session(record)
        if session is None or not inspect(record).persistent:
            return None
        load(session, model, [record])
    return inspect(record).info[_KNOWN][model]


def at_hand(record: Any, model: type) -> Any:
    """The row beside a record if it has been loaded or made, else None."""
    return inspect(record).info[_KNOWN][model] if _is_known(record, model) else None


def rows_beside(record: Any) -> list[Any]:
    """The rows beside a record that are at hand."""
    return [row for model, row in inspect(record).info.get(_KNOWN, {}).items() if row and _is_known(record, model)]


def make_beside(record: Any, model: Any) -> Any:
    """The row beside a record, a new one if there is none."""
    row = beside(record, model)
    if row is None:
        row = model(record=record, id=record.id)
        remember(record, model, row)
        session = object_session(record)
        if session is not None:
            session.add(row)
    return row


def record_of(session: Session, row: Extension) -> Any:
    """The record that a row of this session stands beside; None if the session's reader may not see it."""
    record = inspect(row).dict.get("record")
    if record is None:
        record = session.get(row.OF, row.id)
    if record is not None:
        remember(record, type(row), row)
    return record


def _is_known(record: Any, model: type) -> bool:
    known = inspect(record).info.get(_KNOWN, {})
    if model not in known:
        return False
    # A rollback to a savepoint has taken the row out of the session that its record is still in.
    return known[model] is None or object_session(known[model]) is object_session(record)
