"""From what was sent to what is stored: parsed, references found, unchanged values set aside."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import colander
from sqlalchemy import Select, select

from core.entities.reader import META
from core.entities.schema import NEEDED, problems, schema_of
from core.errors import Invalid
from core.fields import BadValue, Boolean
from core.i18n import _, suggestion
from core.security import places
from core.security.catalog import attribute, is_business
from core.security.others import prefixes
from core.services.work import Ctx
from plugins import Entity, Field

_MOST_HINTS = 20
ABSENT = _("There is no such record, or you may not see it.")
Within = tuple[tuple[str, Any], ...]  # fields of a target and their values


@dataclass
class Taken:
    """`values` by field name, ready to store; `errors` by field name; `switches` that the rules know; the
    `refusal` of the rules, whose own errors are among the others.
    """

    values: dict[str, Any] = field(default_factory=dict)
    errors: dict[str, list[str]] = field(default_factory=dict)
    switches: dict[str, bool] = field(default_factory=dict)
    refusal: Invalid | None = None

    @property
    def names(self) -> set[str]:
        return self.values.keys() | self.errors.keys()

    def wrong(self, name: str, message: str) -> None:
        self.errors.setdefault(name, []).append(message)

    def copy(self) -> Taken:
        errors = {name: list(messages) for name, messages in self.errors.items()}
        return Taken(dict(self.values), errors, dict(self.switches))


class Intake:
    """Reads values for one entity. `text` is for forms and files; one intake serves many rows."""

    def __init__(self, ctx: Ctx, entity: Entity, *, text: bool = False) -> None:
        self.ctx, self.entity, self.text = ctx, entity, text
        self._schema = schema_of(entity.fields, partial=True, text=text)
        self._parsers = {field.name: _parser(field, self._schema[field.name], text) for field in entity.fields}
        self._references = [
            one for one in entity.fields if one.type.kind in ("reference", "references", "target", "any")
        ]
        self._retiring = [one for one in entity.fields if getattr(one.type, "retired", ())]
        self._prefixes = prefixes(entity)
        self._found: dict[Any, Any] = {}

    def flat(self, sent: Mapping[str, Any]) -> Mapping[str, Any]:
        """What was sent, with the fields of others under their whole names instead of in objects.

        What is no object, or says a field in both ways, stays as it is: no field is called so.
        """
        found: dict[str, Any] | None = None
        for name in self._prefixes:
            if isinstance(sent.get(name), Mapping):
                inside = {f"{name}.{rest}": value for rest, value in sent[name].items()}
                if not inside.keys() & sent.keys():
                    found = dict(sent) if found is None else found
                    del found[name]
                    found |= inside
        return sent if found is None else found

    def take(
        self,
        sent: Mapping[str, Any],
        record: Any = None,
        shown: Mapping[str, Any] | None = None,
        hidden: Collection[str] = (),
    ) -> Taken:
        """Parse what was sent. With the `record` it is for and the document that was `shown` of it,
        what would not change anything is left out, written back masks and restrictions included.
        Of `hidden` fields only the echo is: else the answer would tell whether a guess is right.
        """
        taken = self.parse(sent, shown)
        self.resolve(taken, record, hidden)
        return taken

    def parse(self, sent: Mapping[str, Any], shown: Mapping[str, Any] | None = None) -> Taken:
        """The first half of `take`: nothing is looked up, references are still ids or keys."""
        taken = Taken()
        for name, raw in self.flat(sent).items():
            if shown is not None and name in shown and _echo(raw, shown[name]):
                continue
            parser = self._parsers.get(name)
            if parser is not None:
                parser(raw, taken)
            elif name in self.entity.rules.switches:
                self._switch(name, raw, taken)
            elif name in META:
                if name != "version":
                    taken.wrong(name, _("This cannot be written."))
            elif name in self._prefixes:
                taken.wrong(name, _("Give an object with the fields in it, or each by its whole name, not both."))
            else:
                few = len(taken.errors) < _MOST_HINTS  # each takes a while
                hint = suggestion(name[:80], self._parsers) if few else ""
                taken.wrong(name, _("There is no such field.${hint}", mapping={"hint": hint}))
        return taken

    def _switch(self, name: str, raw: Any, taken: Taken) -> None:
        try:
            taken.switches[name] = bool(Boolean().parse_text(raw) if self.text else Boolean().parse(raw))
        except BadValue as bad:
            taken.wrong(name, bad.message)

    def resolve(self, taken: Taken, record: Any = None, hidden: Collection[str] = ()) -> None:
        """The second half of `take`: references become ids, what would not change anything is left out."""
        for one in self._references:
            if one.name in taken.values:
                self._resolve(one, record, taken)
        if record is not None:
            for name, value in list(taken.values.items()):
                if name not in hidden and value == _stored(record, self.entity, name):
                    del taken.values[name]
        for one in self._retiring:
            kind: Any = one.type
            if taken.values.get(one.name) in kind.retired:
                del taken.values[one.name]
                codes = ", ".join(code for code in kind.choices if code not in kind.retired)
                taken.wrong(one.name, _("Choose one of: ${codes}.", mapping={"codes": codes}))

    def prefetch(self, rows: Iterable[tuple[Taken, Any]]) -> None:
        """Look up the references of many rows (parsed, with the record that each is for) at once:
        one statement for each kind of target. What was found before is forgotten.
        """
        self._found = {}
        wanted: dict[tuple[str, type, Within], set[int | str]] = {}
        for taken, record in rows:
            for one in self._references:
                kind: Any = one.type
                value = taken.values.get(one.name)
                if value is not None and kind.kind == "reference":
                    group = (kind.entity, type(value), self._within(kind, record, taken))
                    wanted.setdefault(group, set()).add(value)
                elif value is not None and kind.kind == "any" and self._is_business(value[0]):
                    wanted.setdefault((value[0], type(value[1]), ()), set()).add(value[1])
        for (entity_key, by, within), keys in wanted.items():
            for key in keys:
                self._found[entity_key, by, key, within] = []
            statement, named = self._lookup(entity_key, by, within)
            for record_id, key in self.ctx.db.execute(statement.add_columns(named).where(named.in_(keys))):
                self._found[entity_key, by, key, within].append(record_id)

    def _resolve(self, field: Field, record: Any, taken: Taken) -> None:
        value = taken.values[field.name]
        if value is None:
            return
        kind: Any = field.type
        try:
            if kind.kind == "target":
                ((name, key),) = value.items()
                taken.values[field.name] = {name: self._find(f"core.{name}", key, ())}
            elif kind.kind == "any":
                taken.values[field.name] = self._any(*value)
            elif kind.kind == "references":
                ids = [self._find(kind.entity, key, ()) for key in value]
                taken.values[field.name] = [self._object(kind.entity, one) for one in dict.fromkeys(ids)]
            else:
                taken.values[field.name] = self._find(kind.entity, value, self._within(kind, record, taken))
        except LookupError as error:
            del taken.values[field.name]
            taken.wrong(field.name, error.args[0])

    def _any(self, entity_key: str, key: int | str) -> tuple[str, int]:
        """A record of any entity of the business that the actor sees."""
        if not self._is_business(entity_key):
            known = ", ".join(entity.key for entity in self.ctx.catalog if is_business(entity))
            raise LookupError(_("Name a record of one of: ${known}.", mapping={"known": known}))
        return entity_key, self._find(entity_key, key, ())

    def _is_business(self, entity_key: str) -> bool:
        entity = self.ctx.catalog.get(entity_key)
        return entity is not None and is_business(entity)

    def _within(self, kind: Any, record: Any, taken: Taken) -> Within:
        """What a reference's target agrees in: fixed fields, and those that it shares with the record."""
        if not kind.same:
            return kind.within
        return (*kind.within, *((name, self._sibling(name, record, taken)) for name in kind.same))

    def _sibling(self, name: str, record: Any, taken: Taken) -> Any:
        if name in taken.values or record is None:
            return taken.values.get(name)  # None where it is missing or wrong: no record agrees with that
        return _stored(record, self.entity, name)

    def _find(self, entity_key: str, key: int | str, within: Within) -> int:
        """The id of a live record that the actor sees; LookupError with a message otherwise."""
        memo = (entity_key, type(key), key, within)
        if memo not in self._found:
            statement, named = self._lookup(entity_key, type(key), within)
            self._found[memo] = self.ctx.db.scalars(statement.where(named == key).limit(2)).all()
        found = self._found[memo]
        if len(found) > 1:
            raise LookupError(_("Several records have this key. Give the id."))
        if not found:
            raise LookupError(ABSENT)
        return int(found[0])

    def _lookup(self, entity_key: str, by: type, within: Within) -> tuple[Select[Any], Any]:
        """Ids of an entity's records, and the column by which they are named."""
        entity = self.ctx.catalog[entity_key]
        model: Any = entity.model
        named = model.id if by is int else attribute(model, entity.field(entity.natural_key))
        agreed = [attribute(model, entity.field(name)) == value for name, value in within]
        return select(model.id).where(*agreed), named

    def _object(self, entity_key: str, record_id: int) -> Any:
        return self.ctx.db.get(self.ctx.catalog[entity_key].model, record_id)


def _parser(field: Field, node: colander.SchemaNode, text: bool) -> Callable[[Any, Taken], None]:
    """What reads one field's value. Text goes to the field's type at once: files have millions of cells."""

    def by_schema(raw: Any, taken: Taken) -> None:
        try:
            taken.values[field.name] = node.deserialize(raw)
        except colander.Invalid as invalid:
            for messages in problems(invalid).values():
                for message in messages:
                    taken.wrong(field.name, message)

    def by_type(raw: str, taken: Taken) -> None:
        try:
            value = parse_text(raw)
        except BadValue as bad:
            taken.wrong(field.name, bad.message)
            return
        if value is None and field.required:
            taken.wrong(field.name, NEEDED)
        else:
            taken.values[field.name] = value

    parse_text = field.type.parse_text  # type: ignore[attr-defined]
    return by_type if text else by_schema


def _stored(record: Any, entity: Entity, name: str) -> Any:
    return places.get(record, entity.field(name))


def _echo(raw: Any, shown: Any) -> bool:
    """Whether a value is only what the reply had said: the same, or a reference's id or key."""
    if raw == shown and type(raw) is type(shown):
        return True
    if isinstance(shown, Mapping) and "id" in shown:
        if isinstance(raw, Mapping):
            return (raw.get("entity"), raw.get("id")) == (shown.get("entity"), shown["id"])
        return not isinstance(raw, bool) and "entity" not in shown and raw in (shown["id"], shown["key"])
    return False
