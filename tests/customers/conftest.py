"""The API as somebody uses it: `api("login")`."""

from tests.rest.conftest import api, app

__all__ = ["api", "app"]
