"""Customers whose names are much alike without being the same (M58), found through the search index.

Names that are alike have pieces in common. The pieces of a name that are rare in the index lead to few
customers, whose names are then compared; those that are common, such as 信息技术, would lead to most.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Select, Unicode, bindparam, select, union_all

from core.db.guard import unscoped
from core.db.names import likeness
from core.db.tokens import choices
from core.entities.finding import Indexed, Place, indexed
from core.models import Customer, SearchToken
from core.security.conditions.sql import Position
from core.services.search.narrowing import counts
from core.services.work import Ctx

KEY = "core.customer"
ALIKE = 0.75  # from here on two names are much alike
MOST = 20  # customers that are named
_TOKENS = 300  # of the index that are followed
_PIECES = 12  # of a name that are looked for: they fit into one statement
_CHINESE, _LATIN = 3, 5  # characters of a piece


def alike(ctx: Ctx, core: str) -> list[int]:
    """Customers with core names like this one but not the same, whoever may see them; the likest first.

    Two statements. None while the index is not complete, nor by a name that is made of common pieces alone.
    """
    places = _places(ctx, core)
    if not places:
        return []
    values: dict[str, Any] = {}
    for at, (number, stretch) in enumerate(places):
        values |= {f"f{at}": number, f"l{at}": stretch.low, f"h{at}": stretch.high, f"i{at}": stretch.inner}
    rows = unscoped(ctx.work.connection, _offered(len(places)), values)
    found = [(likeness(core, name), customer_id) for customer_id, name in rows if name != core]
    ranked = sorted((-much, customer_id) for much, customer_id in found if much >= ALIKE)
    return [customer_id for _much, customer_id in ranked[:MOST]]


@lru_cache
def _offered(places: int) -> Select[Any]:
    """The customers that the index has at one of so many places, with their core names."""
    customers: Any = Customer.__table__
    tokens: Any = SearchToken.__table__
    arms = [
        select(tokens.c.record_id).where(
            tokens.c.field == bindparam(f"f{at}"),
            tokens.c.token >= bindparam(f"l{at}"),
            tokens.c.token < bindparam(f"h{at}"),
            Position(tokens.c.token, bindparam(f"i{at}", type_=Unicode())) > 0,
        )
        for at in range(places)
    ]
    found = union_all(*arms).subquery("offered")
    return select(customers.c.id, customers.c.core_name).where(
        customers.c.id.in_(select(found.c.record_id)),
        customers.c.deleted_at.is_(None),
        customers.c.core_name.is_not(None),
    )


def _places(ctx: Ctx, core: str) -> list[Place]:
    """Where the index has the rare pieces of the name."""
    names = next(one for one in indexed(ctx.catalog, KEY) if one.field.name == "name" and one.form == "text")
    pieces = list(_pieces(names, core))
    if not pieces:
        return []
    ctx.work.search.write(ctx.work.connection)
    counted = counts(ctx, [place for piece in pieces for place in piece], _TOKENS, {names.number})
    if counted is None:
        return []
    rare: dict[Place, None] = {}
    left = _TOKENS
    for number, at in sorted((sum(counted[place] for place in piece), at) for at, piece in enumerate(pieces)):
        left -= number
        if left < 0:
            break
        rare |= dict.fromkeys(pieces[at])
    return list(rare)


def _pieces(names: Indexed, core: str) -> Iterable[Sequence[Place]]:
    """The places of each piece of the name, of long names of some pieces all along it."""
    for needle in names.needles(core):
        size = _LATIN if needle.isascii() else _CHINESE
        starts = range(len(needle) - size + 1)
        for at in starts[:: len(starts) // _PIECES + 1]:
            for choice in choices(names.form, needle[at : at + size])[:1]:
                yield [(names.number, stretch) for stretch in choice]
