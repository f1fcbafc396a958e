"""What fields make of text from forms and files."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from core.fields import BadValue, Boolean, Date, Integer, Moment, Money, Text


@pytest.mark.parametrize(
    ("text", "amount"),
    [("", None), ("12", "12"), ("1,234.50", "1234.5"), ("¥1,860,000", "1860000"), ("-0.5", "-0.5"), (" 7 ", "7")],
)
def test_money_reads_what_people_write(text: str, amount: str | None) -> None:
    assert Money().parse_text(text) == (None if amount is None else Decimal(amount))


@pytest.mark.parametrize("text", ["1,5", "1,23,456", "12,34", "1.234,50", "1 000", "¥", "1e999", "NaN", "0x10"])
def test_money_never_guesses(text: str) -> None:
    with pytest.raises(BadValue):
        Money().parse_text(text)


@pytest.mark.parametrize(
    ("amount", "text"), [("1234.5", "1234.50"), ("0", "0.00"), ("-1.2345", "-1.2345"), ("7.1000", "7.10")]
)
def test_money_is_said_with_two_decimals_or_more(amount: str, text: str) -> None:
    assert Money().to_json(Decimal(amount)) == text


def test_whole_numbers_may_look_like_a_spreadsheet_wrote_them() -> None:
    assert Integer().parse_text("13938.0") == 13938
    for text in ("1.5", "1e3", "１", "9" * 30, "--1"):
        with pytest.raises(BadValue):
            Integer().parse_text(text)


def test_booleans_in_two_languages() -> None:
    assert [Boolean().parse_text(text) for text in ("是", "No", "", "TRUE")] == [True, False, None, True]
    with pytest.raises(BadValue):
        Boolean().parse_text("maybe")


@pytest.mark.parametrize(
    "text",
    [
        "0001-01-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "0999-12-31T23:59:59Z",
        "1000-01-01T07:59:59+08:00",
        "9999-12-31T23:59:59Z",
        "9999-12-31T23:59:59-12:00",
        "9998-12-31T23:59:59-00:01",
    ],
)
def test_moments_that_some_zone_or_database_cannot_hold_are_refused(text: str) -> None:
    with pytest.raises(BadValue, match="year"):
        Moment().parse(text)


@pytest.mark.parametrize("text", ["0001-01-01", "0999-12-31", "9999-01-01", "9999-12-31"])
def test_days_that_some_zone_or_database_cannot_hold_are_refused(text: str) -> None:
    with pytest.raises(BadValue, match="year"):
        Date().parse(text)


@pytest.mark.parametrize("text", ["1000-01-01T00:00:00Z", "2026-06-30T09:00:00Z", "9998-12-31T23:59:59Z"])
def test_moments_read_as_they_were_written(text: str) -> None:
    assert Moment().to_json(Moment().parse(text)) == text


def test_a_moment_of_long_ago_has_four_digits_of_its_year() -> None:
    first = Moment().to_json(dt.datetime(1, 1, 1, tzinfo=dt.UTC))
    assert first == "0001-01-01T00:00:00Z"
    assert dt.datetime.fromisoformat(first)


@pytest.mark.parametrize("text", ["", "  ", "\u3000", "\u200b", "\ufeff\u200d \u2060", "\u3164", "\u2800\xad"])
def test_a_text_in_which_nothing_shows_is_empty(text: str) -> None:
    assert Text().parse(text) is None


@pytest.mark.parametrize("text", ["a", "客", "\u200bA", "\N{MAN}\u200d\N{WOMAN}", "ا\u200cب", "0"])
def test_what_is_not_seen_may_stand_between_what_is(text: str) -> None:
    assert Text().parse(text) == text
