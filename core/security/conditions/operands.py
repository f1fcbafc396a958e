"""What an operator of the condition language works on: paths to fields, and values."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from core.fields import BadValue, Reference, Text
from core.i18n import _
from core.security.catalog import Catalog, columns_behind, meta_or_field
from core.security.conditions.syntax import Key, Mine, Path, Step, Today, Value
from core.security.others import prefixes
from plugins import Entity, Field
from plugins.errors import closest

MAX_HOPS = 3
MAX_UNIT_LISTS = 10  # each becomes a parameter per unit, and databases limit those
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
        self.unit_lists = 0

    # --- paths ----------------------------------------------------------------------------------

    def path(self, raw: Any, entity: Entity, at: str) -> Path:
        """The steps from the entity to the field that `raw` names, such as `customer.region.code`."""
        if not isinstance(raw, str):
            raise Fault(at, _("Give the name of a field."))
        names = raw.split(".")
        steps: list[Step] = []
        while names:
            if len(steps) > MAX_HOPS:
                raise Fault(at, _("A path goes through at most ${n} references.", mapping={"n": MAX_HOPS}))
            here = self._behind(steps[-1], at) if steps else entity
            parts = 2 if len(names) > 1 and names[0] in prefixes(here) else 1
            steps.append(self.step(here, ".".join(names[:parts]), at))
            names = names[parts:]
        return tuple(steps)

    def step(self, entity: Entity, name: str, at: str) -> Step:
        """The field of that name, noted as used."""
        try:
            field = meta_or_field(entity, name)
        except KeyError:
            raise Fault(at, _no_field(entity, name), unknown_field=True) from None
        self.fields.add((entity.key, name))
        return Step(entity, field)

    def _behind(self, step: Step, at: str) -> Entity:
        if step.kind != "reference":
            facts = {"field": step.field.name}
            raise Fault(at, _("“${field}” is no reference to one record: end there.", mapping=facts))
        return self.target(step, at)

    def target(self, step: Step, at: str) -> Entity:
        """The entity that a field refers to."""
        entity = self.catalog.get(step.refers_to)
        if entity is None:
            facts = {"field": step.field.name, "key": step.refers_to}
            message = _("“${field}” refers to ${key}, which is not there.", mapping=facts)
            raise Fault(at, message, unknown_field=True)
        return entity

    # --- values ---------------------------------------------------------------------------------

    def value(self, raw: Any, step: Step, at: str) -> Value | None:
        """The value to compare the field with; None for null."""
        if isinstance(raw, dict):
            return self._dynamic(raw, step, at)
        if isinstance(raw, int) and abs(raw) > _MAX_NUMBER:
            raise Fault(at, _("The number is too large."))
        refers = step.kind in ("reference", "references")
        kind: Any = Reference(step.refers_to) if refers else step.field.type
        try:
            value: Value | None = kind.parse(raw)
        except BadValue as bad:
            raise Fault(at, bad.message) from None
        return self._record(value, step, at) if refers and value is not None else value

    def named(self, raw: Any, step: Step, at: str) -> tuple[str, int | str] | None:
        """A record of any entity: the entity's key, and its id or natural key."""
        kind: Any = step.field.type
        try:
            named: tuple[str, int | str] | None = kind.parse(raw)
        except BadValue as bad:
            raise Fault(at, bad.message) from None
        if named is not None and named[0] not in self.catalog:
            raise Fault(at, _("There is no entity ${key}.", mapping={"key": shown(named[0])}), unknown_field=True)
        return named

    @staticmethod
    def halves(step: Step, key: str = "") -> tuple[Step, Step]:
        """Of a reference to a record of any entity: its entity's key as a text, and its id as a reference to that."""
        (entity_column, id_column), title = columns_behind(step.field), step.field.title
        entity = Field(step.field.name, Text(64), title, column=entity_column)
        one = Field(step.field.name, Reference(key), title, column=id_column)
        return Step(step.entity, entity), Step(step.entity, one)

    def _record(self, value: Value, step: Step, at: str) -> Value:
        """A record of the target entity, by its id or its natural key."""
        target = self.target(step, at)
        if not isinstance(value, str):
            return value
        if all(field.name != target.natural_key for field in target.fields):
            raise Fault(at, _("Give an id (a number)."))
        within: tuple[tuple[str, str], ...] = getattr(step.field.type, "within", ())
        for name in (target.natural_key, *dict(within)):
            self.step(target, name, at)
        return Key(value, within)

    def _dynamic(self, raw: dict[Any, Any], step: Step, at: str) -> Mine | Today:
        """`{"$": "me"}` and its like."""
        name = raw.get("$")
        if not isinstance(name, str) or not raw.keys() <= {"$", "offset"}:
            facts = {"names": " ".join((*_MINE, "today"))}
            raise Fault(at, _('Give a value, or {"$": name} with one of: ${names}', mapping=facts))
        if name == "today" and step.kind in ("date", "moment"):
            return Today(_days(raw.get("offset", "0d"), at))
        if "offset" in raw:
            raise Fault(at, _("Only “today” takes an offset."))
        if name not in _MINE or step.kind not in ("reference", "references") or step.refers_to != _MINE[name]:
            facts = {"name": shown(name), "field": step.field.name}
            raise Fault(at, _("“${name}” does not fit “${field}”.", mapping=facts))
        self.unit_lists += name == "my_units"
        if self.unit_lists > MAX_UNIT_LISTS:
            raise Fault(at, _("“my_units” may stand in at most ${n} places.", mapping={"n": MAX_UNIT_LISTS}))
        return Mine(name)


def _days(offset: Any, at: str) -> int:
    if not isinstance(offset, str) or not _OFFSET.fullmatch(offset):
        raise Fault(at, _("Give the offset in days, such as -30d."))
    return int(offset[:-1])


# --- wording --------------------------------------------------------------------------------------


def shown(text: str) -> str:
    """A piece of what was sent, short and printable."""
    return text[:_SHOWN].encode("utf-8", "replace").decode()


def meant(name: str, known: Iterable[str]) -> str | None:
    """The known name that was probably meant; of what was sent only the beginning is looked at."""
    return closest(name[:_SHOWN], known)


def _no_field(entity: Entity, name: str) -> str:
    guess = meant(name, [field.name for field in entity.fields])
    facts = {"name": shown(name), "entity": entity.key, "guess": guess}
    if guess is None:
        return _("${entity} has no field “${name}”.", mapping=facts)
    return _("${entity} has no field “${name}”. Did you mean “${guess}”?", mapping=facts)
