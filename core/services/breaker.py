"""Cutting off a plugin's part of a page that fails again and again, so that it stops costing everybody."""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock

MOST = 3
WINDOW = 300.0  # seconds


class Breaker:
    """Counts failures by key. After three in five minutes a key is `cut` until the first is five minutes old.

    A run that has not come back within `budget` seconds counts as a failure while it lasts: what hangs
    can then hold three of the server's threads, never all. One process knows nothing of another's.
    """

    def __init__(self, budget: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.budget = budget
        self._clock, self._lock = clock, Lock()
        self._failures: dict[str, deque[tuple[float, str]]] = defaultdict(lambda: deque(maxlen=MOST))
        self._running: dict[str, list[float]] = defaultdict(list)

    def cut(self, key: str) -> str | None:
        """The number of the last incident if the key is cut off, else None; "" if there is none yet."""
        with self._lock:
            now = self._clock()
            recent = [incident for at, incident in self._failures[key] if now - at < WINDOW]
            overdue = sum(now - started > self.budget for started in self._running[key])
            return None if len(recent) + overdue < MOST else next(reversed(recent), "")

    def failed(self, key: str, incident: str) -> None:
        """Note a failure under the number by which the log explains it."""
        with self._lock:
            self._failures[key].append((self._clock(), incident))

    @contextmanager
    def running(self, key: str) -> Iterator[Callable[[], bool]]:
        """A run of the key; gives what tells whether its time is over."""
        started = self._clock()
        with self._lock:
            self._running[key].append(started)
        try:
            yield lambda: self._clock() - started > self.budget
        finally:
            with self._lock:
                self._running[key].remove(started)
