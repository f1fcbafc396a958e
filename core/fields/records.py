"""Values that name other records, tell of them, or are documents of a shape of their own."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.fields.values import INT_MAX, BadValue, Text
from core.i18n import _

_NO_RECORD = _('Name a record: {"entity": "core.customer", "id": 7}.')


@dataclass(frozen=True)
class Reference:
    """Another record, of the entity with that key: written as its id (a number) or its natural key (a string).

    `within` fixes fields of the target, such as `("list", "region")` for a term; `same` names
    fields in which a target named by key agrees with the record itself. `inverse` is what those that refer to a
    record are called on its page, "Subsidiaries", if not by their entity's name.
    """

    entity: str
    within: tuple[tuple[str, str], ...] = ()
    same: tuple[str, ...] = ()
    inverse: str = ""
    kind = "reference"

    def parse(self, value: Any) -> int | str | None:
        """The id or the natural key as sent; the service looks it up."""
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | str):
            raise BadValue(_("Give an id (a number) or a key (text)."))
        if isinstance(value, str):
            return Text(200).parse(value)
        if not 0 < value <= INT_MAX:
            raise BadValue(_("There is no such record, or you may not see it."))
        return value

    def parse_text(self, value: str) -> int | str | None:
        return self.parse(value.strip()) if value.strip() else None

    def to_json(self, value: Any) -> Any:
        return value


@dataclass(frozen=True)
class References:
    """A set of other records, written as a list of ids or natural keys; `entity` is their key.

    The model has a relationship of the field's name to their class.
    """

    entity: str
    kind = "references"

    def parse(self, value: Any) -> list[int | str] | None:
        if value is None:
            return []
        if not isinstance(value, list) or len(value) > 200:
            raise BadValue(_("Give a list of ids or keys, at most 200."))
        one = Reference(self.entity)
        parsed = [one.parse(item) for item in value]
        if None in parsed:
            raise BadValue(_("Give a list of ids or keys, at most 200."))
        return [item for item in parsed if item is not None]

    def parse_text(self, value: str) -> list[int | str] | None:
        return self.parse([part.strip() for part in re.split("[,;，；]", value) if part.strip()])

    def to_json(self, value: Any) -> Any:
        return value


@dataclass(frozen=True)
class Target:
    """Whom something is given to: `{"user": …}`, `{"unit": …}` or `{"role": …}`, by id or key.

    For the arguments of verbs.
    """

    kind = "target"

    def parse(self, value: Any) -> dict[str, int | str] | None:
        if not isinstance(value, dict) or len(value) != 1 or not set(value) <= {"user", "unit", "role"}:
            raise BadValue(_('Give one of {"user": …}, {"unit": …} or {"role": …}.'))
        ((name, key),) = value.items()
        parsed = Reference(f"core.{name}").parse(key)
        if parsed is None:
            raise BadValue(_('Give one of {"user": …}, {"unit": …} or {"role": …}.'))
        return {name: parsed}

    def parse_text(self, value: str) -> dict[str, int | str] | None:
        name, _colon, key = value.partition(":")
        return self.parse({name.strip(): key.strip()})

    def to_json(self, value: Any) -> Any:
        return value


@dataclass(frozen=True)
class AnyRecord:
    """A record of any entity of the business, as (entity key, id): the model is built on `About`.

    Written as `{"entity": key, "id": id}`, with `"key"` instead of `"id"` its natural key, or as text
    `core.customer:C000001`.
    """

    kind = "any"

    def parse(self, value: Any) -> tuple[str, int | str] | None:
        """The entity's key, and the id or the natural key as sent; the service looks it up."""
        if value is None:
            return None
        if isinstance(value, str):
            return self.parse_text(value)
        if not isinstance(value, dict) or not value.keys() <= {"entity", "id", "key", "label", "deleted"}:
            raise BadValue(_NO_RECORD)
        entity, named = value.get("entity"), value.get("id", value.get("key"))
        if not isinstance(entity, str) or named is None:
            raise BadValue(_NO_RECORD)
        parsed = Reference(entity).parse(named)
        if parsed is None:
            raise BadValue(_NO_RECORD)
        return entity, parsed

    def parse_text(self, value: str) -> tuple[str, int | str] | None:
        if not value.strip():
            return None
        entity, colon, key = value.strip().partition(":")
        if not colon:
            raise BadValue(_NO_RECORD)
        return self.parse({"entity": entity, "key": key})

    def to_json(self, value: tuple[str, int] | None) -> dict[str, Any] | None:
        return None if value is None else {"entity": value[0], "id": value[1]}


class _Told:
    """A value that the kernel alone writes."""

    def parse(self, value: Any) -> Any:
        raise BadValue(_("This cannot be written."))

    def parse_text(self, value: str) -> Any:
        return self.parse(value)

    def to_json(self, value: Any) -> Any:
        return value


@dataclass(frozen=True)
class Message(_Told):
    """A sentence that is put together for each reader: `{"text", "domain", "values"}`, only to be read.

    A value is a number, a text or `{"entity", "id"}`: that record's name, if the reader may see it.
    """

    kind = "message"


@dataclass(frozen=True)
class Changes(_Told):
    """What an audit row says of a record: `[{field, old, new}]`, only to be read.

    `entity` and `record` name the fields that say which record; a reader gets of it what he may see.
    """

    entity: str = "entity"
    record: str = "record"
    kind = "changes"


@dataclass(frozen=True)
class Document:
    """A JSON value with a shape that `check(value)` returns cleaned, or raises BadValue. With `options`, codes and
    their titles, it is a list of some of these: as a text with commas, in forms to be ticked.
    """

    check: Any
    options: Mapping[str, str] | None = None
    kind = "document"

    def parse(self, value: Any) -> Any:
        return self.check(value)

    def parse_text(self, value: str) -> Any:
        if self.options is not None and not value.lstrip().startswith("["):
            return self.check([code.strip() for code in value.split(",")] if value.strip() else None)
        try:
            return self.check(json.loads(value)) if value.strip() else self.check(None)
        except json.JSONDecodeError:
            raise BadValue(_("Give a JSON value.")) from None

    def to_json(self, value: Any) -> Any:
        return value
