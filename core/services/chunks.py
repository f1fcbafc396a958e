"""Long work, a transaction for each part of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TypeVar

from core.services.work import Kernel, Work

T = TypeVar("T")
CHUNK = 500  # records in one transaction: long enough to be quick, short enough to let others write


def chunked(items: Iterable[T], size: int = CHUNK) -> Iterator[list[T]]:
    """Lists of at most `size` items, as they come."""
    left = iter(items)
    return iter(lambda: list(islice(left, size)), [])


def stored(kernel: Kernel, task: Callable[[Work], T]) -> T:
    """Do the task in a writing transaction and return its result, also when the answer to COMMIT was
    lost on the way. It may be run several times; the last time is the one that counts.
    """
    results: list[T] = []
    kernel.run(lambda work: results.append(task(work)), write=True)
    return results[-1]
