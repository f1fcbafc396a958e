"""Days of the lunar calendar, by which many keep their birthdays."""

from __future__ import annotations

import datetime as dt

from lunar_python import Lunar, LunarMonth, LunarYear, Solar


def name_of(day: dt.date) -> str:
    """The day's name without its year, such as 八月十五."""
    lunar = Solar.fromYmd(day.year, day.month, day.day).getLunar()
    return f"{lunar.getMonthInChinese()}月{lunar.getDayInChinese()}"


def coming(born: dt.date, today: dt.date) -> dt.date:
    """The next day, today counted, on which the lunar birthday of somebody `born` on a day is kept.

    Who was born in a leap month keeps it in the ordinary one; who was born on the thirtieth, on the
    twenty-ninth of a month that has no more.
    """
    lunar = Solar.fromYmd(born.year, born.month, born.day).getLunar()
    month, day = abs(lunar.getMonth()), lunar.getDay()
    year = today.year - 1  # the lunar year begins in January or February
    while True:
        kept = _solar(year, month, day)
        if kept >= today:
            return kept
        year += 1


def _solar(year: int, month: int, day: int) -> dt.date:
    days: LunarMonth | None = LunarYear.fromYear(year).getMonth(month)
    assert days is not None
    solar = Lunar.fromYmd(year, month, min(day, days.getDayCount())).getSolar()
    return dt.date(solar.getYear(), solar.getMonth(), solar.getDay())
