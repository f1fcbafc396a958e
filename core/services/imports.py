"""Importing rows: each is created, changes what it matches, or fails as a whole and says why.

Rows are stored in chunks, a transaction each. All chunks carry one batch in the audit. An import
that was cut off is repeated: with a field to match by, rows that were stored already are found
unchanged.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Literal

from core.db.base import AttachedTo
from core.entities.mapping import Plan
from core.entities.table import Row
from core.errors import Forbidden, Invalid, KehuError
from core.faults import passed
from core.i18n import _
from core.security.identity import Identity
from core.services.bulk import Result, store
from core.services.chunks import chunked, stored
from core.services.matching import Matcher
from core.services.terms import TERM, add_terms
from core.services.work import Ctx, Kernel, Work

HISTORICAL = "historical import"  # stands in the history of each record as the reason
Name = Literal["created", "updated", "skipped", "failed"]


@dataclass(frozen=True)
class Failure:
    """A row that was not stored, and the reason."""

    row: Row
    error: KehuError


@dataclass
class Outcome:
    """What became of some rows. `counts` has all four results; skipped rows would have changed nothing."""

    counts: dict[Name, int] = field(
        default_factory=lambda: {"created": 0, "updated": 0, "skipped": 0, "failed": 0},
    )
    failures: list[Failure] = field(default_factory=list)

    @property
    def rows(self) -> int:
        return sum(self.counts.values())


@dataclass(frozen=True)
class Options:
    """How an import is done. `create_terms` adds codes that the code lists do not have; `historical`: what is
    imported happened long ago, and elsewhere.
    """

    dry_run: bool = False
    create_terms: bool = False
    historical: bool = False


def run(
    kernel: Kernel,
    plan: Plan,
    rows: Iterable[Row],
    who: Callable[[Work], Identity],
    options: Options = Options(),
) -> Iterator[Outcome]:
    """Import the rows as `who` finds out; an outcome after each chunk, when it is stored.

    A dry run keeps nothing. It is one transaction to its end, so that later rows meet what earlier
    ones would have made. Raises Forbidden at once when the user could store no row at all.
    """
    batch = str(uuid.uuid4())

    def act(work: Work) -> Ctx:
        ctx = work.act_as(who(work))
        ctx.journal.batch = batch
        if options.historical:
            work.historical = True
            ctx.journal.explain(HISTORICAL)
        return ctx

    kernel.run(lambda work: _require(act(work), plan, options), write=False)

    def take(work: Work, chunk: list[Row]) -> Outcome:
        ctx = act(work)
        values = [plan.values(row) for row in chunk if row.fault is None]
        if options.create_terms:
            add_terms(ctx, plan.entity, values)
        return _take(ctx, plan, chunk, values)

    if options.dry_run:
        yield from _rehearse(kernel, chunked(rows), take)
        return
    for chunk in chunked(rows):
        outcome = stored(kernel, partial(take, chunk=chunk))
        passed("import.chunk")
        yield outcome


def _require(ctx: Ctx, plan: Plan, options: Options) -> None:
    """Forbidden unless some row could be stored."""
    if options.create_terms and not ctx.rights.may_ever(ctx.catalog[TERM], "create"):
        raise Forbidden(_("${login} may not add codes to the code lists.", mapping={"login": ctx.identity.login}))
    if options.historical and not ctx.rights.may_ever(plan.entity, "import"):
        raise Forbidden(
            _(
                "${login} may not import what happened before, which needs the right “import” on ${entity}.",
                mapping={"login": ctx.identity.login, "entity": plan.entity.key},
            )
        )
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


def _take(ctx: Ctx, plan: Plan, rows: list[Row], values: list[dict[str, str]]) -> Outcome:
    """Store the rows of a chunk; `values` are those of the rows without a fault."""
    outcome = Outcome()
    match = plan.match.name if plan.match else None
    results = iter(store(ctx, plan.entity, values, match, text=True))
    for row in rows:
        result = next(results) if row.fault is None else None
        refusal = Invalid(row.fault) if result is None else result.refusal
        if refusal is not None:
            outcome.failures.append(Failure(row, refusal))
        outcome.counts[_name_of(result)] += 1
    return outcome


def _name_of(result: Result | None) -> Name:
    if result is None or result.refusal is not None:
        return "failed"
    return "created" if result.status == 201 else "skipped" if result.same else "updated"
