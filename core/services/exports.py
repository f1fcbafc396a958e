"""Exporting records: those that the actor may view and export, field by field as he may read them.

An export is written down before its first row leaves (M36). Rows come a page at a time, each in a
transaction of its own with the rights of that moment: who loses them gets no further page.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import Any

from core.entities.listing import MOST, ask
from core.errors import Forbidden, Invalid
from core.faults import passed
from core.i18n import _
from core.security.identity import Identity
from core.services import records
from core.services.chunks import stored
from core.services.work import Kernel, Work
from plugins import Entity, Field

EXPORTABLE = ("view", "export")  # what is needed on each record
_HALF = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class Export:
    """`headers` are names of fields, `count` the number of rows to come; a row has a cell for each header."""

    headers: tuple[str, ...]
    count: int
    rows: Iterator[list[Any]]


def export(
    kernel: Kernel,
    entity: Entity,
    who: Callable[[Work], Identity],
    *,
    filter: Any = None,
    text: str = "",
    sort: str = "id",
    fields: Sequence[Field] | None = None,
    most: int | None = None,
    language: str = "en",
    cell: Callable[[Field, Mapping[str, Any]], Any] | None = None,
) -> Export:
    """The entity's records that match the filter and the text, in the order `sort`: by default that in which
    they were made.

    A row has all fields of the entity, or those that are named. Cells are text, whole numbers, decimals, days,
    true and false; None is a blank. Without a `cell`, which makes one of a field and a record's document,
    references are given by natural keys, so that the file can be imported again. Raises BadRequest for what
    cannot be asked, Forbidden for who may export nothing or not ask so, Invalid for more than `most` records;
    what is not refused is audited by then.
    """
    asked = {"filter": filter, "text": text, "sort": sort, "limit": MOST}
    written = tuple(entity.fields if fields is None else fields)

    def begin(work: Work) -> int:
        ctx = work.act_as(who(work))
        if not ctx.rights.may_ever(entity, "export"):
            message = _(
                "${login} may not export records of ${entity}.",
                mapping={"login": ctx.identity.login, "entity": entity.key},
            )
            raise Forbidden(message)
        wanted = replace(ask(ctx.rights, entity, **asked, count=True), limit=1)
        count = records.listing(ctx, wanted, EXPORTABLE).total or 0
        if most is not None and count > most:
            message = _("At most ${n} records at once. Narrow the list, or run: kehu export", mapping={"n": most})
            raise Invalid(message)
        told = {"filter": filter, "rows": count} | ({"q": text} if text else {})
        if fields is not None:
            told["fields"] = [field.name for field in fields]
        ctx.journal.note("export", entity.key, None, [{"field": k, "old": None, "new": v} for k, v in told.items()])
        return count

    count = stored(kernel, begin)
    passed("export.noted")

    def rows() -> Iterator[list[Any]]:
        names = [field.name for field in written]
        cursor, more = None, True
        while more:
            with kernel.work(write=False) as work:
                ctx = work.act_as(who(work))
                page = records.listing(ctx, ask(ctx.rights, entity, **asked, cursor=cursor), EXPORTABLE)
                documents = records.reader(ctx, language).documents(entity, page.records, names)
                found = [[_cell(cell, field, document) for field in written] for document in documents]
                cursor, more = page.next, page.next is not None
            passed("export.page")
            yield from found

    return Export(tuple(field.name for field in written), count, rows())


def _cell(cell: Callable[[Field, Mapping[str, Any]], Any] | None, field: Field, document: Mapping[str, Any]) -> Any:
    return cell_of(field, document.get(field.name)) if cell is None else cell(field, document)


def cell_of(field: Field, value: Any) -> Any:
    """A value of a document as a cell; what is masked comes as the text that is left of it."""
    kind = field.type.kind
    if value is None:
        return None
    if kind == "reference":
        return value if isinstance(value, str) else value.get("key")
    if kind == "any" and isinstance(value, dict):
        return f"{value['entity']}:{value['key']}" if "key" in value else None
    if kind == "references" and isinstance(value, list):
        return ";".join(one["key"] for one in value if "key" in one) or None
    if kind == "target" and isinstance(value, dict):
        return next((f"{name}:{one['key']}" for name, one in value.items() if one and "key" in one), None)
    if isinstance(value, list | dict):
        return _json(value)
    try:
        if kind == "money":
            return Decimal(value)
        if kind == "date":
            return dt.date.fromisoformat(value)
    except (InvalidOperation, ValueError):
        return str(value)
    return value if isinstance(value, bool | int | Decimal) else str(value)


def _json(value: Any) -> str:
    """In few characters; half a symbol, which no file can hold, as JSON writes it out."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return _HALF.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
