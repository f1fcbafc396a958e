"""Plugins come, go, are purged and come again, in every order: what is left tells nothing of the way."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations
from pathlib import Path

import pytest

from tests.db.orders import PLUGINS, in_a_process
from tests.support.databases import create_database

STEPS = 1 + 3 + 3 + 3 + 6 + 3


def test_every_order_leads_to_the_same(tmp_path: Path) -> None:
    orders = list(permutations(PLUGINS))
    assert in_a_process([(create_database("sqlite", tmp_path), order) for order in orders]) == STEPS * len(orders)


@pytest.mark.databases
def test_there_and_back_on_every_database(new_url: Callable[[], str]) -> None:
    assert in_a_process([(new_url(), PLUGINS)]) == STEPS
