"""Business numbers: `C000001`. Gaps are allowed, a number is never given twice."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection

from sqlalchemy import insert, select, update

from core.models import NumberRule
from core.security.catalog import attribute
from core.services.work import Ctx

DEFAULT_DIGITS = 6
_RESERVED = "kehu_numbers"  # in the session's `info`: numbers set aside, by entity


def next_number(ctx: Ctx, entity_key: str) -> str:
    """The next free number of an entity by its rule; numbers taken by hand are skipped.

    The rule's row is locked until the transaction ends, so two writers never get the same.
    """
    reserved = ctx.db.info.get(_RESERVED, {}).get(entity_key)
    return reserved.popleft() if reserved else _allocate(ctx, entity_key, 1)[0]


def reserve(ctx: Ctx, entity_key: str, count: int, besides: Collection[str] = ()) -> None:
    """Set numbers aside at once for records about to be made; those not used become gaps.

    `besides` are those that others of the records bring themselves. Nothing happens for an entity
    that has no rule (yet).
    """
    rule = select(NumberRule.id).where(NumberRule.entity == entity_key, NumberRule.unit_id.is_(None))
    if count and ctx.system.scalar(rule) is not None:
        ctx.db.info.setdefault(_RESERVED, {})[entity_key] = deque(_allocate(ctx, entity_key, count, besides))


def _allocate(ctx: Ctx, entity_key: str, count: int, besides: Collection[str] = ()) -> list[str]:
    session = ctx.work.elevated("numbering", write=True)
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
    codes: list[str] = []
    while len(codes) < count:
        wanted = [f"{prefix}{number + step:0{digits}}" for step in range(count - len(codes))]
        taken = {*besides, *session.scalars(select(column).where(column.in_(wanted)))}
        codes += [code for code in wanted if code not in taken]
        number += len(wanted)
    session.execute(
        update(NumberRule)
        .where(NumberRule.entity == entity_key, NumberRule.unit_id.is_(None))
        .values(next_number=number)
    )
    return codes
