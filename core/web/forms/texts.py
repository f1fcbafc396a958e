"""Between a record's document and the texts that a form holds and sends back."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from typing import Any

from core.clock import local
from core.entities.reader import RESTRICTED
from core.errors import Invalid
from core.fields import BadValue
from plugins import Entity, Field

KEPT = "\N{BULLET}\N{BULLET}\N{BULLET}"  # stands for a reference that the actor may not see, and leaves it alone


def to_texts(fields: Iterable[Field], document: Mapping[str, Any], zone: dt.tzinfo) -> dict[str, str]:
    """What the inputs hold. Fields that the document lacks are empty."""
    return {field.name: _text(field, document.get(field.name), zone) for field in fields}


def _text(field: Field, value: Any, zone: dt.tzinfo) -> str:
    kind = field.type.kind
    if kind == "document" and field.type.options is not None:  # type: ignore[attr-defined]
        return ",".join(value or ())
    if kind == "document":
        return "" if value is None else json.dumps(value, ensure_ascii=False, indent=2)
    if value is None:
        return ""
    if kind == "choices":
        return str(field.type.to_text(value))  # type: ignore[attr-defined]
    if kind == "reference":
        return _key(value)
    if kind == "references":
        return ",".join(_key(one) for one in value)
    if kind == "target":
        return ",".join(f"{name}:{_key(one)}" for name, one in value.items())
    if kind == "boolean":
        return "true" if value else "false"
    if kind == "moment":
        return to_local(value, zone)
    return str(value)


def _key(reference: Mapping[str, Any]) -> str:
    return str(reference["key"]) if "key" in reference else KEPT


def to_local(value: str, zone: dt.tzinfo) -> str:
    """A moment as `datetime-local` inputs hold it, seconds only where there are some."""
    moment = local(dt.datetime.fromisoformat(value), zone).replace(tzinfo=None)
    return moment.isoformat(timespec="seconds" if moment.second else "minutes")


def from_local(text: str, zone: dt.tzinfo) -> str:
    """Back again; what is no local time stays as it is, for the field's type to refuse."""
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        return text
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).isoformat()


def to_services(fields: Iterable[Field], texts: Mapping[str, str], zone: dt.tzinfo) -> dict[str, Any]:
    """What the services take with a text intake. A reference that was kept goes back as it was read."""
    known = {field.name: field for field in fields}
    sent: dict[str, Any] = {}
    for name, text in texts.items():
        if text == KEPT:
            sent[name] = dict(RESTRICTED)
        else:
            sent[name] = from_local(text, zone) if text and known[name].type.kind == "moment" else text
    return sent


def without_blanks(entity: Entity, sent: Mapping[str, Any]) -> dict[str, Any]:
    """For a new record: a blank is no value, unless it takes a default's place."""
    return {name: value for name, value in sent.items() if value != "" or entity.field(name).default is not None}


def to_json(fields: Iterable[Field], sent: Mapping[str, str]) -> dict[str, Any]:
    """The JSON values of a verb's arguments, blanks left out. Raises Invalid."""
    values: dict[str, Any] = {}
    errors: dict[str, list[str]] = {}
    for field in fields:
        text = sent.get(field.name, "")
        if text == "":
            continue
        kind: Any = field.type
        try:
            values[field.name] = kind.to_json(kind.parse_text(text))
        except BadValue as bad:
            errors[field.name] = [bad.message]
    if errors:
        raise Invalid(errors=errors)
    return values
