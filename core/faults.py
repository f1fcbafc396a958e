"""Named points at which a test may have the process killed, as a power cut would.

With `kehu.testing`, and only then, `KEHU_FAULT=POINT[:n]` kills the process when it passes the point
for the n-th time. Code says `passed("…")` where it has got to; without a fault that costs a comparison.
"""

from __future__ import annotations

import os
import signal

from core.settings import Settings, SettingsError

POINTS = {
    "transaction.written": "a transaction has written everything, its audit included, and is about to commit",
    "transaction.committed": "a transaction has been committed",
    "bulk.prepared": "rows written many at once are prepared, none of them is written",
    "bulk.stored": "rows written many at once are written, their audit is not",
    "import.chunk": "a chunk of an import is committed and not yet reported",
    "export.noted": "an export is written down, no row of it has left",
    "export.page": "a page of an export has been read",
}

_armed: str | None = None
_left = 0


def arm(settings: Settings) -> None:
    """Heed `KEHU_FAULT`. SettingsError for a point that there is not, and outside of tests."""
    global _armed, _left
    _armed = None
    told = os.environ.get("KEHU_FAULT")
    if not told:
        return
    if not settings.testing:
        raise SettingsError("KEHU_FAULT is for tests; it needs kehu.testing = true")
    point, _colon, times = told.partition(":")
    if point not in POINTS:
        raise SettingsError(f"KEHU_FAULT: there is no point {point!r}; `kehu faults` lists them")
    if times and not (times.isdecimal() and int(times)):
        raise SettingsError(f"KEHU_FAULT: {times!r} is not a number of times")
    _armed, _left = point, int(times or 1)


def passed(point: str) -> None:
    """The work has come to this point."""
    global _left
    if point == _armed:
        _left -= 1
        if _left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
