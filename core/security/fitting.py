"""Whether a field's kind of value and the column behind it go together: asked at boot, not at the first request."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Boolean, Date, Integer, Numeric, String, Text
from sqlalchemy.types import TypeDecorator

from core import fields
from core.db.types import JsonText, Money, UtcDateTime
from plugins import Field
from plugins.errors import did_you_mean

KINDS = {
    name: kind for name, kind in vars(fields).items() if isinstance(kind, type) and hasattr(kind, "kind")
}  # what `core.api.fields` offers, by the name of its class
COLUMNS: dict[str, tuple[tuple[type, ...], str]] = {
    "text": ((String,), "`columns.text(…)`"),
    "choice": ((String,), "`columns.text(…)`"),
    "integer": ((Integer,), "`int`"),
    "reference": ((Integer,), "`int` with a `ForeignKey`"),
    "boolean": ((Boolean,), "`columns.boolean()`"),
    "money": ((Money,), "`columns.Money`"),
    "number": ((Money, Numeric), "`columns.Money`"),
    "date": ((Date,), "`datetime.date`"),
    "moment": ((UtcDateTime,), "`columns.UtcDateTime`"),
    "document": ((JsonText,), "`columns.JsonText`"),
}
"""The columns that can hold a kind of value, and how one is written."""


def wrong_type(field: Field) -> str:
    """What is wrong with the type that a field names, whatever its column is; nothing if it is one."""
    kind: Any = field.type
    if isinstance(kind, type):
        return f"field {field.name!r}: say fields.{kind.__name__}(…), with what it needs in the parentheses"
    if not isinstance(getattr(kind, "kind", None), str):
        known = ", ".join(sorted(KINDS))
        return f"field {field.name!r}: {kind!r:.40} is no kind of value; core.api.fields has {known}"
    return ""


def misfits(field: Field, column: Any) -> Iterator[str]:
    """Why the column cannot hold the field's values, a phrase each. Types of a third party are taken as they are."""
    held, kind = column.type, field.type
    fitting, spelling = COLUMNS.get(kind.kind, ((), ""))
    is_ours = not isinstance(held, TypeDecorator) or isinstance(held, Money | UtcDateTime | JsonText)
    if fitting and is_ours and not isinstance(held, fitting):
        mend = f"make the column {spelling.replace('`', '')}, or choose the kind of field that fits"
        yield (
            f"field {field.name!r} is a fields.{type(kind).__name__}, but its column {column.name} is of type"
            f" {type(held).__name__}; {mend}"
        )
    elif isinstance(held, String) and not isinstance(held, Text):
        length = getattr(kind, "length", None)
        if held.length is None:
            yield f"field {field.name!r}: its column {column.name} has no length; say mapped_column(columns.text(100))"
            return
        if length is not None and length > held.length:
            yield (
                f"field {field.name!r} takes {length} characters, its column {column.name} only {held.length};"
                f" say fields.Text({held.length})"
            )
        longest = max(getattr(kind, "choices", ()), key=len, default="")
        if len(longest) > held.length:
            yield (
                f"field {field.name!r} has the code {longest!r} of {len(longest)} characters, its column"
                f" {column.name} takes only {held.length}; make it columns.text({len(longest)})"
            )


def unknown_target(field: Field, known: list[str]) -> str:
    """Why a reference cannot be followed; nothing where it can, or is none."""
    target = getattr(field.type, "entity", None)
    if field.type.kind not in ("reference", "references") or target in known:
        return ""
    hint = did_you_mean(str(target), known) or "; name its plugin in the manifest's depends"
    return f"field {field.name!r} refers to {target}, which no enabled plugin has{hint}"
