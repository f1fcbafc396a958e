"""Dates and numbers that can be read in two ways: one column, one reading, and never a guess."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.cli.failures import sentence
from core.entities import readings
from core.entities.table import Row
from core.errors import Invalid
from tests.imports.conftest import Importer
from tests.imports.test_import import stored
from tests.support.site import Site


def found(kind: str, *cells: str) -> str:
    return readings.found([Row(2 + at, (cell,)) for at, cell in enumerate(cells)], {"f": (0, kind)})["f"]


def question(kind: str, *cells: str) -> str:
    with pytest.raises(Invalid) as refused:
        found(kind, *cells)
    return sentence(refused.value)


@given(day=st.dates(), reading=st.sampled_from(readings.DATES))
def test_a_day_is_read_as_it_was_written(day: dt.date, reading: str) -> None:
    year, month, of_month = f"{day.year:04}", str(day.month), str(day.day)
    parts = {"d": of_month, "m": month, "y": year}
    for sign in "/-.":
        assert readings.date(sign.join(parts[letter] for letter in reading), reading) == day.isoformat()


@given(value=st.decimals(-(10**12), 10**12, places=2), reading=st.sampled_from(readings.NUMBERS))
def test_a_number_is_read_as_it_was_written(value: object, reading: str) -> None:
    text = f"{value:,.2f}"
    if reading == "comma":
        text = text.translate(str.maketrans(",.", ".,"))
    assert readings.number(text, reading) == f"{value:f}"


@pytest.mark.parametrize(
    ("kind", "cells", "reading"),
    [
        ("date", ("30/06/2026", "03/04/2026"), "dmy"),
        ("date", ("06/30/2026", "03/04/2026"), "mdy"),
        ("date", ("2026/3/4", "2026年4月3日", "20260403"), "ymd"),
        ("date", ("06/06/2026",), "dmy"),  # the same either way
        ("date", ("30/06/2026", "nonsense", "13/13/2026"), "dmy"),
        ("money", ("1.234", "1,234.50"), "point"),
        ("money", ("1.234", "1.234,50"), "comma"),
        ("money", ("1,5",), "comma"),
        ("money", ("1100.04", "12.345"), "point"),
        ("integer", ("13938.0",), "point"),
    ],
)
def test_the_cells_tell_the_reading(kind: str, cells: tuple[str, ...], reading: str) -> None:
    assert found(kind, *cells) == reading


@pytest.mark.parametrize(
    ("kind", "cells", "both"),
    [
        ("date", ("03/04/2026", "05/06/2026"), ("2026-04-03 (dmy)", "2026-03-04 (mdy)")),
        ("date", ("30/06/2026", "06/30/2026", "03/04/2026"), ("2026-04-03 (dmy)", "2026-03-04 (mdy)")),
        ("money", ("1,234",), ("1.234 (comma)", "1234 (point)")),
        ("integer", ("1.234",), ("1234 (comma)", "1.234 (point)")),
    ],
)
def test_what_is_open_is_asked_with_both_readings(kind: str, cells: tuple[str, ...], both: tuple[str, str]) -> None:
    said = question(kind, *cells)
    assert all(one in said for one in both)
    assert "--format f=" in said


def test_numbers_of_a_spreadsheet_are_no_text() -> None:
    rows = [Row(2, ("1.234",), exact=frozenset({0}))]
    assert readings.found(rows, {"f": (0, "money")}) == {"f": "comma"}  # nothing to read: any will do


def test_the_import_asks_and_is_told(site: Site, bring: Importer) -> None:
    rows = [("name", "founded_on", "annual_revenue"), ("Acme", "03/04/2026", "1.234"), ("Beta", "", "")]
    with pytest.raises(Invalid) as refused:
        bring(rows)
    assert set(refused.value.errors) == {"founded_on", "annual_revenue"}
    assert stored(site, "name") == []
    assert bring(rows, formats=[("founded_on", "mdy"), ("annual_revenue", "comma")]).counts == (2, 0, 0, 0)
    day, amount = stored(site, "founded_on", "annual_revenue")[0]
    assert (day, amount) == (dt.date(2026, 3, 4), 1234)


@pytest.mark.parametrize("told", [("name", "dmy"), ("founded_on", "comma"), ("employees", "point"), ("no", "dmy")])
def test_a_reading_that_does_not_fit_the_field(bring: Importer, told: tuple[str, str]) -> None:
    with pytest.raises(Invalid):
        bring([("name", "founded_on"), ("Acme", "2026-06-30")], formats=[told])
