"""Running things at the same moment."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Barrier, Thread
from typing import Any

SECONDS = 60


def at_once(tasks: Sequence[Callable[[], Any]]) -> list[Any]:
    """Start all tasks together, each in a thread of its own. What each returned, or the error it raised."""
    start = Barrier(len(tasks))
    outcomes: list[Any] = [None] * len(tasks)

    def run(place: int, task: Callable[[], Any]) -> None:
        try:
            start.wait(SECONDS)
            outcomes[place] = task()
        except Exception as error:
            outcomes[place] = error

    threads = [Thread(target=run, args=(place, task), daemon=True) for place, task in enumerate(tasks)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS)
        assert not thread.is_alive(), "a task hangs"
    return outcomes
