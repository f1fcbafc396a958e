"""The references of hooks and declarations are what the code says, and leave nothing out."""

from __future__ import annotations

import importlib.util
import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

import plugins
from core.security.fitting import KINDS
from core.services.setup import STARTER_ROLES

ROOT = Path(__file__).parents[2]


def tool(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(f"{name}_page", ROOT / "tools" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


@pytest.mark.parametrize("name", ["hooks", "declarations", "api"])
def test_the_page_is_current(name: str) -> None:
    found = tool(name)
    assert found.PAGE.read_text(encoding="utf-8") == found.page(), f"run: python tools/{name}.py"


def test_every_argument_is_explained() -> None:
    made = [getattr(plugins, name) for name in tool("declarations").ORDER if name not in ("Rules", "Event")]
    for kind in [*made, *KINDS.values()]:
        for field in fields(kind):
            assert field.name in kind.__doc__, f"the docstring of {kind.__name__} does not say what {field.name} is"


def test_every_declaration_is_there() -> None:
    from plugins import contributions

    declared = {
        name
        for name, found in vars(contributions).items()
        if isinstance(found, type) and found.__module__ == contributions.__name__ and name != "FieldType"
    }
    assert declared <= set(tool("declarations").ORDER)


def test_every_name_of_the_api_is_there_and_says_what_it_is() -> None:
    from core import api

    page = tool("api").page()
    said = dict(re.findall(r"^- `(\w+)(?:\(.*\))?`(?:, `[\w.]+`)?:(.*)$", page, re.MULTILINE))
    said |= dict(re.findall(r"^## (\w+)\n(.*)$", page, re.MULTILINE))
    for name in api.__all__:
        assert said[name].strip() or name in ("attachments", "columns", "shares", "trades"), name


def test_the_page_has_every_starter_role() -> None:
    page = (ROOT / "docs" / "plugins.md").read_text(encoding="utf-8")
    for role in STARTER_ROLES:
        assert f"| `{role}` |" in page
