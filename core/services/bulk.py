"""Many rows at once from a program: each is created, changes what it matches, or is refused by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.errors import Forbidden, Invalid, KehuError
from core.fields import INT_MAX
from core.i18n import _
from core.security.judge import READ_ONLY
from core.services import records
from core.services.intake import Intake
from core.services.matching import Match, Matcher
from core.services.numbers import reserve
from core.services.work import Ctx
from plugins import Entity

ID = "id"  # matches by the record's own number instead of a field
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Result:
    """What became of a row: 201 created, 200 changed or as it was before, else the refusal."""

    status: int
    id: int | None = None
    refusal: KehuError | None = None


def store(ctx: Ctx, entity: Entity, rows: Sequence[Row], match: str | None = None) -> list[Result]:
    """A result for each row, in their order. A refused row leaves nothing behind and harms no other.

    `match` names a field: a row changes the record that has its value there, and creates one if there is
    none. A row's own `version` is held against the record's, as a change by itself would be.
    Raises Forbidden for somebody who may only read, and for a field that he may not match by.
    """
    if ctx.identity.read_only:
        raise Forbidden(READ_ONLY)
    return _Rows(ctx, entity, match).store(rows)


class _Rows:
    def __init__(self, ctx: Ctx, entity: Entity, match: str | None) -> None:
        self.ctx, self.entity, self.match = ctx, entity, match
        self.matcher = None if match in (None, ID) else Matcher(ctx, entity, entity.field(str(match)), text=False)
        self.intake = Intake(ctx, entity)

    def store(self, rows: Sequence[Row]) -> list[Result]:
        keys = [self.matcher.key(row.get(str(self.match))) if self.matcher else None for row in rows]
        if self.matcher:
            self.matcher.prefetch(keys)
        if self.match != ID:
            self._set_numbers_aside(rows, keys)
        return [self._result(row, key) for row, key in zip(rows, keys, strict=True)]

    def _set_numbers_aside(self, rows: Sequence[Row], keys: Sequence[Any]) -> None:
        nameless = [key for row, key in zip(rows, keys, strict=True) if row.get(self.entity.natural_key) is None]
        new = sum(not (self.matcher and self.matcher.knows(key)) for key in nameless)
        reserve(self.ctx, self.entity.key, new)

    def _result(self, row: Row, key: Any) -> Result:
        try:
            return self._take(row, key)
        except KehuError as refusal:
            # It remembers a reference that was not there; a later row may have made it.
            self.intake = Intake(self.ctx, self.entity)
            return Result(refusal.status, refusal=refusal)

    def _take(self, row: Row, key: Any) -> Result:
        if self.match == ID:
            record_id = _number(row.get(ID))
            with self.ctx.savepoint():
                self._change(record_id, {name: value for name, value in row.items() if name != ID}, None)
            return Result(200, record_id)
        match = self.matcher.find(key) if self.matcher else None
        if match is None:
            with self.ctx.savepoint():
                record = records.create(self.ctx, self.entity, row, intake=self.intake)
            if self.matcher and key is not None:
                self.matcher.remember(key, Match(record.id, record.version))
            return Result(201, record.id)
        with self.ctx.savepoint():
            record = self._change(match.id, row, match.version)
        match.version = record.version
        return Result(200, record.id)

    def _change(self, record_id: int, row: Row, version: int | None) -> Any:
        sent = row.get("version")
        if sent is not None and (isinstance(sent, bool) or not isinstance(sent, int)):
            raise Invalid(errors={"version": [_("Not a version.")]})
        read = version if sent is None else sent
        if read is None:
            read = records.find(self.ctx, self.entity, record_id, lock=True).version
        return records.change(self.ctx, self.entity, record_id, row, read, intake=self.intake)


def _number(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise Invalid(errors={ID: [_("Give a whole number.")]})
    return min(max(value, 0), INT_MAX + 1)
