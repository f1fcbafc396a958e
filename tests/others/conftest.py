"""Sites with fields of others: what an administrator defines, and what the third party's plugin adds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.gifts.conftest import installed, site  # noqa: F401 - fixtures
from tests.rest.conftest import Api, api, app  # noqa: F401 - fixtures

FIELDS = "/core/custom-fields"
LEVELS = [{"code": "gold", "label_zh": "金", "label_en": "Gold"}, "silver"]


def define(client: Api, name: str, kind: str, **values: Any) -> Any:
    """A custom field of customers."""
    body = {"entity": "core.customer", "name": name, "type": kind, "label_zh": f"{name}中", "label_en": name.title()}
    return client.post(FIELDS, body | values).json


@pytest.fixture
def admin(api: Callable[..., Api]) -> Api:  # noqa: F811
    return api()


@pytest.fixture
def defined(admin: Api) -> Api:
    """The administrator's client after he has defined a field of each type."""
    define(admin, "floor_area", "number", position=1)
    define(admin, "motto", "text", position=2)
    define(admin, "rent", "money", position=3)
    define(admin, "opened_on", "date", position=4)
    define(admin, "rank", "choice", choices=LEVELS, position=5)
    define(admin, "has_lift", "boolean", position=6)
    return admin
