"""`Server-Timing` on every reply while testing: statements sent and CPU spent (contract for tests)."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from pyramid.config import Configurator
from pyramid.request import Request
from pyramid.response import Response
from pyramid.tweens import INGRESS
from sqlalchemy import Engine, event

_statements: ContextVar[int] = ContextVar("statements", default=0)


def includeme(config: Configurator) -> None:
    kernel = config.registry["kehu"]
    if kernel.settings.testing:
        count(kernel.database.engine)
        config.add_tween("core.http.timing.tween_factory", under=INGRESS)


def count(engine: Engine) -> None:
    """Count the statements that this thread sends."""
    event.listen(engine, "before_cursor_execute", _one_more)


def _one_more(_conn: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
    if not statement.startswith("BEGIN"):  # SQLite's only; servers begin without a statement
        _statements.set(_statements.get() + 1)


def tween_factory(handler: Callable[[Request], Response], registry: Any) -> Callable[[Request], Response]:
    def timed(request: Request) -> Response:
        before, began = _statements.get(), time.thread_time()
        response = handler(request)
        spent = (time.thread_time() - began) * 1000
        response.headers["Server-Timing"] = f"sql;desc={_statements.get() - before}, cpu;dur={spent:.2f}"
        return response

    return timed
