"""What became of records, as one reader may read it: old and new values by his rights of now.

An audit row holds every value in full. Of it a reader gets what he would get of the record itself:
hidden fields are left out, masked ones masked, references named by labels that he may see. Of a record
that he does not see, only the names of the changed fields are left.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from core.security.grants import READABLE
from core.security.scope import ROWS
from plugins import Entity, Field

if TYPE_CHECKING:
    from core.entities.reader import Reader

RESTRICTED = {"restricted": True}
BINNED = "deleted_at"  # written down like a field: the moment at which a record was deleted
_EXACT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
Lines = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Past:
    """One record's part of a change, as it is stored. Without a record: what somebody did, such as an export."""

    entity: str
    record: int | None
    lines: Lines


class PastReader:
    """Reads pasts through a reader of records, each kind of record in one statement."""

    def __init__(self, reader: Reader) -> None:
        self.reader, self.catalog = reader, reader.catalog
        self._rights: dict[tuple[str, int], Mapping[str, str]] = {}

    def read(self, pasts: Sequence[Past]) -> list[list[dict[str, Any]]]:
        """The lines `{field, old, new}` of each past that the reader may see."""
        self._find(pasts)
        self._look_up(pasts)
        return [[shown for line in past.lines if (shown := self._line(past, line)) is not None] for past in pasts]

    def visible(self, entity_key: str, record_id: int) -> bool:
        """Whether the reader sees a record whose past he has read."""
        return (entity_key, record_id) in self._rights

    def _find(self, pasts: Iterable[Past]) -> None:
        """The reader's rights on the fields of those records that he sees."""
        wanted: dict[str, set[int]] = {}
        for past in pasts:
            if past.record is not None and past.entity in self.catalog:
                wanted.setdefault(past.entity, set()).add(past.record)
        for key, ids in sorted(wanted.items()):
            entity = self.catalog[key]
            model: Any = entity.model
            statement = select(model).where(model.id.in_(sorted(ids)))
            found = self.reader.db.scalars(statement, execution_options={ROWS: "any"}).all()
            for record in found:
                self._rights[key, record.id] = self.reader.rights_on(entity, entity.fields, record)
            if self._sees_all(entity):
                gone = ids - {record.id for record in found}
                self._rights |= {(key, one): dict.fromkeys((f.name for f in entity.fields), "edit") for one in gone}

    def _sees_all(self, entity: Entity) -> bool:
        """Whether he saw every record there was, also what has been removed since."""
        rights = self.reader.rights
        return (
            rights.unlimited(entity, "view")
            and not rights.field_rights(entity)
            and not hasattr(entity.model, "secrecy")
        )

    def _look_up(self, pasts: Iterable[Past]) -> None:
        wanted: list[tuple[str, int]] = []
        for past in pasts:
            for line in past.lines:
                field, right = self._field(past, line)
                if field is not None and right in READABLE:
                    wanted += [*_references(field, line.get("old")), *_references(field, line.get("new"))]
        self.reader.look_up(wanted)

    def _field(self, past: Past, line: Mapping[str, Any]) -> tuple[Field | None, str]:
        rights = self._rights.get((past.entity, past.record or 0))
        if rights is None or line["field"] not in rights:
            return None, "none"
        return self.catalog[past.entity].field(line["field"]), rights[line["field"]]

    def _line(self, past: Past, line: Mapping[str, Any]) -> dict[str, Any] | None:
        name, old, new = line["field"], line.get("old"), line.get("new")
        rights = self._rights.get((past.entity, past.record or 0), {})
        if past.record is None or (rights and name == BINNED):
            return {"field": name, "old": _to_the_second(old), "new": _to_the_second(new)}
        if name not in rights:  # of a record that he does not see, or of a plugin that is off
            return {"field": name, "old": dict(RESTRICTED), "new": dict(RESTRICTED)}
        field, right = self._field(past, line)
        if field is None or right == "none":
            return None
        return {"field": name, "old": self._value(field, right, old), "new": self._value(field, right, new)}

    def _value(self, field: Field, right: str, value: Any) -> Any:
        if right == "mask":
            return self.reader.masked(field, value)
        if value is None:
            return None
        kind: Any = field.type
        if kind.kind == "reference":
            return self.reader.reference(kind.entity, value)
        if kind.kind == "references":
            return [self.reader.reference(kind.entity, one) for one in value]
        if kind.kind == "target":
            return {name: self.reader.reference(f"core.{name}", one) for name, one in value.items()}
        if kind.kind == "any":
            return self.reader.of_any((value["entity"], value["id"]))
        return _to_the_second(value) if kind.kind == "moment" else value


def _to_the_second(moment: Any) -> Any:
    """A moment as it reads everywhere: the audit keeps it exactly."""
    return f"{moment[:19]}Z" if isinstance(moment, str) and _EXACT.fullmatch(moment) else moment


def _references(field: Field, value: Any) -> Iterable[tuple[str, int]]:
    """The records that a stored value names."""
    kind: Any = field.type
    if value is None:
        return
    if kind.kind == "reference":
        yield kind.entity, value
    elif kind.kind == "references":
        yield from ((kind.entity, one) for one in value)
    elif kind.kind == "any":
        yield value["entity"], value["id"]
    elif kind.kind == "target":
        yield from ((f"core.{name}", one) for name, one in value.items())
