"""What a list shows, as a file: its columns, its condition, its order, in the words of the page."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from pyramid.request import Request
from pyramid.response import Response

from core.entities.csvfile import CsvWriter
from core.entities.table import Writer
from core.entities.xlsxfile import XlsxWriter
from core.errors import BadRequest, NotFound
from core.http.files import saved_as
from core.http.work import step_out
from core.i18n import _
from core.services.exports import cell_of, export
from core.services.work import Ctx
from core.web.frame import may_visit
from core.web.lists.columns import columns
from core.web.query import parse
from core.web.values import Display, display
from plugins import Entity, Field

MOST = 50_000  # records; more would hold up a server that others wait for
TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_AS_THEY_ARE = ("integer", "number", "money", "date")


def send(entity: Entity, request: Request) -> Response:
    """POST `format` and a list's query: the file. Columns of plugins are on the page only."""
    ctx: Ctx = request.ctx
    if not may_visit(ctx, entity):
        raise NotFound
    query, kind = parse(request.POST), request.POST.get("format", "")
    if kind not in TYPES:
        raise BadRequest(errors={"format": [_("Choose one of: ${codes}.", mapping={"codes": ", ".join(TYPES)})]})
    shown = columns(ctx, entity, request.locale_name, query.columns)
    fields = [one for one in shown if isinstance(one, Field)]
    name = f"{request.say(entity.plural)}-{ctx.today.isoformat()}.{kind}"
    show, kernel, identity = display(request, ctx), request.kernel, request.identity
    step_out(request)
    found = export(
        kernel,
        entity,
        lambda work: identity,
        filter=query.filter,
        text=query.q,
        sort=query.sort or entity.sort,
        fields=fields,
        most=MOST,
        language=request.locale_name,
        cell=partial(_cell, show),
    )
    with tempfile.TemporaryDirectory(prefix="kehu-export-") as folder:
        path = Path(folder) / f"list.{kind}"
        out: Writer = CsvWriter(path) if kind == "csv" else XlsxWriter(path, str(request.say(entity.plural)))
        try:
            out.write([str(request.say(field.title)) for field in fields])
            for row in found.rows:
                out.write(row)
        finally:
            out.close()
        return saved_as(path.open("rb"), name, TYPES[kind])  # goes with the folder once it is closed


def _cell(show: Display, field: Field, document: Mapping[str, Any]) -> Any:
    """A value as the page shows it; numbers, amounts and days stay what they are, to be reckoned with."""
    value = document.get(field.name)
    if field.name in document and (value is None or field.type.kind in _AS_THEY_ARE):
        return cell_of(field, value)
    shown = show.shown(field, document)
    if shown.kind == "closed":
        return str(show.say(_("Restricted")))
    if shown.kind in ("table", "document"):
        return cell_of(field, value)
    return (", ".join(item.text for item in shown.items) if shown.kind == "many" else shown.text) or None
