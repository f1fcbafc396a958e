"""What a list page is asked for, as its address says it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, NoReturn
from urllib.parse import urlencode

from pyramid.request import Request

from core.errors import BadRequest
from core.http.paths import collection
from core.i18n import _

PARTS = ("q", "filter", "sort", "columns", "group", "view")  # what a saved view can hold
NAMES = (*PARTS, "saved", "open", "cursor", "preview")
MANY = ("sort", "columns")  # may be sent one by one, as forms do
ALL = "all"
_OTHERS = {"q", "filter", "group"}  # when these change, other groups are there


@dataclass(frozen=True)
class Query:
    """`filter` is a JSON condition as in REST, `sort` and `columns` are names with commas between them,
    `group` is a field whose values the records are told apart by and `open` the value whose records are seen,
    `view` is the name of a plugin's way to look at the list, none: its table,
    `saved` is the number of a view, or `ALL` for none, `cursor` is where the page before ended, `preview` the
    id of the record that is shown beside the list.

    `base` is what the view asks by itself: only what differs from it stands in an address. `given` are
    the names that the address had.
    """

    q: str = ""
    filter: Any = None
    sort: str = ""
    columns: str = ""
    group: str = ""
    view: str = ""
    saved: str = ""
    open: str = ""
    cursor: str = ""
    preview: str = ""
    given: frozenset[str] = frozenset()
    base: Query | None = None

    def over(self, base: Query) -> Query:
        """This query on top of what a view asks."""
        return replace(self, base=base, **{name: getattr(base, name) for name in PARTS if name not in self.given})

    def apart(self) -> Query:
        """The same without a view."""
        return replace(self, base=None, saved="", open="", cursor="", preview="")

    def changes(self) -> dict[str, str]:
        """What differs from the view, "" for what the view asks and this does not."""
        base = self.base or Query()
        return {name: self.text(name) for name in PARTS if self.text(name) != base.text(name)}

    def url(self, path: str, **changes: Any) -> str:
        """The address of the list with something changed, from its first page on unless a cursor is given."""
        fresh = {"cursor": "", "preview": ""} | ({"open": ""} if changes.keys() & _OTHERS else {})
        query = urlencode(replace(self, **(fresh | changes)).texts())
        return f"{path}?{query}" if query else path

    def others(self, *names: str) -> dict[str, str]:
        """What a form that asks for these anew must send along."""
        return {key: value for key, value in self.texts().items() if key not in (*names, "open", "cursor", "preview")}

    def texts(self) -> dict[str, str]:
        """The parameters of the address."""
        places = {name: getattr(self, name) for name in NAMES if name not in PARTS}
        return self.changes() | {name: value for name, value in places.items() if value}

    def text(self, name: str) -> str:
        """A part as the address has it."""
        value = getattr(self, name)
        if name != "filter":
            return str(value)
        return "" if value is None else json.dumps(value, ensure_ascii=False, default=float)


def read(request: Request) -> Query:
    """The query of the address. Raises BadRequest for what cannot be read; names that we do not know are left alone."""
    return parse(request.GET)


def parse(sent: Mapping[str, str]) -> Query:
    """The same of what a form has sent."""
    values = {name: _text(sent, name) for name in NAMES}
    for name, value in values.items():
        if "\x00" in value:
            wrong(name, _("Remove the characters that cannot be stored."))
    values["q"] = values["q"].strip()
    given = frozenset(name for name in NAMES if name in sent)
    return Query(**(values | {"filter": _filter(values["filter"])}), given=given)


def _text(sent: Mapping[str, str], name: str) -> str:
    if name not in MANY:
        return str(sent.get(name, ""))
    parts = (part.strip() for text in sent.getall(name) for part in str(text).split(","))  # type: ignore[attr-defined]
    return ",".join(part for part in parts if part)


def _filter(text: str) -> Any:
    if not text:
        return None
    try:
        return json.loads(text, parse_float=Decimal)
    except (ValueError, RecursionError):
        wrong("filter", _("The filter is not JSON."))


def number(text: Any) -> int | None:
    """The id of a record as addresses and forms have it; None for anything else."""
    is_one = isinstance(text, str) and text.isascii() and text.isdigit() and len(text) < 10
    return int(text) if is_one else None


# --- conditions ---------------------------------------------------------------------------------------


def parts_of(condition: Any) -> list[Any]:
    """What all must hold for the condition; nothing for None. Undone by `all_of`."""
    if condition is None:
        return []
    return condition[1:] if isinstance(condition, list) and condition[:1] == ["and"] else [condition]


def all_of(parts: Sequence[Any]) -> Any:
    """The condition that all of the parts hold; None of none."""
    return None if not parts else parts[0] if len(parts) == 1 else ["and", *parts]


def behind(key: str, *conditions: Any) -> str:
    """The address of the list of an entity's records for which all of these hold."""
    return Query(filter=all_of(conditions)).url(collection(key))


def wrong(name: str, message: str) -> NoReturn:
    """Raises BadRequest for a parameter."""
    raise BadRequest(_("The query cannot be read."), errors={name: [message]})
