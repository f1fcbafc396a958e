"""Writes docs/hooks.md, the reference of every hook, from what plugins/hookspecs.py says."""

from __future__ import annotations

import inspect
import sys
from pathlib import Path
from textwrap import dedent

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "hooks.md"
HEAD = """\
# Every hook

Written by `python tools/hooks.py` out of `plugins/hookspecs.py`. A plugin implements those it needs, with
`@hookimpl` and as many of the arguments as it uses. What is not named here is never called.
"""


def page() -> str:
    """The whole page."""
    from plugins.hookspecs import Hooks

    parts = [HEAD]
    for name, hook in vars(Hooks).items():
        if name.startswith("_") or not callable(hook):
            continue
        arguments = [argument for argument in inspect.signature(hook).parameters if argument != "self"]
        first, _blank, rest = dedent(f"    {hook.__doc__}").strip().partition("\n")
        parts.append(f"## {name}({', '.join(arguments)})\n{first}\n{_as_list(rest)}")
    return "\n".join(parts)


def _as_list(text: str) -> str:
    """`When: …`, `Result: …` as a list; the rest as it is."""
    lines: list[str] = []
    for line in dedent(text).strip("\n").splitlines():
        word, colon, _rest = line.partition(":")
        if colon and word.isalpha() and word[0].isupper():
            lines.append(f"- **{word}**{line[len(word) :]}")
        elif line.strip() and lines and lines[-1].startswith("- "):
            lines[-1] += f" {line.strip()}"
        else:
            lines.append(line)
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    PAGE.write_text(page(), encoding="utf-8")
