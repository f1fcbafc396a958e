"""Stretches of days that figures are about: this month, this quarter, this year, and the one before each."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

MONTHS = {"month": 1, "quarter": 3, "year": 12}
DEFAULT = "quarter"


@dataclass(frozen=True)
class Period:
    """Business days from `first` to `last`, both included; `name` is `month`, `quarter` or `year`."""

    name: str
    first: dt.date
    last: dt.date

    @property
    def before(self) -> Period:
        """The period that ended when this one began."""
        return around(self.name, self.first - dt.timedelta(days=1))

    def so_far_before(self, day: dt.date) -> Period:
        """As many days of the period before as have come of this one by `day`, so that the two can be compared."""
        before = self.before
        if day >= self.last:
            return before
        return Period(self.name, before.first, min(before.last, before.first + (day - self.first)))


def around(name: str, day: dt.date) -> Period:
    """The month, quarter or year in which the day is. KeyError for another name."""
    months = MONTHS[name]
    first = day.replace(month=(day.month - 1) // months * months + 1, day=1)
    year, month = divmod(first.year * 12 + first.month - 1 + months, 12)
    return Period(name, first, dt.date(year, month + 1, 1) - dt.timedelta(days=1))


def begins(day: dt.date, zone: dt.tzinfo) -> dt.datetime:
    """The moment at which a business day begins."""
    return dt.datetime.combine(day, dt.time(), zone)
