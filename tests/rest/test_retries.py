"""A database that fails for a moment: the client does not notice, and nothing is done twice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.site import Site


@pytest.mark.parametrize(
    "kinds", [["busy"], ["lost before"], ["lost after"], ["busy", "lost before", "busy", "lost after"]]
)
def test_each_change_is_made_once(api: Callable[..., Any], trouble: list[str], kinds: list[str]) -> None:
    client = api()
    trouble += kinds
    made = client.post("/core/customers", {"name": "A"}).json
    assert trouble == []
    assert [item["id"] for item in client.get("/core/customers").json["items"]] == [made["id"]]


def test_a_lasting_trouble_is_a_503(site: Site, api: Callable[..., Any], trouble: list[str]) -> None:
    client = api()
    trouble += ["busy"] * 5
    refused = client.post("/core/customers", {"name": "A"}, status=503)
    assert refused.headers["Retry-After"]
    assert client.get("/core/customers").json["items"] == []
