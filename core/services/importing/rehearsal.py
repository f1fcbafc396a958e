"""What an import would do, found out by doing it and keeping nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from itertools import islice
from typing import Any

from core.entities.mapping import Plan, settled
from core.entities.readings import InDoubt
from core.entities.table import Row
from core.errors import Invalid
from core.security.identity import Identity
from core.services.chunks import stored
from core.services.importing.choices import Choices
from core.services.importing.proposal import Words, proposed, texts_of
from core.services.importing.store import DRAFT, Kept, change, find
from core.services.imports import Line, Options, run
from core.services.sentences import kept, reasons
from core.services.work import Kernel

MOST = 5000  # rows: others cannot write meanwhile on SQLite, for some four seconds
MOST_LINES = 40  # that are shown of each result
MOST_REASONS = 12
_MOST_CELLS, _CELL = 4, 60


def rehearse(kernel: Kernel, identity: Identity, import_id: int, words: Words, choices: Choices | None = None) -> None:
    """Try the file as it is to be read (`choices`; as proposed if nothing was said yet), and keep what came of it.

    The rehearsal is one transaction, as rows may refer to earlier ones; of a long file it tries the first `MOST`.
    Raises NotFound, Conflict for an import that has begun.
    """
    with kernel.work(write=False) as work:
        ctx = work.act_as(identity)
        found = find(ctx, import_id)
        entity = ctx.catalog[found.entity]
        before = None
        if choices is None:
            choices, before = proposed(ctx, entity, found, words)
        table = Kept(work, found)
        texts = texts_of(ctx, choices.entity(entity), table.rows(), table.headers, choices, words)
        choices = replace(choices, values={name: {one.text: one.to for one in some} for name, some in texts.items()})
        listed = {name: [[one.text, one.count, one.to] for one in some] for name, some in texts.items()}
        preview: dict[str, Any] = {"texts": listed, "since": before and before.created_at.isoformat()}
        plan: Plan | None = None
        try:
            plan = choices.plan(entity, table.headers)
            plan = settled(plan, table, list(plan.readings.items()))
        except InDoubt as doubt:
            plan = None
            preview["doubts"] = {name: [one.cell, dict(one.values)] for name, one in doubt.doubts.items()}
        except Invalid as invalid:
            preview["problems"] = {name: [kept(one) for one in some] for name, some in invalid.errors.items()}
        rows = list(islice(table.rows(), MOST))
    if plan is not None:
        preview |= _tried(kernel, identity, plan, rows, choices.options)
        preview["readings"] = dict(plan.readings)
    values = {"choices": choices.to_json(), "preview": preview}
    stored(kernel, lambda work: change(work, import_id, DRAFT, **values))


def _tried(kernel: Kernel, identity: Identity, plan: Plan, rows: list[Row], options: Options) -> dict[str, Any]:
    told = _Told(plan)
    for outcome in run(kernel, plan, rows, lambda work: identity, replace(options, dry_run=True)):
        told.add(outcome.lines)
    return told.to_json()


class _Told:
    """What is kept of a rehearsal: all counts, and the first lines of each result."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.counts: Counter[str] = Counter()
        self.reasons: Counter[tuple[str | None, Any]] = Counter()
        self.sentences: dict[Any, Any] = {}
        self.changed: Counter[str] = Counter()
        self.lines: dict[str, list[Any]] = {name: [] for name in ("created", "updated", "skipped", "failed")}

    def add(self, lines: Iterable[Line]) -> None:
        for line in lines:
            self.counts[line.result] += 1
            self.changed.update(line.changed & self.plan.columns.keys())
            why = reasons(line.error) if line.error is not None else []
            if why:
                name, sentence = why[0]
                self.sentences.setdefault(str(sentence), sentence)
                self.reasons[name, str(sentence)] += 1
            if len(self.lines[line.result]) < MOST_LINES:
                self.lines[line.result].append([line.row.line, *self._content(line), why])

    def _content(self, line: Line) -> tuple[str, list[Any]]:
        """What the row is called, and what it says: of a change just that."""
        if line.row.fault is not None:
            return " ".join(line.row.cells)[:_CELL], []
        said = {name: line.row.cells[at].strip()[:_CELL] for name, at in self.plan.columns.items()}
        labels = [self.plan.entity.label.format(lang=one) for one in ("zh", "en")]
        match = self.plan.match.name if self.plan.match else ""
        called = next(name for name in (*labels, match, *said) if name in said)
        if line.result == "updated":
            shown = [name for name in said if name in line.changed]
        else:
            shown = [name for name in said if name != called and said[name]]
        return said[called], [[name, said[name]] for name in shown[:_MOST_CELLS]]

    def to_json(self) -> dict[str, Any]:
        most = self.reasons.most_common(MOST_REASONS)
        return {
            "counts": {name: self.counts[name] for name in self.lines},
            "reasons": [[name, self.sentences[key], count] for (name, key), count in most],
            "changed": self.changed.most_common(MOST_REASONS),
            "lines": self.lines,
        }
