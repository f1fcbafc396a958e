"""Chips above a list that switch states on and off in the filter of the address."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from core.entities.listing import ask
from core.fields import Choice
from core.security.rights import Rights
from core.services import records
from core.services.work import Ctx
from core.web.query import Query, all_of, parts_of
from core.web.track import disc
from plugins import Entity

STATE = "state"


@dataclass(frozen=True)
class Facet:
    """One chip: the code of a state, its title and sign, whether the list is narrowed to it, where a click leads,
    and how many records are in it of those that fit otherwise.
    """

    code: str
    title: str
    disc: str
    on: bool
    url: str
    count: int = 0


def states(entity: Entity) -> Choice:
    """The entity's states; without choices if it has none."""
    found = [field.type for field in entity.fields if field.name == STATE]
    return found[0] if found and isinstance(found[0], Choice) else Choice({})


def facets(entity: Entity, rights: Rights, query: Query, path: str) -> tuple[Facet, ...]:
    """The chips of a list; none if the reader may not ask by state."""
    kind = states(entity)
    choices = kind.choices
    if not choices or entity.public or not rights.may_ask(entity, entity.field(STATE)):
        return ()
    chosen, rest = split(query.filter)
    made = []
    for code, title in choices.items():
        on = code in chosen
        codes = [one for one in choices if (one in chosen) is not (one == code)]
        made.append(Facet(code, title, disc(kind, code), on, query.url(path, filter=join(codes, rest))))
    return tuple(made)


def counted(ctx: Ctx, entity: Entity, query: Query, chips: Sequence[Facet]) -> tuple[tuple[Facet, ...], int]:
    """The chips with their counts, and how many records the list has: one statement tells both."""
    codes, rest = split(query.filter)
    wanted = ask(ctx.rights, entity, filter=rest, text=query.q)
    counts = {group.value: group.count for group in records.groups(ctx, wanted, entity.field(STATE))}
    total = sum(count for code, count in counts.items() if not codes or code in codes)
    return tuple(replace(chip, count=counts.get(chip.code, 0)) for chip in chips), total


def split(document: Any) -> tuple[list[str], Any]:
    """The states that a filter narrows to, and what else it asks (None: nothing)."""
    parts = parts_of(document)
    for part in parts:
        if _is_states(part):
            return part[2], all_of([one for one in parts if one is not part])
    return [], document


def join(codes: list[str], rest: Any) -> Any:
    """A filter again. Undoes `split`."""
    return all_of([["in", STATE, codes], *parts_of(rest)]) if codes else rest


def _is_states(part: Any) -> bool:
    return (
        isinstance(part, list)
        and len(part) == 3
        and part[:2] == ["in", STATE]
        and isinstance(part[2], list)
        and all(isinstance(code, str) for code in part[2])
    )
