"""Fields that are asked for with some values of another one (`Field.asked_when`)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from core.entities.reader import HIDDEN
from plugins import Field


def is_asked(field: Field, fields: Mapping[str, Field], said: Mapping[str, Any]) -> bool:
    """Whether a record asks for the field, by what is `said` of its `fields` in a document or in a form. So it does
    where the other field is closed to the reader.
    """
    if field.asked_when is None:
        return True
    name, values = field.asked_when
    if said.get(name, HIDDEN) == HIDDEN:
        return True
    return _text(said[name]) in map(_text, values) and is_asked(fields[name], fields, said)


def is_told(field: Field, fields: Mapping[str, Field], document: Mapping[str, Any]) -> bool:
    """Whether the field stands on the record's page: what there is, and what is asked for. A No is nothing."""
    value = document.get(field.name)
    return (value is not None and value is not False and value != []) or is_asked(field, fields, document)


def named(fields: Iterable[Field]) -> dict[str, Field]:
    return {field.name: field for field in fields}


def condition(field: Field) -> str:
    """For the script: the other field's name and the texts that its input holds."""
    if field.asked_when is None:
        return ""
    name, values = field.asked_when
    return json.dumps([name, [_text(value) for value in values]])


def _text(value: Any) -> str:
    """A choice or a yes-or-no as an input holds it; nothing is the empty text."""
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
