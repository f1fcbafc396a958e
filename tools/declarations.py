"""Writes docs/declarations.md, the reference of all that a plugin declares, from what the code says of itself."""

from __future__ import annotations

import inspect
import json
import sys
from collections.abc import Iterator
from dataclasses import is_dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "declarations.md"
KINDS_AFTER = ("Entity", "Field")
ORDER = (
    *KINDS_AFTER,
    *(
        "Group",
        "Timeline",
        "Verb",
        "Rules",
        "Extension",
        "Panel",
        "Card",
        "Column",
        "ListView",
        "Job",
        "More",
        "Event",
        "Subscriber",
    ),
    *("RoleGrant", "Setting", "Manifest"),
)
HEAD = """\
# Every declaration

Written by `python tools/declarations.py` out of the code. The classes are imported from `plugins`, the kinds
of values are attributes of `core.api.fields`, the columns of `core.api.columns`. What an argument's default is
stands beside it; those without one must be given, those after the `*` by their names. [Hooks](hooks.md) return
these, [Writing a plugin](plugins.md) says what for.
"""
KINDS = """\
## Kinds of values
The `type` of a field. *Written* is what JSON and a cell of a file or form may hold, *read* what JSON answers; a
value that does not fit is refused with a sentence at every door. *Column* is what the model needs, *filter* what
a condition may ask of the field, `["=", "state", "formal"]`; lists of fields may be sorted by it where it says so.
"""
EXAMPLES: dict[str, tuple[str, tuple[Any, ...], str]] = {
    "Text": ("Text(100)", ("Pump",), "Pump"),
    "Integer": ("Integer(1, 10)", (3,), "3"),
    "Boolean": ("Boolean()", (True,), "yes"),
    "Money": ("Money()", ("1234.50", 1234.5), "1,234.50"),
    "Number": ("Number()", (1250.5,), "1,250.5"),
    "Date": ("Date()", ("2026-06-30",), "2026-06-30"),
    "Moment": ("Moment()", ("2026-06-30T09:00:00Z", "2026-06-30T17:00:00+08:00"), "2026-06-30T09:00:00Z"),
    "Choice": ('Choice({"new": _("New"), "done": _("Done")})', ("new",), "new"),
    "Reference": ('Reference("core.customer")', ("C000001", 7), "C000001"),
    "References": ('References("core.user")', (["li", "zhang"], [3, 4]), "li, zhang"),
    "Target": ("Target()", ({"user": "li"}, {"unit": "hq"}), "user: li"),
    "AnyRecord": ("AnyRecord()", ({"entity": "core.customer", "id": 7},), "core.customer:C000001"),
    "Document": ("Document(check)", ({"any": ["JSON"]},), '{"any": ["JSON"]}'),
    "Message": ("Message()", (), ""),
    "Changes": ("Changes()", (), ""),
}
SHOWN = {
    "Reference": '`{"id": 7, "label": "Acme", "key": "C000001"}`, or `{"restricted": true}` if he may not see it',
    "References": "a list of such objects as a Reference gives",
    "Target": '`{"user": {"id": 3, "label": "Li", "key": "li"}}`',
    "AnyRecord": 'as a Reference, with `"entity"`; `{"restricted": true}` where the reader may not see it',
    "Message": "a sentence in the reader's language",
    "Changes": '`[{"field": "name", "old": "Acme", "new": "Acme Ltd"}]`',
}

NO_COLUMN = {
    "References": "none; a relationship to a set",
    "Target": "none",
    "AnyRecord": "two, `NAME_entity` and `NAME_id`, as `core.api.About` has them",
    "Message": "`columns.JsonText`",
    "Changes": "`columns.JsonText`",
}


def page() -> str:
    """The whole page."""
    import plugins

    parts = [HEAD, *(_class(getattr(plugins, name)) for name in ORDER)]
    parts.insert(1 + len(KINDS_AFTER), "\n".join([KINDS, *_kinds()]))
    return "\n".join(parts)


def _class(found: type) -> str:
    lines = [f"## {found.__name__}", *_docstring(found), ""]
    if is_dataclass(found):
        lines += ["```python", *_call(found), "```", ""]
    for name, member in vars(found).items():
        if inspect.isfunction(member) and not name.startswith("_") and member.__doc__ and not is_dataclass(found):
            arguments = ", ".join(one for one in inspect.signature(member).parameters if one != "self")
            lines += [f"### {found.__name__}.{name}({arguments})", *_docstring(member), ""]
    return "\n".join(lines)


def _call(found: type) -> Iterator[str]:
    """How one is made: each argument on a line, with its default."""
    yield f"{found.__name__}("
    starred = False
    for name, argument in inspect.signature(found).parameters.items():
        if argument.kind is argument.KEYWORD_ONLY and not starred:
            starred = True
            yield "    *,"
        default = "" if argument.default is argument.empty else f"={_plain(argument.default)}"
        yield f"    {name}{default},"
    yield ")"


def _plain(value: Any) -> str:
    if type(value).__module__ == "plugins.contributions":
        return f"{type(value).__name__}()"
    return json.dumps(value) if isinstance(value, str) else repr(value)


def _docstring(found: Any) -> list[str]:
    """A docstring as it stands; what is set in by four more blanks is code."""
    lines: list[str] = []
    for line in inspect.cleandoc(found.__doc__).splitlines():
        inside = line.startswith("    ")
        if inside and not (lines and (lines[-1].startswith("\0") or not lines[-1])):
            raise ValueError(f"code in the docstring of {found.__name__} follows no empty line")
        lines.append(f"\0{line[4:]}" if inside else line)
    return _fenced(lines)


def _fenced(lines: list[str]) -> list[str]:
    text = "\n".join(lines)
    for block in [part for part in text.split("\n\n") if part.startswith("\0")]:
        text = text.replace(block, "```python\n" + block.replace("\0", "") + "\n```")
    return text.split("\n")


def _kinds() -> Iterator[str]:
    from core.entities.ordering import SORTABLE
    from core.security.conditions.parse import OPERATORS
    from core.security.fitting import COLUMNS, KINDS

    for name in sorted(KINDS, key=list(EXAMPLES).index):
        kind = KINDS[name]
        yield f"### {name}\n" + "\n".join(_docstring(kind)) + "\n"
        yield f"- **Declared**: `fields.{EXAMPLES[name][0]}`; arguments: {_signature(kind)}"
        yield from _values(name)
        column = COLUMNS[kind.kind][1] if kind.kind in COLUMNS else NO_COLUMN[name]
        yield f"- **Column**: {column}"
        operators = " ".join(f"`{one}`" for one in OPERATORS[kind.kind]) or "none"
        yield f"- **Filter**: {operators}{'; it can be sorted by' if kind.kind in SORTABLE else ''}\n"


def _signature(kind: type) -> str:
    """Its arguments with their defaults."""
    found = inspect.signature(kind).parameters.values()
    return ", ".join(f"`{one.replace(annotation=one.empty)}`" for one in found) or "none"


def _values(name: str) -> Iterator[str]:
    """What can be written, proved by writing it, and what is read back."""
    declared, written, cell = EXAMPLES[name]
    if not written:
        yield f"- **Written**: never. **Read**: {SHOWN[name]}"
        return
    kind = _made(declared)
    values = [kind.parse(one) for one in written]
    kind.parse_text(cell)
    shown = SHOWN.get(name) or f"`{json.dumps(kind.to_json(values[0]))}`"
    sent = " or ".join(f"`{json.dumps(one)}`" for one in written)
    yield f"- **Written**: {sent} in JSON, `{cell}` in a cell. **Read**: {shown}"


def _made(declared: str) -> Any:
    from core import fields
    from core.i18n import _

    return eval(f"fields.{declared}", {"fields": fields, "_": _, "check": lambda value: value})


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    PAGE.write_text(page(), encoding="utf-8")
