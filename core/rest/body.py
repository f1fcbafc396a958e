"""Reading what a program sends: strict JSON bodies, query strings without surprises, versions."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, NoReturn

from pyramid.request import Request

from core.errors import BadRequest, TooLarge
from core.fields import INT_MAX
from core.http.work import MOST_BYTES
from core.i18n import _, suggestion
from core.rest.problems import WrongMethod, WrongType

MOST_KEYS = 1000
_ETAG = re.compile(r'(?:W/)?"(\d{1,10})"')


def allow(request: Request, *methods: str) -> str:
    """The request's method; GET stands for HEAD. WrongMethod for any other."""
    method = "GET" if request.method == "HEAD" else request.method
    if method not in methods:
        raise WrongMethod(", ".join(methods))
    return str(method)


def json_object(request: Request, *, optional: bool = False) -> dict[str, Any]:
    """The body as a JSON object; `optional`: no body is an empty one."""
    if (request.content_length or 0) > MOST_BYTES:
        raise TooLarge
    body = request.body
    if optional and not body:
        return {}
    if request.content_type != "application/json":
        raise WrongType
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise BadRequest(_("The body is not UTF-8.")) from None
    document = strict_json(text, _("The body is not JSON, or names a key twice."))
    if not isinstance(document, dict) or len(document) > MOST_KEYS:
        raise BadRequest(_("Send a JSON object of at most ${n} fields.", mapping={"n": MOST_KEYS}))
    return document


def strict_json(text: bytes | str, fault: str) -> Any:
    """JSON without duplicate keys and without NaN; decimals stay exact."""
    try:
        return json.loads(text, object_pairs_hook=_once, parse_constant=_refuse, parse_float=Decimal)
    except (ValueError, RecursionError):
        raise BadRequest(fault) from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key twice")
    return found


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def version(request: Request, document: Mapping[str, Any]) -> int | None:
    """The version that was read: `If-Match: "3"` or `"version": 3`. BadRequest for anything else."""
    header = request.headers.get("If-Match")
    if header is not None:
        match = _ETAG.fullmatch(header.strip())
        if match is None:
            raise BadRequest(_('Write the version as If-Match: "3".'), errors={"If-Match": [_("Not a version.")]})
        return int(match[1])
    value = document.get("version")
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise BadRequest(_("The version is a whole number."), errors={"version": [_("Not a version.")]})
    return value


def record_id(request: Request) -> int:
    """The id in the address; a number too large for any record is as good as absent."""
    return min(int(request.matchdict["id"]), INT_MAX + 1)


def query(request: Request, known: Iterable[str]) -> dict[str, str]:
    """The query string, each name once and known. BadRequest otherwise."""
    try:
        pairs = list(request.GET.items())
    except UnicodeDecodeError:
        raise BadRequest(_("The query cannot be read.")) from None
    found: dict[str, str] = {}
    for name, value in pairs:
        if name not in known:
            hint = suggestion(name, known)
            wrong(name, _("There is no such parameter.${hint}", mapping={"hint": hint}))
        if name in found:
            wrong(name, _("Give this once."))
        if "\x00" in value:
            wrong(name, _("Remove the characters that cannot be stored."))
        found[name] = value
    return found


def whole_number(name: str, text: str) -> int:
    if not re.fullmatch("[0-9]{1,9}", text, re.ASCII):
        wrong(name, _("Give a whole number."))
    return int(text)


def wrong(parameter: str, message: str) -> NoReturn:
    raise BadRequest(_("The query cannot be read."), errors={parameter: [message]})
