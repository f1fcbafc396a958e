"""Trees of records: units, terms, customers and their parents."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session


def is_below(session: Session, model: Any, record_id: int, ancestor_id: int) -> bool:
    """Whether a record is the ancestor itself or lies below it; `session` sees the whole tree."""
    step: int | None = record_id
    seen: set[int] = set()
    while step is not None and step not in seen:
        if step == ancestor_id:
            return True
        seen.add(step)
        step = session.scalar(select(model.parent_id).where(model.id == step))
    return False
