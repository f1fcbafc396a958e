"""How numbers, days and moments are written."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from babel.numbers import format_decimal
from hypothesis import given
from hypothesis import strategies as st

from core.web.format import day, locale, moment, money, number, short_day, short_day_and_time, short_moment


@pytest.mark.parametrize("language", ["en", "zh_Hans"])
@given(st.integers(-(10**18), 10**18))
def test_whole_numbers_are_written_as_the_language_has_them(language, value):
    assert number(value, language) == format_decimal(value, "#,##0", locale(language))
    digits = format_decimal(abs(value), "#,##0", locale(language))
    for amount in (Decimal(value), Decimal(value).quantize(Decimal("1.00"))):
        assert money(amount, "CNY", language) == f"{'-' if value < 0 else ''}¥{digits}"


SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = dt.datetime(2026, 11, 26, 8, 0, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("language", "at", "whole", "line", "column"),
    [
        ("en", "2026-11-26T01:05:00Z", "26 Nov 2026 09:05", "09:05", "09:05"),
        ("en", "2026-11-25T16:05:00Z", "26 Nov 2026 00:05", "00:05", "00:05"),
        ("en", "2026-11-25T15:05:00Z", "25 Nov 2026 23:05", "25 Nov 23:05", "25 Nov"),
        ("en", "2025-12-31T01:05:00Z", "31 Dec 2025 09:05", "31 Dec 2025", "31 Dec 2025"),
        ("zh_Hans", "2026-11-25T15:05:00Z", "2026-11-25 23:05", "11-25 23:05", "11-25"),
        ("zh_Hans", "2025-12-31T01:05:00Z", "2025-12-31 09:05", "2025-12-31", "2025-12-31"),
    ],
)
def test_a_moment_is_written_in_one_of_three_ways(language, at, whole, line, column):
    then = dt.datetime.fromisoformat(at)
    assert moment(then, language, SHANGHAI) == whole
    assert short_day_and_time(then, language, SHANGHAI, NOW) == line
    assert short_moment(then, language, SHANGHAI, NOW) == column
    there = then.astimezone(SHANGHAI).date()
    assert day(there, language) == whole[:-6]
    if there != NOW.date():
        assert short_day(there, language, NOW.date()) == column


def test_days_and_times_are_written_in_one_place():
    written = re.compile(r"strftime|format_date|:%[HYmd]")
    pages = Path(__file__).parents[2] / "core" / "web"
    found = {
        one.name for one in pages.rglob("*") if one.suffix in (".py", ".jinja2") and written.search(one.read_text())
    }
    assert found == {"format.py"}
