"""Exporting records: those that the actor may view and export, field by field as he may read them.

An export is written down before its first row leaves (M36). Rows come a page at a time, each in a
transaction of its own with the rights of that moment: who loses them gets no further page.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import Any

from core.entities.listing import MOST, Ask, ask, count_query, page_query
from core.errors import Forbidden
from core.faults import passed
from core.i18n import _
from core.security.identity import Identity
from core.security.scope import ACTION
from core.services import records
from core.services.chunks import stored
from core.services.work import Ctx, Kernel, Work
from plugins import Entity, Field

_HALF = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class Export:
    """`headers` are names of fields, `count` the number of rows to come; a row has a cell for each header."""

    headers: tuple[str, ...]
    count: int
    rows: Iterator[list[Any]]


def export(kernel: Kernel, entity: Entity, who: Callable[[Work], Identity], *, filter: Any = None) -> Export:
    """The entity's records that match the filter, in the order in which they were made.

    Cells are text, whole numbers, decimals, days, true and false; None is a blank. References are given by
    natural keys, so that the file can be imported again. Raises BadRequest for the filter, Forbidden for who
    may export nothing or not filter so; it is audited by then.
    """

    def begin(work: Work) -> int:
        ctx = work.act_as(who(work))
        if not ctx.rights.may_ever(entity, "export"):
            message = _(
                "${login} may not export records of ${entity}.",
                mapping={"login": ctx.identity.login, "entity": entity.key},
            )
            raise Forbidden(message)
        wanted = _asked(ctx, entity, filter, 0)
        context = replace(ctx.rights.context, scoped=True)
        count = int(ctx.db.scalar(_exportable(count_query(wanted, ctx.rights, context))) or 0)
        told = {"filter": filter, "rows": count}
        ctx.journal.note("export", entity.key, None, [{"field": k, "old": None, "new": v} for k, v in told.items()])
        return count

    count = stored(kernel, begin)
    passed("export.noted")
    return Export(tuple(field.name for field in entity.fields), count, _rows(kernel, entity, who, filter))


def _asked(ctx: Ctx, entity: Entity, filter: Any, after: int) -> Ask:
    wanted = ask(ctx.rights, entity, filter=filter, sort="id", limit=MOST)
    return replace(wanted, cursor=(after,) if after else None)


def _exportable(statement: Any) -> Any:
    """The guard limits the statement to what may be seen and exported."""
    return statement.execution_options(**{ACTION: ("view", "export")})


def _rows(kernel: Kernel, entity: Entity, who: Callable[[Work], Identity], filter: Any) -> Iterator[list[Any]]:
    after, more = 0, True
    while more:
        with kernel.work(write=False) as work:
            ctx = work.act_as(who(work))
            wanted = _asked(ctx, entity, filter, after)
            statement = page_query(wanted, ctx.rights, replace(ctx.rights.context, scoped=True))
            found = list(ctx.db.scalars(_exportable(statement).options(*records.with_references(entity))))
            page, more = found[: wanted.limit], len(found) > wanted.limit
            rows = [_cells(entity, document) for document in records.reader(ctx).documents(entity, page)]
            after = page[-1].id if page else after
        passed("export.page")
        yield from rows


def _cells(entity: Entity, document: Mapping[str, Any]) -> list[Any]:
    return [cell_of(field, document.get(field.name)) for field in entity.fields]


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
