"""Whether the index is a short way to what a list asks for.

It is asked how many tokens there are at the places in question. Where there are many, hits are many
too and a walk in the list's order meets enough of them soon. Who sees only his own records walks those.
So the index is used for what is rare, and is never the longer way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from sqlalchemy import Select, bindparam, func, literal_column, select

from core.db.guard import unscoped
from core.entities.finding import Place, Ways, ways_of_condition, ways_of_text
from core.entities.listing import Ask
from core.models import SearchField, SearchToken
from core.services.chunks import chunked
from core.services.work import Ctx

MOST = 10_000  # tokens at all places together
_CHUNK = 64  # places in one statement


def narrowed(ctx: Ctx, wanted: Ask) -> Ask:
    """The same request, with the places of the index that lead to its records, if that is shorter."""
    if not ctx.rights.sees_others(wanted.entity):
        return wanted
    ways: list[Ways] = []
    if wanted.text is not None:
        found = ways_of_text(wanted.text, ctx.rights, wanted.entity)
        ways += [found] if found is not None else []
    if wanted.condition is not None:
        found = ways_of_condition(wanted.condition.root, ctx.catalog, wanted.entity)
        ways += [found] if found is not None else []
    for way in ways:
        places = shortest(ctx, way, MOST)
        if places is not None:
            return replace(wanted, places=places)
    return wanted


def shortest(ctx: Ctx, ways: Ways, most: int) -> tuple[Place, ...] | None:
    """The places with the fewest tokens through which all of the ways lead; None if there are more
    than `most`, or a field's index is not complete.
    """
    ctx.work.search.write(ctx.work.connection)
    numbers = {number for choices in ways for choice in choices for number, _stretch in choice}
    chosen: list[Place] = []
    total = 0
    first = counts(ctx, [place for choices in ways for place in choices[0]], most, numbers)
    if first is None:
        return None
    for choices in ways:
        best, number = choices[0], sum(first[place] for place in choices[0])
        if number > most // 4 and len(choices) > 1:
            others = counts(ctx, [place for choice in choices[1:] for place in choice], most, numbers) or {}
            for choice in choices[1:]:
                if sum(others[place] for place in choice) < number:
                    best, number = choice, sum(others[place] for place in choice)
        chosen += best
        total += number
        if total > most:
            return None
    return tuple(dict.fromkeys(chosen))


def counts(ctx: Ctx, places: Sequence[Place], most: int, numbers: set[int]) -> dict[Place, int] | None:
    """How many tokens each place has, counted up to one more than `most`; None if an index is not complete."""
    found: dict[Place, int] = {}
    for some in chunked(places, _CHUNK):
        values: dict[str, Any] = {"most": most + 1, "numbers": sorted(numbers)}
        for at, (number, stretch) in enumerate(some):
            values |= {f"f{at}": number, f"l{at}": stretch.low, f"h{at}": stretch.high}
        complete, *counts = unscoped(ctx.work.connection, _counting(len(some)), values).one()
        if complete < len(numbers):
            return None
        found |= dict(zip(some, counts, strict=True))
    return found


@lru_cache(maxsize=_CHUNK)
def _counting(places: int) -> Select[Any]:
    """One row: how many of the fields are completely indexed, then a number for each place."""
    fields: Any = SearchField.__table__
    ready = select(func.count()).select_from(fields).where(fields.c.id.in_(bindparam("numbers", expanding=True)))
    columns = [ready.where(fields.c.reached.is_(None)).scalar_subquery()]
    table: Any = SearchToken.__table__
    for at in range(places):
        there = (
            select(literal_column("1").label("one"))
            .where(
                table.c.field == bindparam(f"f{at}"),
                table.c.token >= bindparam(f"l{at}"),
                table.c.token < bindparam(f"h{at}"),
            )
            .limit(bindparam("most"))
            .subquery()
        )
        columns.append(select(func.count()).select_from(there).scalar_subquery())
    return select(*columns)
