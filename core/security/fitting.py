"""Whether a field's kind of value, the column behind it and what it names go together: asked at boot, not at the
first request.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeGuard

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


def misasked(fields: Iterable[Field], among: Iterable[Field]) -> Iterator[str]:
    """Why fields cannot be asked for as they say, a phrase each; they name others `among` all of the record."""
    known = {field.name: field for field in among}
    for field in fields:
        if field.asked_when is not None:
            yield from (f"field {field.name!r}: asked_when {words}" for words in _misasked(field, known))


def _misasked(field: Field, known: Mapping[str, Field]) -> Iterator[str]:
    given = field.asked_when
    if not _is_condition(given):
        yield f'is {given!r:.60}; say asked_when=("kind", ("call",)): another field and a tuple of its values'
        return
    name, values = given
    other = known.get(name)
    if other is None:
        yield f"names {name!r}, which is no field of it{did_you_mean(name, known)}"
    elif other.type.kind not in ("choice", "boolean"):
        yield f"names {name!r}, which is neither a fields.Choice nor a fields.Boolean"
    else:
        for value in values:
            if other.type.kind == "boolean" and not isinstance(value, bool):
                yield f"has {value!r}, but {name!r} is True or False"
            elif other.type.kind == "choice" and value not in other.type.choices:  # type: ignore[attr-defined]
                codes = list(other.type.choices)  # type: ignore[attr-defined]
                yield f"has {value!r}, which is no choice of {name!r}{did_you_mean(str(value), codes)}"
    if _leads_back(field, known):
        yield f"names {name!r}, which is itself asked for by way of {field.name!r}"
    if field.required and field.default is None:
        yield (
            "does not go with required=True, for who is not asked cannot answer: say one of them, or give a default;"
            " what is needed in some cases only is for the rules to refuse (Rules.prepare, a verb's run)"
        )


def _is_condition(given: object) -> TypeGuard[tuple[str, tuple[Any, ...]]]:
    if not isinstance(given, tuple) or len(given) != 2:
        return False
    name, values = given
    return isinstance(name, str) and isinstance(values, tuple) and bool(values)


def _leads_back(field: Field, known: Mapping[str, Field]) -> bool:
    """Whether one comes from a field to itself by what they are asked by."""
    seen: list[str] = []
    at: Field | None = field
    while at is not None and at.name not in seen:
        seen.append(at.name)
        given = at.asked_when
        at = known.get(given[0]) if _is_condition(given) else None
    return at is not None and at.name == field.name
