"""A sentence for the next page, such as "Saved": it travels in a cookie over one redirect."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import asdict, dataclass

from pyramid.request import Request
from pyramid.response import Response

from core.web.addresses import local

COOKIE = "kehu_toast"
KINDS = ("saved", "created", "deleted", "restored", "done", "undone", "handed")
_LONGEST, _MOST_OTHERS = 80, 3


@dataclass(frozen=True)
class Toast:
    """`kind` chooses the sentence, `label` names the record; `undo` is where its undo is posted; `others` are
    records that may be the same as a new one, of what was handed over what went to whom.
    """

    kind: str
    label: str = ""
    undo: str = ""
    others: tuple[str, ...] = ()


def put(response: Response, request: Request, toast: Toast) -> Response:
    """Show the toast on the page that the reply leads to."""
    others = tuple(other[:_LONGEST] for other in toast.others[:_MOST_OTHERS])
    short = Toast(toast.kind, toast.label[:_LONGEST], toast.undo, others)
    text = base64.urlsafe_b64encode(json.dumps(asdict(short)).encode()).decode().rstrip("=")
    response.set_cookie(COOKIE, text, httponly=True, samesite="Lax", secure=request.scheme == "https")
    return response


def take(request: Request) -> Toast | None:
    """The toast that waits, once."""
    text = request.cookies.get(COOKIE)
    if not text:
        return None
    request.add_response_callback(lambda _request, response: response.delete_cookie(COOKIE))
    try:
        found = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        others = tuple(str(other) for other in found["others"][:_MOST_OTHERS])
        toast = Toast(str(found["kind"]), str(found["label"]), local(str(found["undo"]), ""), others)
    except (ValueError, KeyError, TypeError, binascii.Error):
        return None
    return toast if toast.kind in KINDS else None
