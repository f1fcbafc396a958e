"""A table of what the plugins gave, filled at boot and closed before the first request."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, TypeVar

from .errors import ContractError, did_you_mean

T = TypeVar("T")


class Registry(Generic[T]):
    """Values by key, each with its owner, in the order in which they were added.

    `kind` names the values in messages, as in "entity". Iteration gives the keys.
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._entries: dict[str, tuple[str, T]] = {}
        self._closed = False

    def add(self, owner: str, key: str, value: T) -> None:
        """Enter a value; ContractError if the key is taken or the registry is closed."""
        if self._closed:
            raise ContractError(f"{self.kind} {key!r} of {owner!r} comes after boot", owner)
        if key in self._entries:
            raise ContractError(f"{self.kind} {key!r} of {owner!r} is already taken by {self.owner(key)!r}", owner)
        self._entries[key] = (owner, value)

    def close(self) -> None:
        """Let nothing more in."""
        self._closed = True

    def get(self, key: str) -> T:
        """The value of that key; KeyError, with the nearest key, if there is none."""
        return self._entry(key)[1]

    def owner(self, key: str) -> str:
        """Who added that key; KeyError as for `get`."""
        return self._entry(key)[0]

    def values(self) -> list[T]:
        """The values in order of entry."""
        return [value for _, value in self._entries.values()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __contains__(self, key: object) -> bool:
        return key in self._entries

    def __len__(self) -> int:
        return len(self._entries)

    def _entry(self, key: str) -> tuple[str, T]:
        try:
            return self._entries[key]
        except KeyError:
            raise KeyError(f"no {self.kind} {key!r}{did_you_mean(key, self._entries)}") from None
