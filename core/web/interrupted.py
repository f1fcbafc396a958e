"""A form that is sent after its session has ended. What was typed goes along through the login, and is not lost."""

from __future__ import annotations

import json
from dataclasses import dataclass

from pyramid.request import Request

from core.http.files import is_form
from core.http.work import SAFE
from core.web.addresses import local

_MOST = 2**20  # characters; who has typed more than that has not typed it
_UNTYPED = ("csrf_token", "version", "once", "base")
_SECRET = ("csrf_token", "password")


@dataclass(frozen=True)
class Interrupted:
    """What was sent, and where to."""

    path: str
    fields: tuple[tuple[str, str], ...]

    def text(self) -> str:
        """For a hidden field of the login form. Undone by `read`."""
        return json.dumps([self.path, self.fields], ensure_ascii=False)


def of(request: Request) -> Interrupted | None:
    """The form in the request; None if there is none, or nothing that somebody has typed."""
    if request.method in SAFE or is_form(request):
        return None
    return _whole(request.path_qs, list(request.POST.items()))


def read(text: str) -> Interrupted | None:
    """What a login form has brought along."""
    try:
        path, fields = json.loads(text)
        return _whole(path, [(name, value) for name, value in fields])
    except (ValueError, TypeError, RecursionError):
        return None


def _whole(path: object, fields: list[tuple[object, object]]) -> Interrupted | None:
    texts = tuple((name, value) for name, value in fields if isinstance(name, str) and isinstance(value, str))
    typed = [value for name, value in texts if name not in _UNTYPED]
    if not isinstance(path, str) or local(path, "") != path or not any(typed) or sum(map(len, typed)) > _MOST:
        return None
    return Interrupted(path, tuple((name, value) for name, value in texts if name not in _SECRET))
