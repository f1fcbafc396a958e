"""Language and looks: the user's own, before the login the browser's."""

from __future__ import annotations

from typing import Any

from pyramid.config import Configurator
from pyramid.events import NewRequest
from pyramid.httpexceptions import HTTPSeeOther
from pyramid.request import Request
from pyramid.response import Response
from pyramid.security import NO_PERMISSION_REQUIRED

from core.errors import BadRequest
from core.i18n import LANGUAGES, _
from core.services import people
from core.web.addresses import came_from
from core.web.login import PATH as LOGIN
from core.web.templating import AMOUNTS, DENSITIES, LANGUAGE_COOKIE, THEME_COOKIE, THEMES

CHOICES = {"language": LANGUAGES, "theme": THEMES, "density": DENSITIES, "amounts": AMOUNTS}
_YEAR = 365 * 24 * 3600


def includeme(config: Configurator) -> None:
    config.add_route("web.preferences", "/preferences")
    config.add_view(prefer, route_name="web.preferences", request_method="POST", permission=NO_PERMISSION_REQUIRED)
    config.add_subscriber(_language_of_cookie, NewRequest)


def _language_of_cookie(event: NewRequest) -> None:
    """Before the login only the cookie and the browser say the language. Pyramid would look into the query
    and the body too, which may be unreadable or too large.
    """
    event.request._LOCALE_ = event.request.cookies.get(LANGUAGE_COOKIE, "")


def prefer(context: Any, request: Request) -> Response:
    """Keep what was chosen and go back to where it was chosen."""
    chosen = {
        name: value for name, choices in CHOICES.items() if (value := _chosen(request, name, choices)) is not None
    }
    if request.identity is None:
        response = HTTPSeeOther(came_from(request, LOGIN))
        for name, cookie in (("language", LANGUAGE_COOKIE), ("theme", THEME_COOKIE)):
            if name in chosen:
                secure = request.scheme == "https"
                response.set_cookie(cookie, chosen[name], max_age=_YEAR, httponly=True, samesite="Lax", secure=secure)
        return response
    people.prefer(request.ctx, chosen)
    response = HTTPSeeOther(came_from(request))
    if "language" in chosen and LANGUAGE_COOKIE in request.cookies:
        response.delete_cookie(LANGUAGE_COOKIE)
    return response


def _chosen(request: Request, name: str, choices: tuple[str, ...]) -> str | None:
    value = request.POST.get(name)
    if value is not None and value not in choices:
        message = _("Choose one of: ${codes}.", mapping={"codes": ", ".join(choices)})
        raise BadRequest(errors={name: [message]})
    return value
