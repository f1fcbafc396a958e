"""What time it is. Everything asks here, so that a test can say when it is."""

from __future__ import annotations

import copy
import datetime as dt
import os
import zoneinfo

from core.settings import Settings, SettingsError


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
                moment = dt.datetime.fromisoformat(start)
            except ValueError:
                raise SettingsError(f"KEHU_NOW: {start!r} is not a moment like 2026-06-10T09:00:00+08:00") from None
            if moment.tzinfo is None:
                raise SettingsError("KEHU_NOW needs a time zone, such as +08:00 at its end")
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
        return moment.astimezone(self.zone).date()
