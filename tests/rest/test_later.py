"""What the contract names for later work is absent, not half there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def test_reports_are_later_work(api: Callable[..., Any]) -> None:
    assert api().get("/reports/x", status=404).json["status"] == 404
