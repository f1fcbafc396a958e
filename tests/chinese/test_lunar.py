"""Lunar birthdays: on which day they are kept."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as some
from lunar_python import Solar

from core.chinese.lunar import coming, name_of

day = dt.date.fromisoformat


@pytest.mark.parametrize(
    ("born", "name", "today", "kept"),
    [
        ("1980-09-23", "八月十五", "2026-01-01", "2026-09-25"),
        ("1980-09-23", "八月十五", "2026-09-25", "2026-09-25"),
        ("1980-09-23", "八月十五", "2026-09-26", "2027-09-15"),
        ("2025-08-01", "闰六月初八", "2026-01-01", "2026-07-21"),  # born in a leap month
        ("2000-02-05", "正月初一", "2026-02-18", "2027-02-06"),
    ],
)
def test_a_birthday_is_kept_by_the_moon(born, name, today, kept):
    assert name_of(day(born)) == name
    assert coming(day(born), day(today)) == day(kept)


@given(some.dates(dt.date(1900, 2, 1), dt.date(2099, 12, 1)), some.dates(dt.date(1950, 1, 1), dt.date(2099, 12, 1)))
def test_it_comes_within_thirteen_moons_in_the_same_month(born, today):
    kept = coming(born, today)
    assert dt.timedelta(0) <= kept - today < dt.timedelta(days=30 * 13)
    was, now = (Solar.fromYmd(one.year, one.month, one.day).getLunar() for one in (born, kept))
    assert now.getMonth() == abs(was.getMonth())
    assert now.getDay() == min(was.getDay(), now.getDay())
    assert was.getDay() - now.getDay() in (0, 1)
