"""Importing rows: each is created, changes what it matches, or fails as a whole and says why.

Rows are stored in chunks, a transaction each. All chunks carry one batch in the audit. An import
that was cut off is repeated: with a field to match by, rows that were stored already are found
unchanged.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Literal

from core.db.base import AttachedTo
from core.entities.cells import neutral, original
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
from plugins import Entity

ADDED = ("line", "reason")  # columns of the error file
HISTORICAL = "historical import"  # stands in the history of each record as the reason
Name = Literal["created", "updated", "skipped", "failed"]


@dataclass(frozen=True)
class Failure:
    """A row that was not stored, and the reason."""

    row: Row
    error: KehuError


@dataclass(frozen=True)
class Line:
    """What became of one row: a new record or the one with that id, and which fields of that were changed."""

    row: Row
    result: Name
    id: int | None = None
    changed: frozenset[str] = frozenset()
    error: KehuError | None = None


@dataclass
class Outcome:
    """What became of some rows. `counts` has all four results; skipped rows would have changed nothing."""

    counts: dict[Name, int] = field(
        default_factory=lambda: {"created": 0, "updated": 0, "skipped": 0, "failed": 0},
    )
    failures: list[Failure] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)

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
        return ctx

    kernel.run(lambda work: require(act(work), plan, options), write=False)

    def part(work: Work, chunk: list[Row]) -> Outcome:
        return take(act(work), plan, chunk, options)

    if options.dry_run:
        yield from _rehearse(kernel, chunked(rows), part)
        return
    for chunk in chunked(rows):
        outcome = stored(kernel, partial(part, chunk=chunk))
        passed("import.chunk")
        yield outcome


def may_import(ctx: Ctx, entity: Entity) -> bool:
    """Whether the actor could store any row of a file in this entity."""
    if ctx.identity.read_only or entity.rules.closed or all(field.read_only for field in entity.fields):
        return False
    if issubclass(entity.model, AttachedTo):
        return False  # such rows name their record by a number that no file knows
    return any(ctx.rights.may_ever(entity, action) for action in ("create", "edit"))


def require(ctx: Ctx, plan: Plan, options: Options) -> None:
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


def take(ctx: Ctx, plan: Plan, rows: Sequence[Row], options: Options) -> Outcome:
    """Store the rows of a chunk, in the transaction at hand."""
    if options.historical:
        ctx.work.historical = True
        ctx.journal.explain(HISTORICAL)
    values = [plan.values(row) for row in rows if row.fault is None]
    if options.create_terms:
        add_terms(ctx, plan.entity, values)
    since = len(ctx.journal.entries)
    results = iter(store(ctx, plan.entity, values, plan.match.name if plan.match else None, text=True))
    changed = _changed(ctx, plan.entity, since)
    outcome = Outcome()
    for row in rows:
        result = next(results) if row.fault is None else None
        refusal = Invalid(row.fault) if result is None else result.refusal
        if refusal is not None:
            outcome.failures.append(Failure(row, refusal))
        name, number = _name_of(result), result.id if result else None
        outcome.counts[name] += 1
        fields = frozenset(changed.get(number, ())) if name == "updated" else frozenset()
        outcome.lines.append(Line(row, name, number, fields, refusal))
    return outcome


def _changed(ctx: Ctx, entity: Entity, since: int) -> dict[int | None, set[str]]:
    """The fields of records of the entity that were changed after so many entries of the journal."""
    found: dict[int | None, set[str]] = {}
    for entry in ctx.journal.entries[since:]:
        if entry.entity == entity.key:
            found.setdefault(entry.record_id, set()).update(line["field"] for line in entry.changes)
    return found


def _name_of(result: Result | None) -> Name:
    if result is None or result.refusal is not None:
        return "failed"
    return "created" if result.status == 201 else "skipped" if result.same else "updated"


# --- the error file ------------------------------------------------------------------------------------


def heads_of_errors(headers: Sequence[str]) -> list[str]:
    """The first row of an error file: the columns of the file itself, then `ADDED`."""
    return [neutral(head) for head in (*_own(headers), *ADDED)]


def error_row(headers: Sequence[str], row: Row, reason: str) -> list[str]:
    """A row that failed as it was, with line and reason: mended, the file can be imported again."""
    width = len(_own(headers))
    cells = [original(cell) for cell in row.cells]
    beyond = cells[len(headers) :]  # of a row with too many
    filled = [*cells[:width], *[""] * (width - len(cells))]
    return [neutral(cell) for cell in (*filled, str(row.line), reason, *beyond)]


def _own(headers: Sequence[str]) -> Sequence[str]:
    """The columns of a file, which may be an error file itself."""
    return headers[: -len(ADDED)] if tuple(headers[-len(ADDED) :]) == ADDED else headers
