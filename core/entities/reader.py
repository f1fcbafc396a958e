"""Records as one reader may see them: fields left out, masked or open, references by label."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from sqlalchemy import bindparam, literal, select, union_all
from sqlalchemy.orm import Session
from translationstring import TranslationString

from core.db.base import Binnable
from core.db.types import text
from core.entities.past import RESTRICTED, Past, PastReader
from core.entities.resolver import SystemResolver, row_of
from core.fields import Boolean, Choice, Integer, Moment, Text
from core.i18n import _, in_english
from core.security import places
from core.security.catalog import META_FIELDS, USER, attribute, attribute_name
from core.security.grants import READABLE
from core.security.rights import Rights
from core.security.scope import ROWS
from plugins import Entity, Field

HIDDEN = "****"
META = tuple(META_FIELDS)
_MOMENT = Moment()
_BY_WHOM = {"created_by": "created_by_id", "updated_by": "updated_by_id"}
_AS_KEPT = (Text, Integer, Boolean, Choice)  # their values JSON has too
_LOOKED_UP = {"reference", "references", "target", "any", "message"}  # kinds that show what others are called


@dataclass(frozen=True)
class Label:
    """How a record is named where another refers to it."""

    id: int
    key: str
    label: str
    deleted: bool = False

    def to_json(self) -> dict[str, Any]:
        document: dict[str, Any] = {"id": self.id, "label": self.label, "key": self.key}
        return {**document, "deleted": True} if self.deleted else document


class Reader:
    """Turns records into JSON documents. One per request: it remembers what it looked up.

    `db` is the reader's own session, so a reference to a record that he may not see has no label;
    `system` serves conditions of field rights only.
    """

    def __init__(
        self, db: Session, system: Session, rights: Rights, language: str, say: Callable[[str], str] = in_english
    ) -> None:
        self.db, self.rights, self.language, self.say = db, rights, language, say
        self.catalog = rights.catalog
        self.resolver = SystemResolver(system, self.catalog)
        self._labels: dict[tuple[str, int], Label] = {}

    def documents(
        self, entity: Entity, records: Sequence[Any], fields: Sequence[str] | None = None
    ) -> list[dict[str, Any]]:
        """The records as documents, fields in the entity's order, `id` and `version` always.

        Fields of others stand under their whole names; `nested` makes them the objects of JSON.
        """
        chosen = [field for field in entity.fields if fields is None or field.name in fields]
        meta = [name for name in META if fields is None or name in fields or name in ("id", "version")]
        self._load(entity, chosen, records)
        rights = self._rights_on(entity, chosen, records)
        self.look_up(self._references(chosen, meta, records, rights))
        always = [(name, self._meta(name)) for name in meta]
        values = [(field, self._values_of(field)) for field in chosen]
        documents = [
            self._document(always, values, record, given) for record, given in zip(records, rights, strict=True)
        ]
        for field in chosen:
            if field.type.kind == "changes":
                self._read_pasts(entity, field, records, documents)
        for record, document in zip(records, documents, strict=True):
            if self._only_public(entity, record):
                for name in META[2:]:
                    document.pop(name, None)
        return documents

    def _read_pasts(
        self, entity: Entity, field: Field, records: Sequence[Any], documents: Sequence[dict[str, Any]]
    ) -> None:
        """Put what the reader may see of other records' changes in the place of what is stored."""
        key, record_id = (attribute_name(entity.field(name)) for name in (field.type.entity, field.type.record))  # type: ignore[attr-defined]
        open_to_him = [i for i, document in enumerate(documents) if isinstance(document.get(field.name), list)]
        pasts = [
            Past(getattr(record, key), getattr(record, record_id), getattr(record, attribute_name(field)))
            for record in (records[i] for i in open_to_him)
        ]
        for i, lines in zip(open_to_him, PastReader(self).read(pasts), strict=True):
            documents[i][field.name] = lines

    def _load(self, entity: Entity, chosen: Sequence[Field], records: Sequence[Any]) -> None:
        """Whatever a page of records needs beside them, in one go: what is shown and what rights go by."""
        asked = {name for rule in self.rights.field_rights(entity) if rule.condition for name in rule.condition.fields}
        names = {name for key, name in asked if key == entity.key} | {field.name for field in chosen}
        places.load(self.db, (field for field in entity.fields if field.name in names), records)

    def document(self, entity: Entity, record: Any) -> dict[str, Any]:
        return self.documents(entity, [record])[0]

    def labels(self, entity_key: str, ids: Iterable[int]) -> Mapping[int, Label]:
        """Labels of those of the records that the reader may see."""
        wanted = set(ids)
        self.look_up((entity_key, one) for one in wanted)
        return {one: self._labels[entity_key, one] for one in wanted if (entity_key, one) in self._labels}

    def label(self, entity_key: str, record_id: int) -> Label | None:
        """The label of a record, which must have been looked up; None if the reader may not see it."""
        return self._labels.get((entity_key, record_id))

    # --- rights -----------------------------------------------------------------------------------

    def rights_on(self, entity: Entity, fields: Iterable[Field], record: Any) -> dict[str, str]:
        """The reader's right on each field of a record that he sees: edit, read, mask or none."""
        return self._rights_on(entity, fields, [record])[0]

    def _rights_on(self, entity: Entity, fields: Iterable[Field], records: Sequence[Any]) -> list[dict[str, str]]:
        """The same for many records."""
        ruled = {rule.field for rule in self.rights.field_rights(entity)}
        if not ruled and not entity.public:
            return [dict.fromkeys((field.name for field in fields), "edit")] * len(records)
        return [self._ruled(entity, fields, ruled, record) for record in records]

    def _ruled(self, entity: Entity, fields: Iterable[Field], ruled: set[str], record: Any) -> dict[str, str]:
        row = row_of(record)
        only_public = self._only_public(entity, record)
        given = {}
        for field in fields:
            if only_public and field.name not in entity.public:
                given[field.name] = "none"
            elif field.name in ruled:
                given[field.name] = self.rights.field_right(entity, field, row, self.resolver)
            else:
                given[field.name] = "edit"
        return given

    def _only_public(self, entity: Entity, record: Any) -> bool:
        """Whether the reader sees the record for its public fields alone."""
        if not entity.public or self.rights.unlimited(entity, "view"):
            return False
        return not self.rights.covers(entity, "view", row_of(record), self.resolver)

    # --- labels -----------------------------------------------------------------------------------

    def _references(
        self,
        fields: Sequence[Field],
        meta: Sequence[str],
        records: Sequence[Any],
        rights: Sequence[Mapping[str, str]],
    ) -> Iterator[tuple[str, int | None]]:
        for name in meta:
            if name in _BY_WHOM:
                yield from {(USER, getattr(record, _BY_WHOM[name])) for record in records}
        for field in fields:
            kind, kept = field.type.kind, places.getter(field)
            if kind == "reference":
                key = field.type.entity  # type: ignore[attr-defined]
                given_on = zip(records, rights, strict=True)
                yield from {(key, kept(record)) for record, given in given_on if given[field.name] in READABLE}
            elif kind in _LOOKED_UP:
                for value in map(kept, records):
                    yield from _named_in(field, value)

    def look_up(self, records: Iterable[tuple[str, int | None]]) -> None:
        """The missing labels of these records, by entity and id, in one statement; None and unknown ones have none."""
        missing: dict[str, set[int]] = {}
        for key, one in records:
            if one is not None and (key, one) not in self._labels and key in self.catalog:
                missing.setdefault(key, set()).add(one)
        if not missing:
            return
        keys = sorted(missing)
        statement = _label_query(tuple(self.catalog[key] for key in keys), self.language[:2])
        values = {f"ids{at}": sorted(missing[key]) for at, key in enumerate(keys)}
        found = self.db.execute(statement, values, execution_options={ROWS: "any"})
        for key, record_id, natural, label, deleted in found:
            self._labels[key, record_id] = self._shown(Label(record_id, natural, label, bool(deleted)), key)

    def _shown(self, label: Label, entity_key: str) -> Label:
        """The label as field rights leave it: what is masked on the record is masked in references too."""
        entity = self.catalog[entity_key]
        ruled = {rule.field for rule in self.rights.field_rights(entity)}
        if not ruled & {entity.label, entity.natural_key}:
            return label
        row = self.resolver.load(entity_key, label.id) or {}
        texts = {}
        for name, value in ((entity.label, label.label), (entity.natural_key, label.key)):
            right = self.rights.field_right(entity, entity.field(name), row, self.resolver) if name in ruled else "edit"
            texts[name] = HIDDEN if right == "none" else mask(value) if right == "mask" else value
        return replace(label, label=texts[entity.label], key=texts[entity.natural_key])

    # --- documents --------------------------------------------------------------------------------

    def _document(
        self,
        always: Sequence[tuple[str, Callable[[Any], Any]]],
        values: Sequence[tuple[Field, Callable[[Any], Any]]],
        record: Any,
        rights: Mapping[str, str],
    ) -> dict[str, Any]:
        document = {name: value_of(record) for name, value_of in always}
        for field, value_of in values:
            right = rights[field.name]
            if right != "none":
                value = value_of(record)
                document[field.name] = self.masked(field, value) if right == "mask" else value
        return document

    def _meta(self, name: str) -> Callable[[Any], Any]:
        """How one of every record's own fields reads in a document, of any record."""
        kept = places.kept_as(_BY_WHOM.get(name, name))
        if name in _BY_WHOM:
            return lambda record: self.reference(USER, kept(record))
        return (lambda record: _MOMENT.to_json(kept(record))) if name.endswith("_at") else kept

    def _values_of(self, field: Field) -> Callable[[Any], Any]:
        """The same of a field: made out once for a page of records."""
        kept, kind = places.getter(field), field.type.kind
        if type(field.type) in _AS_KEPT:
            return kept
        if kind not in _LOOKED_UP:
            to_json = field.type.to_json  # type: ignore[attr-defined]
            return lambda record: to_json(kept(record))
        if kind == "reference":
            key = field.type.entity  # type: ignore[attr-defined]
            return lambda record: self.reference(key, kept(record))
        if kind == "references":
            key = field.type.entity  # type: ignore[attr-defined]
            return lambda record: [self.reference(key, item.id) for item in kept(record)]
        if kind == "target":
            return lambda record: {one: self.reference(f"core.{one}", its) for one, its in kept(record).items()}
        shown = self.of_any if kind == "any" else self._message
        return lambda record: shown(kept(record))

    def told(self, field: Field, value: Any) -> Any:
        """A value as a document has it, of no record yet: references with their labels."""
        kind = field.type.kind
        if kind == "target":
            self.look_up((f"core.{one}", its) for one, its in (value or {}).items())
            return {one: self.reference(f"core.{one}", its) for one, its in (value or {}).items()}
        if kind not in ("reference", "references"):
            return field.type.to_json(value)  # type: ignore[attr-defined]
        key = field.type.entity  # type: ignore[attr-defined]
        ids = [value] if kind == "reference" else [one.id for one in value or ()]
        self.look_up((key, one) for one in ids)
        found = [self.reference(key, one) for one in ids]
        return found[0] if kind == "reference" else found

    def _message(self, message: Mapping[str, Any]) -> str:
        """The sentence with the names that the reader may see."""
        gaps = {name: self._gap(value) for name, value in message["values"].items()}
        return self.say(TranslationString(message["text"], domain=message["domain"], mapping=gaps))

    def _gap(self, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        label = self._labels.get((value["entity"], value["id"]))
        return _("a record that you may not see") if label is None else label.label

    def reference(self, key: str, record_id: int | None) -> Any:
        """A reference as the reader may see it; its label must have been looked up."""
        if record_id is None:
            return None
        label = self._labels.get((key, record_id))
        return dict(RESTRICTED) if label is None else label.to_json()

    def of_any(self, target: tuple[str, int] | None) -> Any:
        """The same to a record of any entity, which is named with it."""
        if target is None:
            return None
        reference = self.reference(*target)
        return {"entity": target[0], **reference} if "id" in reference else reference

    @staticmethod
    def masked(field: Field, value: Any) -> Any:
        """What is left of a masked field's value."""
        return mask(value) if field.type.kind == "text" or value is None else HIDDEN


@lru_cache(maxsize=500)
def _label_query(entities: tuple[Entity, ...], language: str) -> Any:
    """The names of records of these entities, whose ids are given as `ids0`, `ids1`, …"""
    arms = []
    for at, entity in enumerate(entities):
        model: Any = entity.model
        deleted = model.deleted_at if issubclass(model, Binnable) else literal(None)
        arm = select(
            literal(entity.key, text(64)).label("entity"),
            model.id,
            attribute(model, entity.field(entity.natural_key)).label("natural_key"),
            getattr(model, entity.label.format(lang=language)).label("label"),
            deleted.label("deleted_at"),
        )
        arms.append(arm.where(model.id.in_(bindparam(f"ids{at}", expanding=True))))
    return arms[0] if len(arms) == 1 else union_all(*arms)


def _named_in(field: Field, value: Any) -> Iterator[tuple[str, int | None]]:
    """The records that a value names, whatever their kinds."""
    kind = field.type.kind
    if kind == "references":
        yield from ((field.type.entity, item.id) for item in value)  # type: ignore[attr-defined]
    elif kind == "target":
        yield from ((f"core.{one}", its) for one, its in value.items())
    elif kind == "any":
        yield value or (USER, None)
    else:
        named = (one for one in value["values"].values() if isinstance(one, dict))
        yield from ((one["entity"], one["id"]) for one in named)


def nested(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document as JSON has it: fields of others in objects, `{"custom": {"floor_area": 80}}`."""
    found: dict[str, Any] = {}
    for name, value in document.items():
        if "." in name:
            prefix, _dot, rest = name.partition(".")
            found.setdefault(prefix, {})[rest] = value
        else:
            found[name] = value
    return found


def mask(value: Any) -> Any:
    """What is left of a masked text: the ends of a long one (138****1234), nothing of a short one."""
    if value is None:
        return None
    if isinstance(value, str) and len(value) >= 11:
        return f"{value[:3]}****{value[-4:]}"
    return HIDDEN
