"""Dates, numbers and money as people of a language write them."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from functools import cache

from babel import Locale
from babel.dates import format_date, format_datetime
from babel.numbers import format_compact_decimal, format_decimal, get_currency_symbol

from core.clock import local

_DAY = {"zh_Hans": "yyyy-MM-dd", "en": "d MMM yyyy"}
_DAY_OF_THIS_YEAR = {"zh_Hans": "MM-dd", "en": "d MMM"}
_OWN_SYMBOLS = {"CNY": "¥"}  # where we are, it needs no country before it


@cache
def locale(language: str) -> Locale:
    """Babel's locale of one of our languages."""
    return Locale.parse(language)


def day(value: dt.date, language: str) -> str:
    return format_date(value, _DAY[language], locale(language))


def whole_day(value: dt.date, language: str) -> str:
    """With its weekday, for a heading."""
    return format_date(value, "full", locale(language))


def moment(value: dt.datetime, language: str, zone: dt.tzinfo) -> str:
    """Day and time in the zone."""
    return format_datetime(local(value, zone), f"{_DAY[language]} HH:mm", locale=locale(language))


def short_moment(value: dt.datetime, language: str, zone: dt.tzinfo, now: dt.datetime) -> str:
    """For a column: the time of today, the day of this year, the date of earlier years."""
    there, today = local(value, zone), now.astimezone(zone).date()
    if there.date() == today:
        return time(value, zone)
    return short_day(there.date(), language, today)


def time(value: dt.datetime, zone: dt.tzinfo) -> str:
    """The time of the day in the zone; our languages write it alike."""
    return local(value, zone).strftime("%H:%M")


def short_day_and_time(value: dt.datetime, language: str, zone: dt.tzinfo, now: dt.datetime) -> str:
    """For a line of what happens: as in a column, but with the time of every day of this year."""
    short, there, today = short_moment(value, language, zone, now), local(value, zone), now.astimezone(zone).date()
    return f"{short} {time(value, zone)}" if there.date() != today and there.year == today.year else short


def short_day(value: dt.date, language: str, today: dt.date) -> str:
    """A day of this year without the year."""
    return format_date(value, (_DAY_OF_THIS_YEAR if value.year == today.year else _DAY)[language], locale(language))


def number(value: int | Decimal, language: str) -> str:
    if isinstance(value, int):
        return _whole(value)
    return format_decimal(value, "#,##0.####", locale(language))


def _whole(value: int | Decimal) -> str:
    """Without decimals our languages write alike what lists are full of; Babel takes thirty times as long."""
    return f"{value:,.0f}" if isinstance(value, Decimal) else f"{value:,}"


def money(value: Decimal, currency: str, language: str) -> str:
    """An amount with its currency's sign; decimals only where there are some."""
    sign = _OWN_SYMBOLS.get(currency) or get_currency_symbol(currency, locale(language))
    is_whole = value == value.to_integral_value()
    digits = _whole(abs(value)) if is_whole else format_decimal(abs(value), "#,##0.00##", locale(language))
    return f"{'-' if value < 0 else ''}{sign}{digits}"


def brief_money(value: Decimal, currency: str, language: str) -> str:
    """An amount among figures: in 万 or millions, where it is large."""
    if abs(value) < 10_000:
        return money(value.quantize(Decimal(1)), currency, language)
    sign = _OWN_SYMBOLS.get(currency) or get_currency_symbol(currency, locale(language))
    digits = format_compact_decimal(abs(value), locale=locale(language), fraction_digits=1)
    return f"{'-' if value < 0 else ''}{sign}{digits}"


def short_money(value: Decimal, currency: str, language: str) -> str:
    """An amount in a column of such: in 万, in English in thousands or millions."""
    if language != "zh_Hans":
        return brief_money(value, currency, language)
    sign = _OWN_SYMBOLS.get(currency) or get_currency_symbol(currency, locale(language))
    digits = format_decimal(abs(value) / 10_000, "#,##0.0", locale(language))
    return f"{'-' if value < 0 else ''}{sign}{digits}万"


def size(value: int, language: str) -> str:
    """So many bytes, in the unit that leaves few digits."""
    for unit, bytes_ in (("MB", 2**20), ("KB", 2**10)):
        if value >= bytes_:
            shown = Decimal(value) / bytes_
            digits = format_decimal(shown, "#,##0" if shown >= 10 else "0.#", locale(language))
            return f"{digits} {unit}"
    return f"{value} B"


def initials(name: str) -> str:
    """One or two letters that stand for a person."""
    words = name.split()
    if not words:
        return "?"
    if len(words) > 1 and words[0][0].isascii():
        return (words[0][0] + words[-1][0]).upper()
    return words[0][0].upper()


def noun(title: str, language: str) -> str:
    """A title inside a sentence: English writes it small."""
    return title[:1].lower() + title[1:] if language == "en" else title
