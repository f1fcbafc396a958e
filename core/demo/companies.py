"""Companies that do not exist: name, place, trade and how to reach them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import TypeVar

from pypinyin import lazy_pinyin

from core.demo.words import (
    CITIES,
    ENGLISH_CITIES,
    ENGLISH_FIRST,
    ENGLISH_FORMS,
    ENGLISH_STREETS,
    FIRST,
    FORMS,
    INDUSTRIES,
    SECOND,
    Industry,
)

T = TypeVar("T")
GROUP = "集团有限公司"


@dataclass(frozen=True)
class Company:
    """`own` is the part of the name that it shares with its daughters; `area` says who looks after it."""

    name: str
    own: str
    area: str
    region: str
    industry: Industry
    phone: str
    domain: str
    address: str

    @property
    def is_group(self) -> bool:
        return self.name.endswith(GROUP)


def pick(random: Random, weighted: Sequence[tuple[T, int]]) -> T:
    """One of (thing, weight)."""
    return random.choices([thing for thing, _weight in weighted], [weight for _thing, weight in weighted])[0]


def chinese(random: Random, own: str | None = None) -> Company:
    """A Chinese company; with the `own` name of another, its daughter."""
    city = pick(random, [(city, city.weight) for city in CITIES])
    industry = _industry(random)
    form = pick(random, FORMS if own is None else FORMS[:2])
    own = own or random.choice(FIRST) + random.choice(SECOND)
    return Company(
        name=f"{city.name}{own}{random.choice(industry.chinese)}{form}",
        own=own,
        area=city.dealer if city.dealer and random.random() < 0.4 else city.area,
        region=city.region,
        industry=industry,
        phone=f"{city.dialling}-5550{random.randrange(10000):04}",
        domain=f"{''.join(lazy_pinyin(own))}.example.com",
        address=f"{city.name}市{random.choice(city.streets)}{random.randint(1, 1999)}号",
    )


def english(random: Random) -> Company:
    """A company abroad."""
    industry = _industry(random)
    own = random.choice(ENGLISH_FIRST)
    city, phone = random.choice(ENGLISH_CITIES)
    return Company(
        name=f"{own} {random.choice(industry.english)} {pick(random, ENGLISH_FORMS)}",
        own=own,
        area="abroad",
        region="overseas",
        industry=industry,
        phone=phone.format(random.randint(100, 199)),
        domain=f"{own.replace(' ', '').lower()}.example.com",
        address=f"{random.randint(1, 299)} {random.choice(ENGLISH_STREETS)}, {city}",
    )


def _industry(random: Random) -> Industry:
    return pick(random, [(industry, industry.weight) for industry in INDUSTRIES])
