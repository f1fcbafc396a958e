"""Demo customers, made from a seed alone: the first hundred are the same however many are asked for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

from core.demo.companies import Company, chinese, english, pick
from core.demo.people import PEOPLE, POOLS
from core.demo.words import NOTES

LEVELS = (("vip", 1), ("key", 3), ("normal", 10), ("small", 6))
SOURCES = (("referral", 4), ("fair", 3), ("website", 3), ("call", 2), ("campaign", 2), ("partner", 1))
STATES = (("target", 3), ("prospect", 2))
TARGETS = (({"unit": "north"}, 2), ({"unit": "intl-sales"}, 2), ({"user": "liming"}, 3), ({"user": "david"}, 3))
ABROAD, POOLED, SECRET, DAUGHTER, NOTED, SHARED = 0.2, 0.12, 0.3, 0.1, 0.25, 0.04  # parts; SECRET: of managers'
FIRST_DAY, LAST_DAY = dt.date(2023, 1, 3), dt.date(2026, 5, 29)


@dataclass(frozen=True)
class Demo:
    """A customer's values as JSON, and the arguments of the share that is given on it, if one is."""

    values: dict[str, Any]
    share: dict[str, Any] | None


def customers(count: int, seed: int) -> Iterator[Demo]:
    """`count` customers with the codes D00001 and on; a parent comes before its daughters."""
    random = Random(seed)
    names: set[str] = set()
    groups: list[tuple[str, str]] = []  # code and own name
    for number in range(1, count + 1):
        code = f"D{number:05}"
        company, parent = _company(random, groups)
        while company.name in names:
            company, parent = _company(random, groups)
        names.add(company.name)
        if company.is_group:
            groups.append((code, company.own))
        values = {"code": code, "parent": parent, **_profile(random, company), **_care(random, company)}
        yield Demo(values, _share(random, values))


def _company(random: Random, groups: list[tuple[str, str]]) -> tuple[Company, str | None]:
    """A company and its parent's code."""
    if random.random() < ABROAD:
        return english(random), None
    if groups and random.random() < DAUGHTER:
        code, own = random.choice(groups)
        return chinese(random, own), code
    return chinese(random), None


def _profile(random: Random, company: Company) -> dict[str, Any]:
    employees = max(3, min(20000, int(company.industry.size * random.lognormvariate(0, 0.9))))
    revenue = employees * random.randint(250_000, 1_500_000)
    return {
        "name": company.name,
        "short_name": company.own,
        "state": pick(random, STATES),
        "level": pick(random, LEVELS),
        "industry": company.industry.code,
        "region": company.region,
        "source": pick(random, SOURCES),
        "phone": company.phone,
        "email": f"{random.choice(('info', 'office', 'sales'))}@{company.domain}",
        "website": f"https://www.{company.domain}",
        "address": company.address,
        "employees": employees,
        "annual_revenue": f"{revenue // 10_000 * 10_000}.00",
        "founded_on": f"{random.randint(1985, 2021)}-{random.randint(1, 12):02}-{random.randint(1, 28):02}",
        "developed_on": str(FIRST_DAY + dt.timedelta(days=random.randrange((LAST_DAY - FIRST_DAY).days))),
        "note": random.choice(NOTES) if random.random() < NOTED else None,
    }


def _care(random: Random, company: Company) -> dict[str, Any]:
    """Who looks after it. What is secret belongs to somebody who may see it."""
    if company.area in POOLS and random.random() < POOLED:
        return {"owner": None, "unit": POOLS[company.area], "secrecy": 1}
    owner = pick(random, [(person, person.share) for person in PEOPLE if person.area == company.area])
    is_secret = owner.clearance > 1 and random.random() < SECRET
    return {"owner": owner.login, "secrecy": 2 if is_secret else 1}


def _share(random: Random, values: dict[str, Any]) -> dict[str, Any] | None:
    if random.random() >= SHARED or values["owner"] is None or values["secrecy"] > 1:
        return None
    return {"to": pick(random, TARGETS), "actions": random.choice((["view"], ["view", "edit"]))}
