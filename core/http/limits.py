"""How often one address may fail before it has to wait: at the login, and with tokens that are none.

Counted in memory, by each process for itself; secrets and passwords are guarded by their own strength
and by the lock of a login name. Only failures count, and a valid token always passes. Behind a proxy the
address is that of the proxy, hence the generous numbers.
"""

from __future__ import annotations

import time
from threading import Lock

from pyramid.config import Configurator
from pyramid.request import Request

from core.errors import TooMany
from core.i18n import _

MOST_ADDRESSES = 10_000


class Limit:
    """At most `most` failures of one address in `seconds`."""

    def __init__(self, most: int, seconds: int) -> None:
        self.most, self.seconds = most, seconds
        self._lock = Lock()
        self._counts: dict[str, tuple[float, int]] = {}  # address: when its time began, failures since

    def check(self, address: str | None) -> None:
        """TooMany while the address has to wait."""
        began, failures = self._of(address or "")
        if failures >= self.most:
            wait = int(began + self.seconds - time.monotonic()) + 1
            raise TooMany(_("Too many failures came from this address. Try again later."), wait)

    def count(self, address: str | None) -> None:
        """Another failure."""
        with self._lock:
            began, failures = self._of(address or "")
            self._counts.pop(address or "", None)
            self._counts[address or ""] = began, failures + 1
            if len(self._counts) > MOST_ADDRESSES:
                del self._counts[next(iter(self._counts))]

    def _of(self, address: str) -> tuple[float, int]:
        now = time.monotonic()
        began, failures = self._counts.get(address, (now, 0))
        return (began, failures) if now < began + self.seconds else (now, 0)


class Limits:
    """Those of one application."""

    def __init__(self) -> None:
        self.logins = Limit(50, 15 * 60)
        self.tokens = Limit(60, 60)


def includeme(config: Configurator) -> None:
    limits = Limits()
    config.add_request_method(lambda request: limits, "limits", reify=True)


def bad_token(request: Request) -> None:
    """Count a token that is none. TooMany from an address that sent too many."""
    request.limits.tokens.check(request.remote_addr)
    request.limits.tokens.count(request.remote_addr)
