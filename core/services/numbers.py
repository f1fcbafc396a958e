"""Business numbers: `C000001`. Gaps are allowed, a number is never given twice."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection
from typing import Any

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from core.errors import Conflict, Invalid
from core.i18n import _
from core.models import NumberRule
from core.security.catalog import attribute
from core.services.work import Ctx
from plugins import Rules

DEFAULT_DIGITS = 6
_RESERVED = "kehu_numbers"  # in the session's `info`: numbers set aside, by entity


def next_number(ctx: Ctx, entity_key: str, unit_id: int | None = None) -> str:
    """The next free number of an entity by the rule of the nearest unit at or above `unit_id`, else by the
    one for all; numbers taken by hand are skipped. An entity without a rule gets one, which administrators
    may change: its first letter and six digits. KeyError where there is no such entity.

    The rule's row is locked until the transaction ends, so two writers never get the same.
    """
    reserved = ctx.db.info.get(_RESERVED, {}).get(entity_key)
    return reserved.popleft() if reserved else _allocate(ctx, entity_key, 1, unit_id=unit_id)[0]


def reserve(ctx: Ctx, entity_key: str, count: int, besides: Collection[str] = ()) -> None:
    """Set numbers aside at once for records about to be made; those not used become gaps.

    `besides` are those that others of the records bring themselves. Nothing happens for an entity
    that has no rule (yet), or rules of units.
    """
    rules = ctx.system.scalars(select(NumberRule.unit_id).where(NumberRule.entity == entity_key)).all()
    if count and list(rules) == [None]:
        ctx.db.info.setdefault(_RESERVED, {})[entity_key] = deque(_allocate(ctx, entity_key, count, besides))


def _allocate(
    ctx: Ctx, entity_key: str, count: int, besides: Collection[str] = (), unit_id: int | None = None
) -> list[str]:
    session = ctx.work.elevated(_("Numbering"), write=True)
    entity = ctx.catalog[entity_key]
    column = attribute(entity.model, entity.field(entity.natural_key))
    rule = _rule_for(ctx, session, entity_key, unit_id)
    codes: list[str] = []
    number = rule.next_number
    while len(codes) < count:
        wanted = [f"{rule.prefix}{number + step:0{rule.digits}}" for step in range(count - len(codes))]
        taken = {*besides, *session.scalars(select(column).where(column.in_(wanted)))}
        codes += [code for code in wanted if code not in taken]
        number += len(wanted)
    # Not through the object: what a number was given for is in the audit, the counter itself is not.
    session.execute(update(NumberRule).where(NumberRule.id == rule.id).values(next_number=number))
    return codes


def _rule_for(ctx: Ctx, session: Session, entity_key: str, unit_id: int | None) -> Any:
    """The rule that counts, locked; an entity without any gets one for all."""
    columns = (NumberRule.id, NumberRule.prefix, NumberRule.digits, NumberRule.next_number)
    places: Any = session.execute(select(NumberRule.unit_id, NumberRule.id).where(NumberRule.entity == entity_key))
    known = dict(places.all())
    if not known:
        session.add(
            NumberRule(entity=entity_key, prefix=entity_key.rpartition(".")[2][0].upper(), digits=DEFAULT_DIGITS)
        )
        session.flush()
        return _rule_for(ctx, session, entity_key, unit_id)
    nodes, step = ctx.work.org.nodes, unit_id
    while step is not None and step not in known:
        step = nodes[step].parent_id
    if step not in known:
        raise Conflict(_("No rule says how to number this here. Add one for all units."), code="NO_NUMBER_RULE")
    return session.execute(select(*columns).where(NumberRule.id == known[step]).with_for_update()).one()


class NumberRuleRules(Rules):
    """A rule is for an entity with codes; each has a prefix of its own, so that numbers never meet."""

    def prepare(self, ctx: Ctx, record: NumberRule | None, values: dict[str, Any], creating: bool) -> None:
        key = record.entity if record else values.get("entity")
        entity = ctx.catalog.get(key or "")
        if creating and (entity is None or entity.natural_key != "code"):
            raise Invalid(errors={"entity": [_("Records of this kind have no numbers.")]})
        clashes = select(NumberRule.id).where(
            NumberRule.entity == key,
            NumberRule.id != (record.id if record else 0),
            or_(NumberRule.prefix == values.get("prefix"), *_same_place(values, creating)),
        )
        if {"prefix", "entity", "unit"} & values.keys() and ctx.system.scalar(clashes) is not None:
            raise Conflict(_("Another rule has this prefix, or is for the same unit."), code="DUPLICATE")


def _same_place(values: dict[str, Any], creating: bool) -> list[Any]:
    unit_id = values.get("unit")
    return [NumberRule.unit_id == unit_id if unit_id is not None else NumberRule.unit_id.is_(None)] if creating else []
