"""Business numbers: `C000001`. Gaps are allowed, a number is never given twice."""

from __future__ import annotations

from sqlalchemy import insert, select, update

from core.models import NumberRule
from core.security.catalog import attribute
from core.services.work import Ctx

DEFAULT_DIGITS = 6


def next_number(ctx: Ctx, entity_key: str) -> str:
    """The next free number of an entity by its rule; numbers taken by hand are skipped.

    The rule's row is locked until the transaction ends, so two writers never get the same.
    """
    session = ctx.work.elevated("numbering")
    entity = ctx.catalog[entity_key]
    column = attribute(entity.model, entity.field(entity.natural_key))
    rule = session.execute(
        select(NumberRule.id, NumberRule.prefix, NumberRule.digits, NumberRule.next_number)
        .where(NumberRule.entity == entity_key, NumberRule.unit_id.is_(None))
        .with_for_update()
    ).one_or_none()
    if rule is None:
        prefix, digits, number = entity_key.rpartition(".")[2][0].upper(), DEFAULT_DIGITS, 1
        session.execute(
            insert(NumberRule).values(entity=entity_key, unit_id=None, prefix=prefix, digits=digits, next_number=1)
        )
    else:
        _id, prefix, digits, number = rule
    while session.scalar(select(column).where(column == (code := f"{prefix}{number:0{digits}}"))) is not None:
        number += 1
    session.execute(
        update(NumberRule)
        .where(NumberRule.entity == entity_key, NumberRule.unit_id.is_(None))
        .values(next_number=number + 1)
    )
    return code
