"""Cells that could run are made harmless, and come back as they were."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.entities.cells import neutral, original

RISKY = (
    "=1+1",
    "+861012345678",
    "-5",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "|calc",
    "%0a",
    "＝1+1",
    "＋1",
    "\u00a0=1",
    "\u200b=1",
    "  =1",
    ";=1",
    '"=1',
    "'=1",
    "''=1",
)


@pytest.mark.parametrize("cell", RISKY)
def test_a_formula_gets_an_apostrophe_and_loses_it_again(cell: str) -> None:
    assert neutral(cell) == f"'{cell}"
    assert original(neutral(cell)) == cell


@pytest.mark.parametrize("cell", ["", "Acme", "上海华达", "a=b", "'quoted'", "<script>", "12.50", "o'Neil"])
def test_harmless_cells_stay(cell: str) -> None:
    assert neutral(cell) == original(cell) == cell


@given(st.text(alphabet=st.sampled_from("'=+-@|%\t\r\n \u200b;,\"aé号"), max_size=8))
def test_nothing_is_lost_on_the_way_through_a_file(cell: str) -> None:
    out = io.StringIO(newline="")
    csv.writer(out).writerow([neutral(cell), "x"])
    (back, _x) = next(csv.reader(io.StringIO(out.getvalue(), newline=""), strict=True))
    assert original(back) == cell
