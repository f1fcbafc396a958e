"""Running a plugin's part of a page so that its failure stays its own."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from typing import TypeVar

from core.services.work import Ctx

log = logging.getLogger(__name__)
T = TypeVar("T")


def isolated(ctx: Ctx, what: str, run: Callable[[], T]) -> tuple[T | None, str]:
    """`run()` in a savepoint: its result and "", or None and the incident's number, which the log explains."""
    try:
        with ctx.savepoint():
            return run(), ""
    except Exception as error:
        incident = secrets.token_hex(4)
        log.error("incident %s: %s failed", incident, what, exc_info=error)
        return None, incident
