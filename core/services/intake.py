"""From what was sent to what is stored: parsed, references found, unchanged values set aside."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import colander
from sqlalchemy import select

from core.entities.reader import META
from core.entities.schema import problems, schema_of
from core.i18n import _, suggestion
from core.security.catalog import attribute, attribute_name
from core.services.work import Ctx
from plugins import Entity, Field

_MOST_HINTS = 20
ABSENT = _("There is no such record, or you may not see it.")


@dataclass
class Taken:
    """`values` by field name, ready to store; `errors` by field name."""

    values: dict[str, Any] = field(default_factory=dict)
    errors: dict[str, list[str]] = field(default_factory=dict)

    @property
    def names(self) -> set[str]:
        return self.values.keys() | self.errors.keys()

    def wrong(self, name: str, message: str) -> None:
        self.errors.setdefault(name, []).append(message)


class Intake:
    """Reads values for one entity. `text` is for forms and files; one intake serves many rows."""

    def __init__(self, ctx: Ctx, entity: Entity, *, text: bool = False) -> None:
        self.ctx, self.entity, self.text = ctx, entity, text
        self._schema = schema_of(entity.fields, partial=True, text=text)
        self._found: dict[Any, Any] = {}

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
        taken = Taken()
        for name, raw in sent.items():
            if shown is not None and name in shown and _echo(raw, shown[name]):
                continue
            if name in META:
                if name != "version":
                    taken.wrong(name, _("This cannot be written."))
                continue
            if name not in self._schema:
                known = [child.name for child in self._schema]
                hint = suggestion(name[:80], known) if len(taken.errors) < _MOST_HINTS else ""  # each takes a while
                taken.wrong(name, _("There is no such field.${hint}", mapping={"hint": hint}))
                continue
            self._take(self.entity.field(name), raw, record, taken)
        for name in [name for name in taken.values if self._is_reference(name)]:
            self._resolve(self.entity.field(name), record, taken)
        if record is not None:
            for name, value in list(taken.values.items()):
                if name not in hidden and value == _stored(record, self.entity, name):
                    del taken.values[name]
        return taken

    def _take(self, field: Field, raw: Any, record: Any, taken: Taken) -> None:
        node = self._schema[field.name]
        try:
            taken.values[field.name] = node.deserialize(raw)
        except colander.Invalid as invalid:
            for messages in problems(invalid).values():
                for message in messages:
                    taken.wrong(field.name, message)

    def _is_reference(self, name: str) -> bool:
        return self.entity.field(name).type.kind in ("reference", "references", "target")

    def _resolve(self, field: Field, record: Any, taken: Taken) -> None:
        value = taken.values[field.name]
        if value is None:
            return
        kind: Any = field.type
        try:
            if kind.kind == "target":
                ((name, key),) = value.items()
                taken.values[field.name] = {name: self._find(f"core.{name}", key, ())}
            elif kind.kind == "references":
                ids = [self._find(kind.entity, key, ()) for key in value]
                taken.values[field.name] = [self._object(kind.entity, one) for one in dict.fromkeys(ids)]
            else:
                within = (*kind.within, *((name, self._sibling(name, record, taken)) for name in kind.same))
                taken.values[field.name] = self._find(kind.entity, value, within)
        except LookupError as error:
            del taken.values[field.name]
            taken.wrong(field.name, error.args[0])

    def _sibling(self, name: str, record: Any, taken: Taken) -> Any:
        return taken.values[name] if name in taken.values or record is None else _stored(record, self.entity, name)

    def _find(self, entity_key: str, key: int | str, within: tuple[tuple[str, Any], ...]) -> int:
        """The id of a live record that the actor sees; LookupError with a message otherwise."""
        memo = (entity_key, type(key), key, within)
        if memo not in self._found:
            entity = self.ctx.catalog[entity_key]
            model: Any = entity.model
            named = model.id if isinstance(key, int) else attribute(model, entity.field(entity.natural_key))
            where = [named == key, *(attribute(model, entity.field(name)) == value for name, value in within)]
            self._found[memo] = self.ctx.db.scalars(select(model.id).where(*where).limit(2)).all()
        found = self._found[memo]
        if len(found) > 1:
            raise LookupError(_("Several records have this key. Give the id."))
        if not found:
            raise LookupError(ABSENT)
        return int(found[0])

    def _object(self, entity_key: str, record_id: int) -> Any:
        return self.ctx.db.get(self.ctx.catalog[entity_key].model, record_id)


def _stored(record: Any, entity: Entity, name: str) -> Any:
    return getattr(record, attribute_name(entity.field(name)))


def _echo(raw: Any, shown: Any) -> bool:
    """Whether a value is only what the reply had said: the same, or a reference's id or key."""
    if raw == shown and type(raw) is type(shown):
        return True
    if isinstance(shown, Mapping) and "id" in shown:
        if isinstance(raw, Mapping):
            return raw.get("id") == shown["id"]
        return not isinstance(raw, bool) and raw in (shown["id"], shown["key"])
    return False
