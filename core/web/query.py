"""What a list page is asked for, as its address says it."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, NoReturn
from urllib.parse import urlencode

from pyramid.request import Request

from core.errors import BadRequest
from core.i18n import _

NAMES = ("q", "filter", "sort", "cursor")


@dataclass(frozen=True)
class Query:
    """`filter` is a JSON condition as in REST, `cursor` where the page before ended."""

    q: str = ""
    filter: Any = None
    sort: str = ""
    cursor: str = ""

    def url(self, path: str, **changes: Any) -> str:
        """The address of the list with something changed, from its first page on unless a cursor is given."""
        query = urlencode(replace(self, **{"cursor": "", **changes}).texts())
        return f"{path}?{query}" if query else path

    def others(self, name: str) -> dict[str, str]:
        """What a form that asks for `name` anew must send along."""
        return {key: value for key, value in self.texts().items() if key not in (name, "cursor")}

    def texts(self) -> dict[str, str]:
        """The parameters of the address."""
        filter_text = "" if self.filter is None else json.dumps(self.filter, ensure_ascii=False, default=float)
        values = {"q": self.q, "filter": filter_text, "sort": self.sort, "cursor": self.cursor}
        return {name: value for name, value in values.items() if value}


def read(request: Request) -> Query:
    """Raises BadRequest for what cannot be read. Names that we do not know are left alone."""
    try:
        values = {name: request.GET.get(name, "") for name in NAMES}
    except UnicodeDecodeError:
        raise BadRequest(_("The query cannot be read.")) from None
    for name, value in values.items():
        if "\x00" in value:
            _wrong(name, _("Remove the characters that cannot be stored."))
    return Query(values["q"].strip(), _filter(values["filter"]), values["sort"], values["cursor"])


def _filter(text: str) -> Any:
    if not text:
        return None
    try:
        return json.loads(text, parse_float=Decimal)
    except (ValueError, RecursionError):
        _wrong("filter", _("The filter is not JSON."))


def _wrong(name: str, message: str) -> NoReturn:
    raise BadRequest(_("The query cannot be read."), errors={name: [message]})
