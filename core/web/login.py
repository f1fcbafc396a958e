"""Logging in and out."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from pyramid.config import Configurator
from pyramid.csrf import new_csrf_token
from pyramid.httpexceptions import HTTPSeeOther
from pyramid.request import Request
from pyramid.response import Response
from pyramid.security import NO_PERMISSION_REQUIRED

from core.http.work import COOKIE, SAFE
from core.i18n import _
from core.services import login
from core.web import interrupted
from core.web.addresses import after_login, came_from
from core.web.interrupted import Interrupted
from core.web.templating import LANGUAGE_COOKIE, page

PATH = "/login"
_DAY = 24 * 3600


def includeme(config: Configurator) -> None:
    config.add_route("web.login", PATH)
    config.add_view(ask, route_name="web.login", request_method="GET", permission=NO_PERMISSION_REQUIRED)
    config.add_view(log_in, route_name="web.login", request_method="POST", permission=NO_PERMISSION_REQUIRED)
    config.add_route("web.logout", "/logout")
    config.add_view(log_out, route_name="web.logout", request_method="POST")


def ask(context: Any, request: Request) -> Response:
    """The form, or on to where one wanted to go."""
    target = after_login(request.GET.get("next"))
    if request.identity is not None:
        return HTTPSeeOther(target)
    return forget(_form(request, target), request)


def log_in(context: Any, request: Request) -> Response:
    """A wrong password and an unknown name get the same answer; a locked name is refused by the service.

    A form that the login came between is handed back with all that was typed.
    """
    name, password = _text(request, "login"), _text(request, "password")
    target, kept = after_login(_text(request, "next")), interrupted.read(_text(request, "kept"))
    request.limits.logins.check(request.remote_addr)
    secret = login.log_in(request.kernel, name, password, request.visitor)
    if secret is None:
        request.limits.logins.count(request.remote_addr)
        message = _("The login name or the password is not right. Check both and try again.")
        return _form(request, target, name=name, message=message, kept=kept, status=422)
    new_csrf_token(request)
    response = HTTPSeeOther(target) if kept is None else page(request, "resume", kept=kept, target=target)
    days = request.kernel.settings.session_days
    response.set_cookie(
        COOKIE,
        secret,
        max_age=days * _DAY if _text(request, "keep") else None,
        httponly=True,
        samesite="Lax",
        secure=request.scheme == "https",
    )
    identity = login.by_session(request.work, secret, request.visitor)
    if identity is not None and identity.language and LANGUAGE_COOKIE in request.cookies:
        response.delete_cookie(LANGUAGE_COOKIE)  # his own choice counts from here on
    return response


def log_out(context: Any, request: Request) -> Response:
    """End the session, here and in the database."""
    login.log_out(request.work, request.identity)
    return forget(HTTPSeeOther(PATH), request)


def to_login(request: Request) -> Response:
    """To the login page, and from there back to where one wanted to go, with what was typed in a form."""
    target = after_login(request.path_qs if request.method in SAFE else came_from(request))
    kept = interrupted.of(request)
    if kept is not None:
        message = _("Your session has ended. Log in again: what you have typed is kept.")
        return forget(_form(request, target, message=message, kept=kept, status=403), request)
    query = "" if target == "/" else "?" + urlencode({"next": target})
    return forget(HTTPSeeOther(PATH + query), request)


def forget(response: Response, request: Request) -> Response:
    """Drop the cookie of a session that is over."""
    if COOKIE in request.cookies:
        response.delete_cookie(COOKIE)
    return response


def _form(
    request: Request,
    target: str,
    *,
    name: str = "",
    message: str = "",
    kept: Interrupted | None = None,
    status: int = 200,
) -> Response:
    days = request.kernel.settings.session_days
    values = {"target": target, "name": name, "message": message, "days": days, "kept": kept}
    return page(request, "login", status=status, **values)


def _text(request: Request, name: str) -> str:
    value = request.POST.get(name, "")
    return value if isinstance(value, str) else ""
