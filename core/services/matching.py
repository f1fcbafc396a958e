"""Which record a row of a file speaks of: found by one field, a chunk of rows at a time."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import literal, select

from core.db.base import Binnable
from core.db.folding import fold, search_fold
from core.db.phones import phone_fold
from core.errors import Conflict, Forbidden
from core.fields import BadValue
from core.i18n import _
from core.security.catalog import attribute_name
from core.security.places import column, is_in
from core.security.scope import FOR, GRANTED, ROWS
from core.services.work import Ctx
from plugins import Entity, Field


@dataclass(frozen=True)
class Match:
    """A record that the actor sees."""

    id: int
    binned: bool = False


class Matcher:
    """Finds records by a field; text is compared trimmed, width- and case-folded where it is kept folded.

    What the actor may not see never matches. `text`: keys come as text of a file, else as JSON values.
    Raises Forbidden for a field he may not ask by.
    """

    def __init__(self, ctx: Ctx, entity: Entity, field: Field, *, text: bool = True) -> None:
        if not ctx.rights.may_ask(entity, field):
            raise Forbidden(_("You may not match by ${name}.", mapping={"name": field.name}), code="FIELD")
        self._ctx, self._entity, self._field = ctx, entity, field
        self._parse = field.type.parse_text if text else field.type.parse  # type: ignore[attr-defined]
        self._stored: Any = column(entity.model, field)
        folded = f"{attribute_name(field)}_folded" if is_in(entity.model, field) else ""
        self._column: Any = getattr(entity.model, folded, self._stored)
        self._fold: Callable[[str], str] = str
        self._widen: Callable[[str], str] = str  # from a key to the column in which it is looked up
        if self._column is not self._stored:
            form = self._column.property.columns[0].info.get("fold", "text")
            self._fold = phone_fold if form == "phone" else fold
            self._widen = search_fold if form == "text" else str
        self._found: dict[Hashable, list[Match]] = {}

    def key(self, value: Any) -> Hashable | None:
        """What a value is compared by; None if there is nothing in it to compare."""
        try:
            value = None if value is None else self._parse(value)
        except BadValue:
            return None  # storing the value fails for the same reason, and says it
        if isinstance(value, str):
            return self._fold(value) or None
        return value

    def prefetch(self, keys: Iterable[Hashable | None]) -> None:
        """Look up the records of all the keys in one statement."""
        wanted = {self._widen(key) if isinstance(key, str) else key for key in keys if key is not None}
        model: Any = self._entity.model
        deleted = model.deleted_at if issubclass(model, Binnable) else literal(None)
        public = self._entity.public
        options = {FOR: model, ROWS: "any", GRANTED: bool(public) and self._field.name not in public}
        statement = select(self._stored, model.id, deleted).where(self._column.in_(wanted))
        self._found = {}
        for value, record_id, deleted_at in self._ctx.db.execute(statement, execution_options=options):
            key = self._fold(value) if isinstance(value, str) else value
            self._found.setdefault(key, []).append(Match(record_id, deleted_at is not None))

    def knows(self, key: Hashable | None) -> bool:
        """Whether any record has this key."""
        return key in self._found

    def find(self, key: Hashable | None) -> Match | None:
        """The one record, or None. Raises Conflict for several, and for one in the recycle bin."""
        found = [] if key is None else self._found.get(key, [])
        live = [match for match in found if not match.binned]
        if len(live) > 1:
            raise Conflict(
                _("${n} records match by ${name}.", mapping={"n": len(live), "name": self._field.name}),
                code="AMBIGUOUS",
            )
        if found and not live:
            raise Conflict(_("The matching record is in the recycle bin. Restore it first."), code="BINNED")
        return live[0] if live else None
