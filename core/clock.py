"""What time it is. Everything asks here, so that a test can say when it is."""

from __future__ import annotations

import copy
import datetime as dt
import os
import zoneinfo

from core.settings import Settings, SettingsError

# Years that every database and every time zone can hold, with room for a day before and after.
FIRST_YEAR, LAST_YEAR = 1000, 9998
_SHOWN = range(1970, 9000)  # a clock goes on from there: schedules look years ahead


def local(moment: dt.datetime, zone: dt.tzinfo) -> dt.datetime:
    """The moment as a zone's clocks show it; as it is where the calendar ends before they do."""
    try:
        return moment.astimezone(zone)
    except OverflowError:
        return moment


def to_show(text: str) -> dt.datetime:
    """A moment for a clock to show. ValueError, with a sentence, for any other text."""
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a moment like 2026-06-10T09:00:00+08:00") from None
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} needs a time zone, such as +08:00 at its end")
    if moment.year not in _SHOWN:
        raise ValueError(f"{text!r} is not in the years {_SHOWN[0]} to {_SHOWN[-1]}")
    return moment


class Clock:
    """The current moment in UTC and the site's business date.

    With `kehu.testing`, `KEHU_NOW` sets the moment at which the process starts; it runs on from
    there.
    """

    def __init__(self, settings: Settings) -> None:
        self.zone = zoneinfo.ZoneInfo(settings.time_zone)
        self._shift = dt.timedelta(0)
        start = os.environ.get("KEHU_NOW")
        if start and settings.testing:
            try:
                moment = to_show(start)
            except ValueError as wrong:
                raise SettingsError(f"KEHU_NOW: {wrong}") from None
            self._shift = moment - dt.datetime.now(dt.UTC)

    def now(self) -> dt.datetime:
        return dt.datetime.now(dt.UTC) + self._shift

    def at(self, moment: dt.datetime) -> Clock:
        """A clock of the same site that shows this moment now."""
        other = copy.copy(self)
        other._shift = moment - dt.datetime.now(dt.UTC)
        return other

    def day(self, moment: dt.datetime) -> dt.date:
        """The business date of a moment."""
        return local(moment, self.zone).date()
