"""What the contract names for later work is absent, not half there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest


@pytest.mark.parametrize("path", ["check-duplicates", "1/history"])
def test_verbs_of_later_work(api: Callable[..., Any], path: str) -> None:
    assert api().post(f"/core/customers/{path}", {}, status=404).json["status"] == 404


@pytest.mark.parametrize("path", ["/search", "/changes", "/reports/x"])
def test_collections_of_later_work(api: Callable[..., Any], path: str) -> None:
    assert api().get(path, status=404).json["status"] == 404
