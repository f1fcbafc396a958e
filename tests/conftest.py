"""Fixtures for all tests."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from jinja2 import Environment
from playwright.sync_api import expect

from tests.support import chromium
from tests.support.missing import missing
from tests.support.site import Site

pytest_plugins = ("tests.support.databases", "tests.support.report")

ROOT = Path(__file__).parents[1]

# Neither has a deadline per example: how long one takes says more about the machine's load.
settings.register_profile("short", derandomize=True, max_examples=50, deadline=None)
settings.register_profile("long", max_examples=5000, deadline=None, print_blob=True)
settings.load_profile("short")
# A page on a busy machine takes its time too; this is how long a test waits before it fails.
expect.set_options(timeout=20_000)


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The folder of material shared between projects: $KEHU_SHARED, or `shared` beside this one."""
    path = Path(os.environ.get("KEHU_SHARED", ROOT.parent / "shared"))
    if not path.is_dir():
        pytest.skip(f"no shared material at {path} (set KEHU_SHARED)")
    return path


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """The system's Chromium for Playwright's `browser` and `page`; it calls nobody but us."""
    if chromium.installed() is None:
        missing("Chromium is not installed")
    return {**browser_type_launch_args, "executable_path": chromium.installed(), "args": [*chromium.ARGUMENTS]}


@pytest.fixture(scope="session", autouse=True)
def templates_are_compiled_once() -> Iterator[None]:
    """Each test has an application of its own; their templates are the same."""
    known: dict[Any, Any] = {}
    make = Environment.compile

    def compiled(self: Environment, source: Any, *args: Any, **options: Any) -> Any:
        key = (source, args, *options.items(), *self.extensions)
        if key not in known:
            known[key] = make(self, source, *args, **options)
        return known[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Environment, "compile", compiled)
        yield


@pytest.fixture
def site(database_url: str, tmp_path: Path) -> Iterator[Site]:
    """A migrated site with what `kehu init` leaves behind, on the test's own database."""
    made = Site(database_url, files=str(tmp_path / "files"))
    yield made
    made.close()
