"""Pages for what cannot be shown or done. They say what to do next and never how the inside looks."""

from __future__ import annotations

import datetime as dt
import logging
import secrets
from dataclasses import dataclass
from typing import Any

from pyramid.config import Configurator
from pyramid.exceptions import BadCSRFOrigin, BadCSRFToken
from pyramid.httpexceptions import HTTPForbidden, HTTPNotFound, HTTPPermanentRedirect
from pyramid.request import Request
from pyramid.response import Response

from core.db import engine as engines
from core.db.database import LostCommit
from core.errors import BadRequest, Conflict, Forbidden, KehuError, Merged, NoRoom, NotFound, TooMany
from core.http.paths import instead
from core.http.work import SAFE
from core.i18n import _
from core.web import format as formats
from core.web.addresses import came_from
from core.web.assets import PREFIX
from core.web.frame import afresh, frame
from core.web.login import to_login
from core.web.templating import page

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Notice:
    """What a page says. `tone` is the colour of its icon, `back` where it offers to return to."""

    title: str
    text: str
    icon: str = "alert-circle"
    tone: str = ""
    details: tuple[str, ...] = ()
    back: str = ""
    incident: str = ""


NOTHING = Notice(
    _("There is no such page, or you may not see it"),
    _(
        "The address may be mistyped, the record deleted, or somebody else's. "
        "So that nobody learns who has what, all of these look the same."
    ),
    "search",
)
FORGED = Notice(
    _("This form has expired"),
    _("It was opened too long ago or in another window. Nothing was saved. Go back, reload the page and try again."),
    "refresh",
    "warn",
)
LATER = Notice(
    _("Not available at the moment"),
    _("Wait a moment and try again. If you were saving, look first whether it was done."),
    "hourglass",
    "warn",
)


def includeme(config: Configurator) -> None:
    config.add_exception_view(refused, KehuError)
    config.add_exception_view(absent, HTTPNotFound)
    config.add_exception_view(not_logged_in, HTTPForbidden)
    for forged_by in (BadCSRFToken, BadCSRFOrigin):
        config.add_exception_view(forged, forged_by)
    config.add_exception_view(unreadable, UnicodeDecodeError)
    config.add_exception_view(failed, Exception)


def refused(error: KehuError, request: Request) -> Response:
    if isinstance(error, Merged) and request.method in SAFE:
        return HTTPPermanentRedirect(instead(request, error.to))
    return reply(request, error)


def absent(error: HTTPNotFound, request: Request) -> Response:
    if request.path_info.startswith(PREFIX):
        return Response(status=404, content_type="text/plain", text="404")
    return reply(request, NotFound())


def not_logged_in(error: HTTPForbidden, request: Request) -> Response:
    return to_login(request)


def forged(error: Any, request: Request) -> Response:
    return _page(request, FORGED, 400)


def unreadable(error: UnicodeDecodeError, request: Request) -> Response:
    return reply(request, BadRequest(_("The address or the form holds characters that cannot be read.")))


def failed(error: Exception, request: Request) -> Response:
    """What nobody foresaw. The log has the details under the incident's number; the page has the number."""
    if engines.retryable(error) or isinstance(error, LostCommit):
        log.warning("gave up for now: %s", type(error).__name__)
        response = _page(request, LATER, 503)
        response.headers["Retry-After"] = "2"
        return response
    if engines.disk_full(error):
        log.error("no room left at %s %s", request.method, request.path, exc_info=error)
        return reply(request, NoRoom())
    incident = secrets.token_hex(4)
    log.error("incident %s at %s %s", incident, request.method, request.path, exc_info=error)
    text = _("Nothing was saved. Try again; if it happens again, tell your administrator the number below.")
    title = _("Something went wrong here, not with you")
    return _page(request, Notice(title, text, "alert-triangle", "bad", incident=incident), 500)


def reply(request: Request, error: KehuError) -> Response:
    """The page for an error of ours."""
    if isinstance(error, TooMany):
        return _wait(request, error)
    if isinstance(error, NotFound):
        return _page(request, NOTHING, 404)
    icon, tone = {Forbidden: ("lock", "warn"), Conflict: ("git-merge", "warn")}.get(
        next((kind for kind in (Forbidden, Conflict) if isinstance(error, kind)), KehuError), ("alert-circle", "warn")
    )
    notice = Notice(error.title, error.detail or "", icon, tone, tuple(error.messages), back=came_from(request, ""))
    return _page(request, notice, error.status)


def _wait(request: Request, error: TooMany) -> Response:
    """When to try again; the same for names that exist and names that do not."""
    kernel = request.kernel
    until = kernel.clock.now() + dt.timedelta(seconds=error.seconds)
    time = formats.time(until, kernel.clock.zone)
    minutes = -(-error.seconds // 60)
    response = page(request, "locked", status=error.status, detail=error.detail, time=time, minutes=minutes)
    response.headers["Retry-After"] = str(error.seconds)
    return response


def _page(request: Request, notice: Notice, status: int) -> Response:
    """In the frame of whoever is logged in. Without one where that cannot be found out."""
    around = None
    if status != 503:
        try:
            with afresh(request) as ctx:
                around = frame(request, ctx) if ctx is not None else None
        except Exception as error:
            log.error("no frame for a page of status %s", status, exc_info=error)
    return page(request, "error", status=status, frame=around, notice=notice)
