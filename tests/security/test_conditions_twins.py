"""SQL and Python give every condition the same meaning, on every database."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import Boolean, Connection, create_engine, select, type_coerce

from core.security.conditions import evaluate, parse, to_sql
from tests.security.conditions_random import RandomConditions
from tests.security.conditions_world import CATALOG, CONTEXT, THING, Thing, World, random_world

BATCH = 20  # conditions in one statement
THINGS = 40


@dataclass
class Sweep:
    """What random conditions on one random world gave: a case is one condition on one row."""

    cases: int = 0
    telling: int = 0  # conditions that hold for some things and not for others
    disagreements: list[str] = field(default_factory=list)

    def run(self, url: str, seed: int, cases: int) -> None:
        rng = random.Random(seed)
        world, conditions = random_world(rng, THINGS), RandomConditions(rng)
        engine = create_engine(url)
        try:
            with engine.connect() as connection:
                world.store(connection)
                while self.cases < cases and not self.disagreements:
                    self.judge(connection, world, [conditions.document() for _ in range(BATCH)])
        finally:
            engine.dispose()

    def judge(self, connection: Connection, world: World, documents: list[Any]) -> None:
        """Note where the database's answer is not Python's, or is no answer at all."""
        conditions = [parse(document, THING, CATALOG) for document in documents]
        criteria = [to_sql(condition, Thing, CATALOG, CONTEXT) for condition in conditions]
        rows = connection.execute(select(Thing.id, *(type_coerce(it, Boolean).label(None) for it in criteria))).all()
        for n, (document, condition) in enumerate(zip(documents, conditions, strict=True), 1):
            for row in rows:
                thing = world.rows["test.thing"][row[0]]
                expected = evaluate(condition, thing, world, CONTEXT)
                if row[n] is not expected:
                    shown = json.dumps(document, ensure_ascii=False)
                    self.disagreements.append(f"{shown} of {thing}: {row[n]}, not {expected}")
            self.cases += len(rows)
            self.telling += len({row[n] for row in rows}) > 1

    def assert_agreement(self) -> None:
        assert not self.disagreements, min(self.disagreements, key=len)
        # Conditions that hold for all rows or for none show little.
        assert self.telling > 0.4 * self.cases / THINGS


@pytest.mark.databases
@pytest.mark.parametrize("seed", [1, 2])
def test_twins_agree(database_url: str, seed: int) -> None:
    sweep = Sweep()
    sweep.run(database_url, seed, cases=8_000)
    sweep.assert_agreement()


@pytest.mark.long
@pytest.mark.databases
@pytest.mark.parametrize("seed", range(100, 110))
def test_twins_agree_at_length(database_url: str, seed: int) -> None:
    """100 000 cases on each database, in ten worlds."""
    sweep = Sweep()
    sweep.run(database_url, seed, cases=10_000)
    sweep.assert_agreement()
