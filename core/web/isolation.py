"""Running a plugin's part of a page so that its failure stays its own."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from pyramid.renderers import render
from pyramid.request import Request

from core.db.deadline import deadline
from core.services.work import Ctx

log = logging.getLogger(__name__)
T = TypeVar("T")
CUT = "cut off"


def isolated(ctx: Ctx, what: str, run: Callable[[], T]) -> tuple[T | None, str]:
    """`run()` in a savepoint: its result and "", or None and the incident's number, which the log explains.

    What fails three times in five minutes is not run any more for a while. Statements are ended when the
    time is over; Python code cannot be, so what comes late is shown but counts as a failure.
    """
    breaker = ctx.kernel.breaker
    number = breaker.cut(what)
    if number is not None:
        return None, number or CUT
    with breaker.running(what) as is_late:
        try:
            with deadline(ctx.work.connection, breaker.budget), ctx.savepoint():
                result = run()
        except Exception as error:
            return None, _incident(ctx, what, "failed", error)
        if is_late():
            _incident(ctx, what, f"took longer than {breaker.budget:g} seconds")
        return result, ""


def drawn(
    request: Request, ctx: Ctx, what: str, show: Callable[[], tuple[str, Mapping[str, Any]] | None]
) -> tuple[str, str]:
    """The template that `show()` names, with its variables, isolated: its HTML, "" if there is nothing to show, and the
    incident's number or "".
    """

    def run() -> str:
        shown = show()
        return "" if shown is None else str(render(shown[0], dict(shown[1]), request=request))

    html, incident = isolated(ctx, what, run)
    return html or "", incident


def _incident(ctx: Ctx, what: str, happened: str, error: Exception | None = None) -> str:
    incident = secrets.token_hex(4)
    ctx.kernel.breaker.failed(what, incident)
    log.error("incident %s: %s %s", incident, what, happened, exc_info=error)
    if ctx.kernel.breaker.cut(what) is not None:
        log.error("incident %s: %s is cut off for some minutes", incident, what)
    return incident
