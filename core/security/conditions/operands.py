"""What an operator of the condition language works on: paths to fields, and values."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from typing import Any

from core.fields import BadValue, Reference
from core.i18n import _
from core.security.catalog import Catalog
from core.security.conditions.syntax import Key, Mine, Path, Step, Today, Value
from plugins import Entity, Field

MAX_HOPS = 3
_MAX_NUMBER = 10**40  # beyond all that fields hold; Python refuses to write out far longer ones
_SHOWN = 60  # characters of what was sent that a message repeats

_MINE = {"me": "core.user", "my_unit": "core.unit", "my_units": "core.unit"}
_OFFSET = re.compile(r"[+-]?[0-9]{1,5}d")


class Fault(Exception):
    """What is wrong at one position of the document."""

    def __init__(self, position: str, message: str, unknown_field: bool = False) -> None:
        super().__init__(position, message)
        self.position, self.message, self.unknown_field = position, message, unknown_field


class Operands:
    """Reads paths and values and keeps the (entity key, field name) of every field that they use."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self.fields: set[tuple[str, str]] = set()

    # --- paths ----------------------------------------------------------------------------------

    def path(self, raw: Any, entity: Entity, at: str) -> Path:
        """The steps from the entity to the field that `raw` names, such as `customer.region.code`."""
        if not isinstance(raw, str):
            raise Fault(at, _("Give the name of a field."))
        names = raw.split(".")
        if len(names) > MAX_HOPS + 1:
            raise Fault(at, _("A path goes through at most ${n} references.", mapping={"n": MAX_HOPS}))
        steps = [self.step(entity, names[0], at)]
        for name in names[1:]:
            steps.append(self.step(self._behind(steps[-1], at), name, at))
        return tuple(steps)

    def step(self, entity: Entity, name: str, at: str) -> Step:
        """The field of that name, noted as used."""
        try:
            field = entity.field(name)
        except KeyError:
            raise Fault(at, _no_field(entity, name), unknown_field=True) from None
        self.fields.add((entity.key, name))
        return Step(entity, field)

    def _behind(self, step: Step, at: str) -> Entity:
        if step.field.type.kind != "reference":
            message = _(
                "“${field}” does not refer to one record: nothing can follow it.",
                mapping={"field": step.field.name},
            )
            raise Fault(at, message)
        return self.target(step.field, at)

    def target(self, field: Field, at: str) -> Entity:
        """The entity that a field refers to."""
        key = field.type.entity  # type: ignore[attr-defined]
        entity = self.catalog.get(key)
        if entity is None:
            message = _("“${field}” refers to ${key}, which is not there.", mapping={"field": field.name, "key": key})
            raise Fault(at, message, unknown_field=True)
        return entity

    # --- values ---------------------------------------------------------------------------------

    def value(self, raw: Any, field: Field, at: str) -> Value | None:
        """The value to compare the field with; None for null."""
        if isinstance(raw, dict):
            return _dynamic(raw, field, at)
        if isinstance(raw, int) and abs(raw) > _MAX_NUMBER:
            raise Fault(at, _("The number is too large."))
        kind: Any = field.type
        if kind.kind == "references":
            kind = Reference(kind.entity)
        try:
            value: Value | None = kind.parse(raw)
        except BadValue as bad:
            raise Fault(at, bad.message) from None
        if isinstance(kind, Reference) and isinstance(value, str):
            return self._key(value, field, at)
        return value

    def _key(self, text: str, field: Field, at: str) -> Key:
        target = self.target(field, at)
        within: tuple[tuple[str, str], ...] = getattr(field.type, "within", ())
        if target.natural_key not in _names(target):
            raise Fault(at, _("Give an id (a number)."))
        for name in (target.natural_key, *(name for name, _value in within)):
            self.step(target, name, at)
        return Key(text, within)


def _dynamic(raw: dict[Any, Any], field: Field, at: str) -> Mine | Today:
    """`{"$": "me"}` and its like."""
    name = raw.get("$")
    if not isinstance(name, str) or not raw.keys() <= {"$", "offset"}:
        raise Fault(at, _('Give a value, or {"$": name} with one of: ${names}.', mapping={"names": "me my_unit my_units today"}))
    if name == "today" and field.type.kind in ("date", "moment"):
        return Today(_days(raw.get("offset", "0d"), at))
    if "offset" in raw:
        raise Fault(at, _("Only “today” takes an offset."))
    if name in _MINE and getattr(field.type, "entity", None) == _MINE[name]:
        return Mine(name)
    raise Fault(at, _("“${name}” does not fit “${field}”.", mapping={"name": shown(name), "field": field.name}))


def _days(offset: Any, at: str) -> int:
    if not isinstance(offset, str) or not _OFFSET.fullmatch(offset):
        raise Fault(at, _("Give the offset in days, such as -30d."))
    return int(offset[:-1])


# --- wording --------------------------------------------------------------------------------------


def shown(text: str) -> str:
    """A piece of what was sent, short and printable."""
    return text[:_SHOWN].encode("utf-8", "replace").decode()


def closest(name: str, known: Iterable[str]) -> str | None:
    """The known name that was probably meant."""
    return next(iter(difflib.get_close_matches(name[:_SHOWN], known, 1)), None)


def _names(entity: Entity) -> list[str]:
    return [field.name for field in entity.fields]


def _no_field(entity: Entity, name: str) -> str:
    guess = closest(name, _names(entity))
    facts = {"name": shown(name), "entity": entity.key, "guess": guess}
    if guess is None:
        return _("${entity} has no field “${name}”.", mapping=facts)
    return _("${entity} has no field “${name}”. Did you mean “${guess}”?", mapping=facts)
