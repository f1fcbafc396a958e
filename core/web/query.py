"""What a list page is asked for, as its address says it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, NoReturn
from urllib.parse import urlencode

from pyramid.request import Request

from core.errors import BadRequest
from core.i18n import _

NAMES = ("q", "filter", "sort", "columns", "cursor")
MANY = ("sort", "columns")  # may be sent one by one, as forms do


@dataclass(frozen=True)
class Query:
    """`filter` is a JSON condition as in REST, `sort` and `columns` are names with commas between them,
    `cursor` is where the page before ended.
    """

    q: str = ""
    filter: Any = None
    sort: str = ""
    columns: str = ""
    cursor: str = ""

    def url(self, path: str, **changes: Any) -> str:
        """The address of the list with something changed, from its first page on unless a cursor is given."""
        query = urlencode(replace(self, **{"cursor": "", **changes}).texts())
        return f"{path}?{query}" if query else path

    def others(self, *names: str) -> dict[str, str]:
        """What a form that asks for these anew must send along."""
        return {key: value for key, value in self.texts().items() if key not in (*names, "cursor")}

    def texts(self) -> dict[str, str]:
        """The parameters of the address."""
        values = {name: getattr(self, name) for name in NAMES}
        if self.filter is not None:
            values["filter"] = json.dumps(self.filter, ensure_ascii=False, default=float)
        return {name: value for name, value in values.items() if value}


def read(request: Request) -> Query:
    """Raises BadRequest for what cannot be read. Names that we do not know are left alone."""
    try:
        values = {name: _text(request.GET, name) for name in NAMES}
    except UnicodeDecodeError:
        raise BadRequest(_("The query cannot be read.")) from None
    for name, value in values.items():
        if "\x00" in value:
            wrong(name, _("Remove the characters that cannot be stored."))
    return Query(
        q=values["q"].strip(),
        filter=_filter(values["filter"]),
        sort=values["sort"],
        columns=values["columns"],
        cursor=values["cursor"],
    )


def _text(sent: Mapping[str, str], name: str) -> str:
    if name not in MANY:
        return sent.get(name, "")
    parts = (part.strip() for text in sent.getall(name) for part in text.split(","))  # type: ignore[attr-defined]
    return ",".join(part for part in parts if part)


def _filter(text: str) -> Any:
    if not text:
        return None
    try:
        return json.loads(text, parse_float=Decimal)
    except (ValueError, RecursionError):
        wrong("filter", _("The filter is not JSON."))


def wrong(name: str, message: str) -> NoReturn:
    """Raises BadRequest for a parameter."""
    raise BadRequest(_("The query cannot be read."), errors={name: [message]})
