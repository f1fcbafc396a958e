"""Writes docs/api.md, all that `core.api` has, from what the code says of itself."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "api.md"
HEAD = """\
# All names of `core.api`

Written by `python tools/api.py` out of the code. [Writing a plugin](plugins.md) says what for. What a plugin may
use of the modules stands under each; `fields` are among [the declarations](declarations.md#kinds-of-values).

Of the kernel's entities stand the names of the fields, which REST, filters and `records.create` take; in parentheses
the attribute of the model where it is called otherwise, and the codes of a choice.
"""
MODULES = {
    "records": ("create", "change", "delete", "act", "find", "find_all", "listing", "groups", "restore"),
    "allowed": ("may", "require"),
    "attachments": ("add", "content", "of_record"),
    "ownership": ("acting_user",),
    "shares": ("sync",),
    "trades": ("record", "void"),
    "columns": ("text", "long_text", "boolean", "Money", "UtcDateTime", "JsonText"),
}
BESIDE = {
    "records": '`entity` is `ctx.catalog["gifts.gift"]`; `sent` holds values by field name, as REST takes them.',
    "ownership": "`OWNER`, `UNIT`, `SECRECY` are its fields, `ASSIGN` its verb.",
    "fields": "The kinds of values of fields.",
}
MESSAGE = (
    '- `_("${n} left.", mapping={"n": 3})`: what people read, in English, with gaps; said in the reader\'s language.'
)


def page() -> str:
    """The whole page."""
    from core import api

    found = {name: getattr(api, name) for name in api.__all__ if name != "_"}
    modules = {name: one for name, one in found.items() if isinstance(one, ModuleType)}
    errors = {name: one for name, one in found.items() if isinstance(one, type) and issubclass(one, Exception)}
    models = {name: one for name, one in found.items() if hasattr(one, "__table__")}
    classes = {name: one for name, one in found.items() if isinstance(one, type) and name not in errors | models}
    plain = {name: one for name, one in found.items() if name not in modules | errors | models | classes}
    parts = [HEAD, "## Functions", MESSAGE, *_lines(plain), ""]
    for name, module in modules.items():
        chosen = {one: getattr(module, one) for one in MODULES.get(name, ())}
        parts += [f"## {name}", *([BESIDE[name], ""] if name in BESIDE else []), *_lines(chosen, f"{name}."), ""]
    parts += ["## Classes", *(f"- `{name}`: {_about(one)}" for name, one in classes.items()), ""]
    parts += ["## Models of the kernel", *(_model(name, one) for name, one in models.items()), ""]
    parts += ["## Errors", *(f"- `{name}`: {_about(one)}" for name, one in errors.items()), ""]
    return "\n".join(parts)


def _lines(found: dict[str, Any], prefix: str = "") -> Iterator[str]:
    for name, one in found.items():
        call = "" if isinstance(one, type) else _call(one)
        yield f"- `{prefix}{name}{call}`: {_about(one)}"


def _call(function: Any) -> str:
    """Its arguments with their defaults, without their types."""
    signature = inspect.signature(function)
    plain = [one.replace(annotation=one.empty) for one in signature.parameters.values()]
    return str(signature.replace(parameters=plain, return_annotation=signature.empty))


def _about(found: Any) -> str:
    """The first paragraph of what it says of itself, on one line."""
    return " ".join((inspect.getdoc(found) or "").split("\n\n")[0].split())


def _model(name: str, model: Any) -> str:
    """What REST and `records` call its values, and where code finds them; the rest of its columns."""
    from core.describe import ENTITIES
    from core.security.catalog import attribute_name, columns_behind

    entity = next(one for one in ENTITIES if one.model is model)
    fields = ", ".join(_field(field, attribute_name(field)) for field in entity.fields)
    behind = {column for field in entity.fields for column in columns_behind(field)}
    rest = ", ".join(f"`{one.key}`" for one in model.__mapper__.column_attrs if one.key not in behind)
    return f"- `{name}`, `{entity.key}`: {_about(model)} Its fields: {fields}. Columns beside them: {rest}."


def _field(field: Any, attribute: str) -> str:
    """Its name, its attribute where that is another, its codes."""
    codes = ", ".join(f"`{code}`" for code in getattr(field.type, "choices", ()))
    beside = [f"`.{attribute}`"] if attribute != field.name else []
    return f"`{field.name}`" + (f" ({'; '.join([*beside, *([codes] if codes else [])])})" if beside or codes else "")


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    PAGE.write_text(page(), encoding="utf-8")
