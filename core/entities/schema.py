"""The colander schema of an entity, for JSON bodies and for text from forms and files."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import colander

from core.fields import BadValue
from core.i18n import _
from plugins import Field

NEEDED = _("This is needed.")


class FieldValue(colander.SchemaType):
    """A field's own type as colander sees it. Null stays None: it means "empty", not "absent"."""

    def __init__(self, field: Field, *, text: bool) -> None:
        self.field = field
        self._parse = field.type.parse_text if text else field.type.parse  # type: ignore[attr-defined]

    def deserialize(self, node: Any, cstruct: Any) -> Any:
        if cstruct is colander.null:
            return colander.null
        try:
            return self._parse(cstruct)
        except BadValue as bad:
            raise colander.Invalid(node, bad.message) from None

    def serialize(self, node: Any, appstruct: Any) -> Any:
        return appstruct if appstruct is colander.null else self.field.type.to_json(appstruct)  # type: ignore[attr-defined]


def schema_of(fields: Iterable[Field], *, partial: bool = False, text: bool = False) -> colander.SchemaNode:
    """A mapping of the fields. `partial` lets any be absent, `text` reads strings of a form or file.

    Deserializing gives only the fields that were sent, references still as ids or keys.
    """
    schema = colander.SchemaNode(colander.Mapping(unknown="raise"))
    for field in fields:
        missing = colander.required if field.required and not partial and field.default is None else colander.drop
        schema.add(
            colander.SchemaNode(
                FieldValue(field, text=text),
                name=field.name,
                title=field.title,
                missing=missing,
                missing_msg=NEEDED,
                validator=_not_empty if field.required else None,
            )
        )
    return schema


def _not_empty(node: Any, value: Any) -> None:
    if value is None:
        raise colander.Invalid(node, NEEDED)


def problems(invalid: colander.Invalid) -> dict[str, list[str]]:
    """Messages by field, untranslated. Unknown names get one each."""
    found: dict[str, list[str]] = {}
    for path in invalid.paths():
        leaf = path[-1]
        if isinstance(leaf, colander.UnsupportedFields):
            for name in leaf.fields:
                found[str(name)] = [_("There is no such field.")]
            continue
        for message in leaf.messages():
            found.setdefault(".".join(_names(path)), []).append(message)
    return found


def _names(path: Any) -> list[str]:
    return [part.node.name for part in path if part.node.name] or [""]
