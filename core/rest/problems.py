"""Refusals as problem documents (RFC 9457). They carry no address and no id: an absent record and a
hidden one get the same bytes.
"""

from __future__ import annotations

import json
import logging
import secrets
from collections.abc import Callable
from typing import Any, NoReturn

from pyramid.config import Configurator
from pyramid.httpexceptions import HTTPForbidden, HTTPNotFound
from pyramid.request import Request
from pyramid.response import Response

from core.db import engine as engines
from core.db.database import LostCommit
from core.errors import KehuError, Merged, NoRoom, NotFound, Stale, TooMany, Unavailable
from core.http.paths import instead
from core.http.work import SAFE
from core.i18n import _
from core.services.undo import UndoConflict

log = logging.getLogger(__name__)
TYPE = "application/problem+json"


class NoLogin(KehuError):
    """401: no token, or one that does not count."""

    status = 401
    title = _("Send a valid token")


class WrongMethod(KehuError):
    """405: this address does not do that."""

    status = 405
    title = _("This address does not take this method")

    def __init__(self, allowed: str) -> None:
        super().__init__()
        self.allowed = allowed


class WrongType(KehuError):
    """415: not JSON."""

    status = 415
    title = _("Send JSON: Content-Type: application/json")


class Failed(KehuError):
    """500: a fault of ours."""

    status = 500
    title = _("Something went wrong here, not with you")


def includeme(config: Configurator) -> None:
    config.add_view_predicate("is_api", IsApi)
    config.add_exception_view(refused, KehuError, is_api=True)
    config.add_exception_view(lambda error, request: reply(request, NotFound()), HTTPNotFound, is_api=True)
    config.add_exception_view(lambda error, request: reply(request, NoLogin()), HTTPForbidden, is_api=True)
    config.add_exception_view(failed, Exception, is_api=True)


class IsApi:
    """A view predicate: whether the request is for the API."""

    def __init__(self, value: bool, info: Any) -> None:
        self.value = value

    def text(self) -> str:
        return f"is_api = {self.value}"

    phash = text

    def __call__(self, context: Any, request: Request) -> bool:
        return request.path_info.startswith("/api/") is self.value


def nothing(context: Any, request: Request) -> NoReturn:
    """An address under `/api` that leads nowhere."""
    raise NotFound


def refused(error: KehuError, request: Request) -> Response:
    if isinstance(error, Merged) and request.method in SAFE:
        return Response(status=308, location=instead(request, error.to))
    return reply(request, error)


def failed(error: Exception, request: Request) -> Response:
    """What nobody foresaw. The log has the details under the incident's number; the client has not."""
    if engines.retryable(error) or isinstance(error, LostCommit):
        log.warning("gave up for now: %s", type(error).__name__)
        return reply(request, Unavailable())
    if engines.disk_full(error):
        log.error("no room left at %s %s", request.method, request.path, exc_info=error)
        return reply(request, NoRoom())
    incident = secrets.token_hex(4)
    log.error("incident %s at %s %s", incident, request.method, request.path, exc_info=error)
    return reply(request, Failed(_("Incident ${number}", mapping={"number": incident})))


def reply(request: Request, error: KehuError) -> Response:
    """The problem document of an error, in the reader's language."""
    document: dict[str, Any] = {"type": "about:blank", "title": request.say(error.title), "status": error.status}
    document |= facts(error, request.say) | error.more
    if isinstance(error, Stale):
        document["current"] = error.current
    if isinstance(error, UndoConflict):
        document["conflicts"] = error.conflicts
    response = Response(status=error.status, content_type=TYPE, charset="utf-8", body=dumps(document))
    if isinstance(error, NoLogin):
        response.headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, WrongMethod):
        response.headers["Allow"] = error.allowed
    if isinstance(error, TooMany):
        response.headers["Retry-After"] = str(error.seconds)
    if isinstance(error, Unavailable):
        response.headers["Retry-After"] = "2"
    return response


def facts(error: KehuError, say: Callable[[str], str]) -> dict[str, Any]:
    """What an error says beyond its title: `detail`, `code` and `errors` by field, as far as it has them."""
    found: dict[str, Any] = {}
    if error.detail:
        found["detail"] = say(error.detail)
    if error.code:
        found["code"] = error.code
    if error.errors:
        found["errors"] = {name: [say(message) for message in messages] for name, messages in error.errors.items()}
    return found


def dumps(document: Any) -> bytes:
    """UTF-8 JSON; what no encoding has (half a surrogate pair in a name sent to us) becomes `?`."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
