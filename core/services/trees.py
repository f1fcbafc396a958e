"""Trees of records: units, terms, customers and their parents. `session` sees the whole tree."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session


def upwards(session: Session, model: Any, record_id: int, link: str = "parent_id") -> Iterator[int]:
    """The record's id, then those that lie above it by that `link`; a ring is gone through once."""
    step: int | None = record_id
    seen: set[int] = set()
    while step is not None and step not in seen:
        seen.add(step)
        yield step
        step = session.scalar(select(getattr(model, link)).where(model.id == step))


def is_below(session: Session, model: Any, record_id: int, ancestor_id: int) -> bool:
    """Whether a record is the ancestor itself or lies below it."""
    return ancestor_id in upwards(session, model, record_id)


def depth_below(session: Session, model: Any, record_id: int) -> int:
    """How many levels there are below the record; a statement for each."""
    levels, level, seen = 0, {record_id}, set[int]()
    while level:
        seen |= level
        level = set(session.scalars(select(model.id).where(model.parent_id.in_(level)))) - seen
        levels += bool(level)
    return levels
