"""Uploaded files as rows of the database: whole or not at all, for every server of a site, gone with the import."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, insert, select, update

from core.db.guard import unscoped
from core.entities.mapping import faults_of_header
from core.entities.table import Row, Table
from core.errors import Conflict, Invalid
from core.i18n import _
from core.models import Import, ImportPart
from core.services import records
from core.services.chunks import CHUNK
from core.services.work import Ctx, Work

KEY = "core.import"
DRAFT, STARTED, DONE, REVERTING, REVERTED = "draft", "started", "done", "reverting", "reverted"
DAYS = 30  # that the rows of a file are kept
_MOST_SAMPLES, _SAMPLE = 3, 60
_PART = 1_000_000  # characters of the cells in one part; the databases take several times that at once


@dataclass(frozen=True)
class Column:
    """A column of the file, and the first different cells in it."""

    name: str
    samples: tuple[str, ...]


class Kept:
    """An uploaded file as a table (see `core.entities.table.Table`)."""

    def __init__(self, work: Work, kept: Import) -> None:
        self._work, self._id = work, kept.id
        self.headers = tuple(column.name for column in columns_of(kept))
        self.count, self.encoding = kept.rows, kept.encoding

    def rows(self) -> Iterator[Row]:
        numbers = select(ImportPart.number).where(ImportPart.import_id == self._id).order_by(ImportPart.number)
        for number in unscoped(self._work.connection, numbers).scalars().all():
            yield from part(self._work, self._id, number)


def find(ctx: Ctx, import_id: int) -> Import:
    """An import of the actor. Raises NotFound."""
    found: Import = records.find(ctx, ctx.catalog[KEY], import_id)
    return found


def behind(ctx: Ctx, batch: str) -> Import | None:
    """The actor's import behind a Change-Id; None if it was none of his."""
    return ctx.db.scalar(select(Import).where(Import.batch == batch))


def columns_of(kept: Import) -> list[Column]:
    return [Column(name, tuple(samples)) for name, samples in kept.columns]


def shape_of(headers: Sequence[str]) -> str:
    """The same for files with the same columns, in whatever order."""
    return hashlib.sha256(json.dumps(sorted(headers), ensure_ascii=False).encode()).hexdigest()


def keep(ctx: Ctx, entity: str, name: str, table: Table) -> int:
    """Store a file's rows; the id of its import. Raises Invalid for one without any, and for a bad header."""
    if wrong := faults_of_header(table.headers):
        raise Invalid(errors=wrong)
    work = ctx.work
    values: dict[str, Any] = {
        "user_id": ctx.identity.user_id,
        "entity": entity,
        "file": name[-200:],
        "encoding": table.encoding,
        "shape": shape_of(table.headers),
        "columns": [],
        "rows": 0,
        "choices": {},
        "preview": None,
        "state": DRAFT,
        **dict.fromkeys(("created", "updated", "skipped", "failed", "reverted", "stayed"), 0),
        "left": [],
        "version": 1,
        "created_at": ctx.now,
        "updated_at": ctx.now,
        "created_by_id": ctx.identity.user_id,
        "updated_by_id": ctx.identity.user_id,
    }
    made = insert(Import).values({getattr(Import, name): value for name, value in values.items()})
    import_id = int(unscoped(work.connection, made).inserted_primary_key[0])
    samples: list[dict[str, None]] = [{} for _header in table.headers]
    count = 0
    for number, rows in enumerate(_parts(table.rows())):
        content = [[row.line, list(row.cells), row.fault and str(row.fault), sorted(row.exact)] for row in rows]
        unscoped(work.connection, insert(ImportPart).values(import_id=import_id, number=number, rows=content))
        count += len(rows)
        for row in rows:
            for found, cell in zip(samples, row.cells, strict=False):
                if len(found) < _MOST_SAMPLES and cell.strip():
                    found.setdefault(cell.strip()[:_SAMPLE])
    if not count:
        raise Invalid(_("This file has a header, but no rows below it."))
    columns = [[name, list(found)] for name, found in zip(table.headers, samples, strict=True)]
    change(work, import_id, columns=columns, rows=count)
    return import_id


def _parts(rows: Iterator[Row]) -> Iterator[list[Row]]:
    found: list[Row] = []
    size = 0
    for row in rows:
        wide = sum(map(len, row.cells))
        if found and (len(found) == CHUNK or size + wide > _PART):
            yield found
            found, size = [], 0
        found.append(row)
        size += wide
    if found:
        yield found


def part(work: Work, import_id: int, number: int) -> list[Row]:
    """The rows of one part; none where there is no such part."""
    statement = select(ImportPart.rows).where(ImportPart.import_id == import_id, ImportPart.number == number)
    content = unscoped(work.connection, statement).scalar()
    return [Row(line, tuple(cells), fault, frozenset(exact)) for line, cells, fault, exact in content or ()]


def note_failures(work: Work, import_id: int, number: int, failed: list[Any]) -> None:
    """Keep which rows of a part failed, by position, and why."""
    where = (ImportPart.import_id == import_id, ImportPart.number == number)
    unscoped(work.connection, update(ImportPart).where(*where).values(failed=failed))


def failures(work: Work, import_id: int) -> Iterator[tuple[Row, list[Any]]]:
    """The rows that failed with their reasons, in the order of the file."""
    where = (ImportPart.import_id == import_id, ImportPart.failed.is_not(None))
    numbers = select(ImportPart.number, ImportPart.failed).where(*where).order_by(ImportPart.number)
    for number, failed in unscoped(work.connection, numbers).all():
        rows = part(work, import_id, number) if failed else []
        for at, why in failed:
            yield rows[at], why


def reasons_of(work: Work, import_id: int) -> list[tuple[tuple[str | None, Any], int]]:
    """Why rows failed, and how many: by the first reason of each, as a field and a kept sentence."""
    where = (ImportPart.import_id == import_id, ImportPart.failed.is_not(None))
    counted: Counter[str] = Counter()
    for failed in unscoped(work.connection, select(ImportPart.failed).where(*where)).scalars():
        counted.update(json.dumps(why[0]) for _at, why in failed)
    return [(tuple(json.loads(why)), count) for why, count in counted.most_common()]


def change(work: Work, import_id: int, was: str | None = None, **values: Any) -> None:
    """Write what has become of an import; with `was`, Conflict unless it was in that state until now."""
    where = [Import.id == import_id] + ([] if was is None else [Import.state == was])
    named = {getattr(Import, name): value for name, value in values.items()}
    named |= {Import.version: Import.version + 1, Import.updated_at: work.now}
    done = unscoped(work.connection, update(Import).where(*where).values(named))
    if done.rowcount != 1:
        raise Conflict(_("This has been done already. Open the page again."), code="OVER")


def forget_old(ctx: Ctx) -> int:
    """Drop the rows of files that nobody needs any more; what became of them stays. Returns how many parts."""
    before = ctx.now - dt.timedelta(days=DAYS)
    old = select(Import.id).where(Import.created_at < before)
    done = unscoped(ctx.work.connection, delete(ImportPart).where(ImportPart.import_id.in_(old)))
    return int(done.rowcount)
