"""Importing rows: each is created, changes what it matches, or fails as a whole and says why.

Rows are stored in chunks, a transaction each, with a savepoint for every row. All chunks carry one
batch in the audit. An import that was cut off is repeated: with a field to match by, rows that were
stored already are found unchanged.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

from core.db.base import AttachedTo
from core.entities.csvfile import Row
from core.entities.mapping import Plan
from core.errors import Forbidden, Invalid, KehuError
from core.i18n import _
from core.security.identity import Identity
from core.services import records
from core.services.chunks import chunked, stored
from core.services.intake import Intake
from core.services.matching import Match, Matcher
from core.services.numbers import reserve
from core.services.work import Ctx, Kernel, Work

Result = Literal["created", "updated", "skipped", "failed"]


@dataclass(frozen=True)
class Failure:
    """A row that was not stored, and the reason."""

    row: Row
    error: KehuError


@dataclass
class Outcome:
    """What became of some rows. `counts` has all four results; skipped rows would have changed nothing."""

    counts: dict[Result, int] = field(
        default_factory=lambda: {"created": 0, "updated": 0, "skipped": 0, "failed": 0},
    )
    failures: list[Failure] = field(default_factory=list)

    @property
    def rows(self) -> int:
        return sum(self.counts.values())


def run(
    kernel: Kernel, plan: Plan, rows: Iterable[Row], who: Callable[[Work], Identity], *, dry_run: bool = False
) -> Iterator[Outcome]:
    """Import the rows as `who` finds out; an outcome after each chunk, when it is stored.

    A dry run keeps nothing. It is one transaction to its end, so that later rows meet what earlier
    ones would have made. Raises Forbidden at once when the user could store no row at all.
    """
    batch = str(uuid.uuid4())

    def act(work: Work) -> Ctx:
        ctx = work.act_as(who(work))
        ctx.journal.batch = batch
        return ctx

    kernel.run(lambda work: _require(act(work), plan), write=False)

    def take(work: Work, chunk: list[Row]) -> Outcome:
        return _Chunk(act(work), plan).take(chunk)

    if dry_run:
        yield from _rehearse(kernel, chunked(rows), take)
        return
    for chunk in chunked(rows):
        yield stored(kernel, partial(take, chunk=chunk))


def _require(ctx: Ctx, plan: Plan) -> None:
    """Forbidden unless some row could be stored."""
    if plan.match is not None:
        Matcher(ctx, plan.entity, plan.match)
    if issubclass(plan.entity.model, AttachedTo):
        return  # judged by the record that it hangs on
    actions = ("create",) if plan.match is None else ("create", "edit")
    if not any(ctx.rights.may_ever(plan.entity, action) for action in actions):
        raise Forbidden(
            _(
                "${login} may not write records of ${entity}.",
                mapping={"login": ctx.identity.login, "entity": plan.entity.key},
            )
        )


class _Undo(Exception):
    """Rolls a rehearsal back."""


def _rehearse(
    kernel: Kernel, chunks: Iterable[list[Row]], take: Callable[[Work, list[Row]], Outcome]
) -> Iterator[Outcome]:
    try:
        with kernel.work(write=True) as work:
            for chunk in chunks:
                yield take(work, chunk)
                work.journal.entries.clear()
                work.close()
            raise _Undo
    except _Undo:
        pass


class _Chunk:
    """Rows that are stored together."""

    def __init__(self, ctx: Ctx, plan: Plan) -> None:
        self.ctx, self.plan = ctx, plan
        self.intake = self._new_intake()
        self.matcher = Matcher(ctx, plan.entity, plan.match) if plan.match else None

    def _new_intake(self) -> Intake:
        return Intake(self.ctx, self.plan.entity, text=True)

    def take(self, rows: list[Row]) -> Outcome:
        self._prepare([self.plan.values(row) for row in rows if row.fault is None])
        outcome = Outcome()
        for row in rows:
            try:
                result = self._take(row)
            except KehuError as error:
                outcome.failures.append(Failure(row, error))
                result = "failed"
                # It remembers a reference that was not there; a later row may have made it.
                self.intake = self._new_intake()
            outcome.counts[result] += 1
        return outcome

    def _prepare(self, values: list[dict[str, str]]) -> None:
        """What would cost statements for each row: look up the matches, set numbers aside."""
        new = len(values)
        if self.matcher is not None and self.plan.match is not None:
            keys = [self.matcher.key(row.get(self.plan.match.name)) for row in values]
            self.matcher.prefetch(keys)
            new = sum(not self.matcher.knows(key) for key in keys)
        if self.plan.entity.natural_key not in self.plan.columns:
            reserve(self.ctx, self.plan.entity.key, new)

    def _take(self, row: Row) -> Result:
        if row.fault is not None:
            raise Invalid(row.fault)
        values = self.plan.values(row)
        if self.matcher is None or self.plan.match is None:
            self._create(values)
            return "created"
        key = self.matcher.key(values.get(self.plan.match.name))
        match = self.matcher.find(key)
        if match is not None:
            return self._change(match, values)
        record = self._create(values)
        if key is not None:
            self.matcher.remember(key, Match(record.id, record.version))
        return "created"

    def _create(self, values: dict[str, str]) -> Any:
        with self.ctx.savepoint():
            return records.create(self.ctx, self.plan.entity, values, intake=self.intake)

    def _change(self, match: Match, values: dict[str, str]) -> Result:
        written = len(self.ctx.journal.entries)
        with self.ctx.savepoint():
            record = records.change(self.ctx, self.plan.entity, match.id, values, match.version, intake=self.intake)
        match.version = record.version
        return "updated" if len(self.ctx.journal.entries) > written else "skipped"
