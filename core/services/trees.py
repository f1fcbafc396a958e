"""Trees of records: units, terms, customers and their parents. `session` sees the whole tree."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session


def is_below(session: Session, model: Any, record_id: int, ancestor_id: int) -> bool:
    """Whether a record is the ancestor itself or lies below it."""
    step: int | None = record_id
    seen: set[int] = set()
    while step is not None and step not in seen:
        if step == ancestor_id:
            return True
        seen.add(step)
        step = session.scalar(select(model.parent_id).where(model.id == step))
    return False


def depth_of(session: Session, model: Any, record_id: int) -> int:
    """On which level of its tree the record stands; 1 is the top."""
    steps, seen = 0, set[int]()
    step: int | None = record_id
    while step is not None and step not in seen:
        seen.add(step)
        steps, step = steps + 1, session.scalar(select(model.parent_id).where(model.id == step))
    return steps


def depth_below(session: Session, model: Any, record_id: int) -> int:
    """How many levels there are below the record; a statement for each."""
    levels, level, seen = 0, {record_id}, set[int]()
    while level:
        seen |= level
        level = set(session.scalars(select(model.id).where(model.parent_id.in_(level)))) - seen
        levels += bool(level)
    return levels
