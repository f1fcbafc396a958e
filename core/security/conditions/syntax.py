"""A parsed condition, and what its dynamic values stand for.

The operators of the language come down to five tests, each false for null; the rest is `Not`
and `Some`: `!=` is not `=`, `empty` is not present, `in [x, null]` is `=` x or empty.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from translationstring import TranslationString

from core.db import phones
from core.db.folding import fold, search_fold
from plugins import Entity, Field


class BadCondition(ValueError):
    """A document that is no condition on this entity.

    `problems` holds (position, translatable sentence) in document order; a position such as
    `[2][1]` indexes into the document and is empty for the whole. `unknown_field` says that one
    of them is a field or an entity which is not there (now: its plugin may be off).
    """

    def __init__(self, problems: Iterable[tuple[str, str]], unknown_field: bool = False) -> None:
        self.problems = list(dict.fromkeys(problems))
        self.unknown_field = unknown_field
        super().__init__(self.problems)

    def __str__(self) -> str:
        return " ".join(f"{position} {_plain(message)}".strip() for position, message in self.problems)


def _plain(message: str) -> str:
    return message.interpolate() if isinstance(message, TranslationString) else message


@dataclass(frozen=True)
class SqlContext:
    """Whom and when a condition is about, for SQL and for Python alike.

    `today` is the site's day, `zone` its IANA time zone. `scoped` is for a user's own filter: its
    paths and references then meet only the rows that he may read.
    """

    me: int
    my_unit: int
    my_units: tuple[int, ...]
    today: dt.date
    zone: str
    scoped: bool


# --- values ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Key:
    """The natural key of a record; `within` fixes fields of it, as in a Reference."""

    text: str
    within: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Mine:
    """`me`, `my_unit` or `my_units`."""

    name: str

    def ids(self, context: SqlContext) -> tuple[int, ...]:
        known = {"me": (context.me,), "my_unit": (context.my_unit,), "my_units": context.my_units}
        return known[self.name]


@dataclass(frozen=True)
class Today:
    """The site's day, `days` later."""

    days: int = 0

    def date(self, context: SqlContext) -> dt.date:
        return context.today + dt.timedelta(days=self.days)


Value: TypeAlias = "str | int | bool | Decimal | dt.date | dt.datetime | Key | Mine | Today"


def plain(value: Value, context: SqlContext) -> Any:
    """The Python value to compare with."""
    return value.date(context) if isinstance(value, Today) else value


def split_ids(values: Iterable[Value], context: SqlContext) -> tuple[list[int], list[int], list[Key]]:
    """References apart: the ids of `Mine`, the ids that were written, and the natural keys."""
    mine: list[int] = []
    ids: list[int] = []
    keys: list[Key] = []
    for value in values:
        if isinstance(value, Mine):
            mine.extend(value.ids(context))
        elif isinstance(value, Key):
            keys.append(value)
        elif isinstance(value, int):
            ids.append(value)
    return mine, ids, keys


# --- tests on the value at the end of a path ------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Step:
    """One field of one entity."""

    entity: Entity
    field: Field

    @property
    def kind(self) -> str:
        return self.field.type.kind

    @property
    def refers_to(self) -> str:
        """The key of the entity that a reference points to."""
        key: str = self.field.type.entity  # type: ignore[attr-defined]
        return key


Path: TypeAlias = tuple[Step, ...]  # references, then the field that is tested


@dataclass(frozen=True)
class Present:
    """There is a value (references: at least one)."""

    path: Path


@dataclass(frozen=True)
class Among:
    """The value is one of these (references: any of them is)."""

    path: Path
    values: tuple[Value, ...]


@dataclass(frozen=True)
class Bound:
    """One end of a range."""

    value: Value
    inclusive: bool = True

    def edge(self, kind: str, context: SqlContext, *, low: bool) -> Any:
        """The value to compare with, as the low or the high end.

        Of a day of moments it is the edge that takes in, or leaves out, the whole day.
        """
        if kind == "moment" and isinstance(self.value, Today):
            first, last = _day(self.value.date(context), context.zone)
            return first if low == self.inclusive else last
        return plain(self.value, context)


def _day(day: dt.date, zone: str) -> tuple[dt.datetime, dt.datetime]:
    """The first and the last microsecond of a day, in UTC."""
    midnights = [dt.datetime.combine(day + dt.timedelta(days=n), dt.time(), ZoneInfo(zone)) for n in (0, 1)]
    first, after = (midnight.astimezone(dt.UTC) for midnight in midnights)
    return first, after - dt.timedelta(microseconds=1)


@dataclass(frozen=True)
class Range:
    """The value lies between two ends, one of which may be open."""

    path: Path
    low: Bound | None = None
    high: Bound | None = None


@dataclass(frozen=True)
class Matches:
    """The text holds `text`, or starts with it; `fold` names the form in which they are compared."""

    path: Path
    text: str
    prefix: bool
    fold: str

    @property
    def needle(self) -> str:
        return NEEDLES[self.fold](self.text)

    @property
    def beginnings(self) -> tuple[str, ...]:
        """What a text may start with: a phone number also with the country code left out."""
        return (self.needle, phones.HOME_CODE + self.needle) if self.fold == "phone" else (self.needle,)


FOLDS: Mapping[str, Callable[[str], str]] = {
    "": str,
    "key": fold,
    "text": search_fold,
    "phone": phones.phone_fold,
}
NEEDLES: Mapping[str, Callable[[str], str]] = {**FOLDS, "phone": phones.phone_needle}


@dataclass(frozen=True)
class Under:
    """The referenced record is one of these or lies below it; `parent` is the tree's own field."""

    path: Path
    values: tuple[Value, ...]
    parent: Step


Leaf: TypeAlias = Present | Among | Range | Matches | Under


# --- combinations ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Every:
    parts: tuple[Node, ...]


@dataclass(frozen=True)
class Some:
    parts: tuple[Node, ...]


@dataclass(frozen=True)
class Not:
    part: Node


Node: TypeAlias = "Every | Some | Not | Leaf"


@dataclass(frozen=True, eq=False)
class Condition:
    """A checked condition on rows of `entity`.

    `fields` are all the (entity key, field name) that it reads, those on the way included: whoever
    filters by a condition must be allowed to ask about each.
    """

    entity: Entity
    root: Node
    fields: frozenset[tuple[str, str]]
