"""Writing many records at once, with the checks and the results of writing one after the other.

Rows are prepared together and flushed once: look-ups, judgement and SQL then cost per run, not per
row. A run holds only rows that cannot meet, of which none would find, refer to or collide with what
another one makes. When a run fails as a whole, those that it failed for are left out where that is known; else it
is halved until the bad row stands alone.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import func, select

from core.db.base import CustomerScoped, Record, stored_id
from core.entities.reader import RESTRICTED
from core.errors import Forbidden, Invalid, KehuError, NotFound
from core.faults import passed
from core.fields import INT_MAX, Moment, Reference
from core.i18n import _
from core.models import Customer
from core.security.judge import READ_ONLY
from core.services import records, writes
from core.services.exports import cell_of
from core.services.intake import Intake, Taken
from core.services.matching import Match, Matcher
from core.services.numbers import reserve
from core.services.work import Ctx
from plugins import Entity, Field

ID = "id"  # matches by the record's own number instead of a field
Values = Mapping[str, Any]


def with_history(entity: Entity) -> Entity:
    """The entity with the fields that a historical import may fill: when a record was made, and by whom."""
    of_past = (
        Field("created_at", Moment(), _("Created"), create_only=True),
        Field("created_by", Reference("core.user"), _("Created by"), create_only=True),
    )
    return replace(entity, fields=(*entity.fields, *of_past)) if issubclass(entity.model, Record) else entity


@dataclass(frozen=True)
class Result:
    """What became of a row: 201 created, 200 changed or as it was before (`same`), else the refusal."""

    status: int
    id: int | None = None
    refusal: KehuError | None = None
    same: bool = False


def store(
    ctx: Ctx, entity: Entity, rows: Sequence[Values], match: str | None = None, *, text: bool = False
) -> list[Result]:
    """A result for each row, in their order. A refused row leaves nothing behind and harms no other.

    Rows hold JSON values (`text`: texts of a file, of which a blank one means empty). `match` names a
    field: a row changes the record that has its value there, and creates one if there is none. A row's
    own `version` is held against the record's, as a change by itself would be. Raises Forbidden for
    somebody who may only read, and for a field that he may not match by.
    """
    if ctx.identity.read_only:
        raise Forbidden(READ_ONLY)
    results = _Rows(ctx, entity, match, text).store(rows)
    for result in results:
        if result.refusal is not None and result.refusal.aftermath is not None:
            result.refusal.aftermath(ctx.work)  # the rows beside it keep this transaction going
    return results


@dataclass(frozen=True)
class _Row:
    """A row, what it says, and the keys of what it makes and of what it looks for."""

    at: int
    sent: Values
    taken: Taken
    matched: Hashable | None
    makes: frozenset[Hashable]
    seeks: frozenset[Hashable]


@dataclass
class _Draft:
    """A row on its way: for a new record, or for the one that it matches."""

    row: _Row
    match: Match | None = None
    record: Any = None
    error: KehuError | None = None
    values: Values | None = None


class _Alone(Exception):
    """This row must not be prepared together with others."""


class _Rows:
    def __init__(self, ctx: Ctx, entity: Entity, match: str | None, text: bool) -> None:
        self.ctx, self.entity, self.match, self.text = ctx, entity, match, text
        self.intake = Intake(ctx, entity, text=text)
        self.matcher = None if match in (None, ID) else Matcher(ctx, entity, entity.field(str(match)), text=text)
        self._held: list[Customer] = []
        self._by_name = {field.name: field for field in entity.fields}
        self._optional = {field.name for field in entity.fields if not field.required}
        self._unique = {field.name for field in writes.unique_fields(entity)} | {entity.natural_key}
        self._own = [
            field.name
            for field in entity.fields
            if field.type.kind in ("reference", "references") and field.type.entity == entity.key  # type: ignore[attr-defined]
        ]

    def store(self, sent: Sequence[Values]) -> list[Result]:
        rows = [self._row(at, one) for at, one in enumerate(sent)]
        if self.match != ID:
            self._set_numbers_aside(rows)
        results: dict[int, Result] = {}
        for run in self._runs(rows):
            self._store(run, results)
        return [results[at] for at in range(len(rows))]

    # --- which rows can be written together --------------------------------------------------------

    def _row(self, at: int, sent: Values) -> _Row:
        matched = None
        sent = self.intake.flat(sent)
        if self.match == ID:
            matched = sent.get(ID)
            sent = {name: value for name, value in sent.items() if name != ID}
        elif self.matcher is not None:
            matched = self.matcher.key(sent.get(str(self.match)))
        told = {name: value for name, value in sent.items() if self._speaks(name, value)} if self.text else sent
        taken = self.intake.parse(told)
        values = taken.values
        makes: set[Hashable] = {("value", name, values[name]) for name in self._unique if values.get(name) is not None}
        if isinstance(matched, Hashable) and matched is not None:
            makes.add(("match", matched))
        keys = self.entity.rules.keys(values)
        makes.update([("row", None)] if keys is None else (("rule", key) for key in keys))
        seeks: set[Hashable] = set()
        for name in self._own:
            value = values.get(name)
            for key in value if isinstance(value, list) else (value,):
                seeks.add(("value", self.entity.natural_key, key))
        return _Row(at, sent, taken, matched, frozenset(makes), frozenset(seeks))

    def _speaks(self, name: str, text: str) -> bool:
        """Whether a text says something of a new record: a blank one does not where there must be something."""
        return bool(text.strip()) or (name in self._optional)

    @staticmethod
    def _runs(rows: Sequence[_Row]) -> Iterator[list[_Row]]:
        run: list[_Row] = []
        made: set[Hashable] = set()
        for row in rows:
            if not (made.isdisjoint(row.makes) and made.isdisjoint(row.seeks)):
                yield run
                run, made = [], set()
            run.append(row)
            made |= row.makes
        if run:
            yield run

    def _set_numbers_aside(self, rows: Sequence[_Row]) -> None:
        code = self.entity.natural_key
        brought = {row.taken.values[code] for row in rows if row.taken.values.get(code) is not None}
        nameless = [row for row in rows if row.taken.values.get(code) is None]
        if self.matcher is not None and nameless:
            self.matcher.prefetch(row.matched for row in nameless)
            nameless = [row for row in nameless if not self.matcher.knows(row.matched)]
        reserve(self.ctx, self.entity.key, len(nameless), brought)

    # --- writing -----------------------------------------------------------------------------------

    def _store(self, run: list[_Row], results: dict[int, Result]) -> None:
        drafts: list[_Draft] = []
        try:
            with self.ctx.savepoint():
                since = len(self.ctx.journal.entries)
                drafts = self._draft(run)
                self._write([draft for draft in drafts if draft.error is None])
                told = {id(entry.record) for entry in self.ctx.journal.entries[since:]}
        except (KehuError, _Alone) as fault:
            if len(run) == 1:
                if not isinstance(fault, KehuError):
                    raise
                results[run[0].at] = Result(fault.status, refusal=fault)
                return
            if isinstance(fault, KehuError) and (bad := self._at_fault(drafts, fault)):
                results.update((at, Result(fault.status, refusal=fault)) for at in bad)
                parts = [[row for row in run if row.at not in bad]]
            else:
                parts = [run[: len(run) // 2], run[len(run) // 2 :]]
            for part in filter(None, parts):
                self._store(part, results)
        else:
            for draft in drafts:
                results[draft.row.at] = _told(draft, told)

    def _at_fault(self, drafts: list[_Draft], fault: KehuError) -> set[int]:
        """The rows for whose records all were refused, where the refusal knows them."""
        known = {draft.match.id: draft.row.at for draft in drafts if draft.match is not None and draft.error is None}
        of_ours = {one for model, one in fault.at_fault if model is self.entity.model}
        return {known[one] for one in of_ours & known.keys()}

    def _write(self, drafts: list[_Draft]) -> None:
        ctx, rules = self.ctx, self.entity.rules
        passed("bulk.prepared")
        _give_keys(ctx, self.entity, [draft.record for draft in drafts if draft.match is None])
        writes.flush(ctx)
        for draft in drafts:
            rules.stored(ctx, draft.record, draft.values or {}, draft.match is None)
        writes.flush(ctx)
        passed("bulk.stored")

    def _draft(self, run: list[_Row]) -> list[_Draft]:
        """Prepare the rows, everything short of the flush. Raises what is wrong with a row that is alone,
        so that all it did is taken back; of several each keeps its own error.
        """
        drafts = [_Draft(row) for row in run]
        self._find_matches(drafts)
        self._draft_new([draft for draft in drafts if draft.error is None and draft.match is None])
        self._draft_changes([draft for draft in drafts if draft.error is None and draft.match is not None])
        if len(drafts) == 1 and drafts[0].error is not None:
            raise drafts[0].error
        return drafts

    def _find_matches(self, drafts: list[_Draft]) -> None:
        if self.matcher is not None:
            self.matcher.prefetch(draft.row.matched for draft in drafts)
        for draft in drafts:
            try:
                if self.match == ID:
                    draft.match = Match(_number(draft.row.matched))
                elif self.matcher is not None:
                    draft.match = self.matcher.find(draft.row.matched)
            except KehuError as error:
                draft.error = error

    def _draft_new(self, drafts: list[_Draft]) -> None:
        if not drafts:
            return
        ctx, entity = self.ctx, self.entity
        takens = {draft.row.at: draft.row.taken.copy() for draft in drafts}
        self.intake.prefetch((taken, None) for taken in takens.values())
        for taken in takens.values():
            self.intake.resolve(taken)
            if ctx.work.historical and (taken.values.get("created_at") or ctx.now) > ctx.now:
                taken.wrong("created_at", _("This is still to come."))
        entity.rules.prefetch(ctx, [taken.values for taken in takens.values()])
        for draft in drafts:
            try:
                writes.may_try(ctx, entity)
                writes.prepare_new(ctx, entity, takens[draft.row.at], draft.row.sent)
            except KehuError as error:
                draft.error = error
        drafts = [draft for draft in drafts if draft.error is None]
        writes.prefetch_taken(ctx, entity, [takens[draft.row.at] for draft in drafts])
        for draft in drafts:
            taken = takens[draft.row.at]
            try:
                draft.record, draft.values = writes.add(ctx, entity, taken), taken.values
            except KehuError as error:
                draft.error = error

    def _draft_changes(self, drafts: list[_Draft]) -> None:
        if not drafts:
            return
        ctx, entity = self.ctx, self.entity
        found = records.find_all(ctx, entity, [draft.match.id for draft in drafts if draft.match])
        look = records.reader(ctx)
        self._held = _customers_of(ctx, entity, found.values())  # a session gives again what somebody holds
        names = sorted({name for draft in drafts for name in draft.row.sent})
        shown = {one["id"]: one for one in look.documents(entity, list(found.values()), names)}
        rights, takens = {}, {}
        for draft in drafts:
            draft.record = found.get(draft.match.id) if draft.match else None
            if draft.record is None:
                draft.error = NotFound()
                continue
            rights[draft.row.at] = look.rights_on(entity, entity.fields, draft.record)
            takens[draft.row.at] = self.intake.parse(self._said(draft, shown[draft.record.id]), shown[draft.record.id])
        drafts = [draft for draft in drafts if draft.error is None]
        self.intake.prefetch((takens[draft.row.at], draft.record) for draft in drafts)
        for draft in drafts:
            taken, given = takens[draft.row.at], rights[draft.row.at]
            self.intake.resolve(taken, draft.record, writes.hidden(given))
            try:
                writes.prepare_change(ctx, entity, draft.record, taken, given, _version(draft))
                if len(drafts) > 1 and not taken.values.keys().isdisjoint(self._own):
                    raise _Alone  # two such changes could close a circle
                writes.settle(ctx, entity, taken)
            except KehuError as error:
                draft.error = error
                continue
            writes.apply(ctx, entity, draft.record, taken, given, look)
            draft.values = taken.values

    def _said(self, draft: _Draft, shown: Values) -> Values:
        """What a row says of the record that it was matched with: not again what it was matched by."""
        said = {name: value for name, value in draft.row.sent.items() if self.matcher is None or name != self.match}
        return {name: value for name, value in said.items() if not self._is_unseen(name, value, shown)}

    def _is_unseen(self, name: str, value: Any, shown: Values) -> bool:
        """Whether a cell is only what an export leaves of a value that the actor does not see, or not all of."""
        field = self._by_name.get(name) if self.text else None
        if field is None:
            return False
        if name not in shown:
            return not value.strip()
        now = shown[name]
        parts = now if isinstance(now, list) else now.values() if field.type.kind == "target" else (now,)
        return RESTRICTED in parts and value.strip() == (cell_of(field, now) or "")


def _customers_of(ctx: Ctx, entity: Entity, found: Iterable[Any]) -> list[Customer]:
    """The customers that the records hang on, by which rights on them are judged: at once, and not each by itself."""
    if not issubclass(entity.model, CustomerScoped):
        return []
    ids = {record.customer_id for record in found}
    return list(ctx.system.scalars(select(Customer).where(Customer.id.in_(ids))))


def _number(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise Invalid(errors={ID: [_("Give a whole number.")]})
    return min(max(value, 0), INT_MAX + 1)


def _version(draft: _Draft) -> int:
    """The version that the row has read; a row that says none goes by the one that is stored."""
    sent = draft.row.sent.get("version")
    if sent is None:
        return int(draft.record.version)
    if isinstance(sent, bool) or not isinstance(sent, int):
        raise Invalid(errors={"version": [_("Not a version.")]})
    return sent


def _give_keys(ctx: Ctx, entity: Entity, new: Sequence[Any]) -> None:
    """SQLite cannot return the keys of many rows in their order, so it would get a statement for each.
    The one writer that it has can as well say them.
    """
    if not new or ctx.kernel.database.dialect != "sqlite":
        return
    model: Any = entity.model
    last = ctx.system.scalar(select(func.max(model.id))) or 0
    for key, record in enumerate(new, last + 1):
        record.id = key


def _told(draft: _Draft, told: set[int]) -> Result:
    """What became of a row, by the records that the audit now speaks of."""
    if draft.error is not None:
        return Result(draft.error.status, refusal=draft.error)
    record_id = stored_id(draft.record)
    if draft.match is None:
        return Result(201, record_id)
    return Result(200, record_id, same=id(draft.record) not in told)
