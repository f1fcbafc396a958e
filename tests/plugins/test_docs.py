"""The plugin page says what there is: every hook, nothing else."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

from plugins import hookspecs

PAGE = (Path(__file__).parents[2] / "docs" / "plugins.md").read_text(encoding="utf-8")


def hooks() -> dict[str, inspect.Signature]:
    found = {}
    for holder in (hookspecs, *(value for value in vars(hookspecs).values() if inspect.isclass(value))):
        for name, value in vars(holder).items():
            if name.startswith(("register_", "resolve_", "on_", "configure_")) and callable(value):
                found[name] = inspect.signature(value)
    return found


def test_every_hook_is_on_the_page_with_its_arguments() -> None:
    known = hooks()
    assert known
    for name, signature in known.items():
        arguments = ", ".join(argument for argument in signature.parameters if argument != "self")
        assert f"`{name}({arguments})`" in PAGE, name


def test_the_page_names_no_hook_that_is_not_there() -> None:
    assert set(re.findall(r"`(register_\w+|resolve_\w+|on_\w+|configure_\w+)\(", PAGE)) == set(hooks())
