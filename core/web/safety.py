"""What a request must bring before a page does anything: a token of ours, and no more than we take."""

from __future__ import annotations

import hmac
from secrets import token_hex
from typing import Any

from pyramid.config import Configurator
from pyramid.csrf import CookieCSRFStoragePolicy
from pyramid.events import NewRequest
from pyramid.request import Request

from core.errors import TooLarge
from core.http.files import form_of, is_form
from core.http.work import API, most_bytes

COOKIE = "kehu_csrf"
SALT = 16  # characters


def proof(token: str, salt: str) -> str:
    """What a form carries: of the token, but without it, and not the same in any two pages."""
    return salt + hmac.new(token.encode(), salt.encode(), "sha256").hexdigest()[:32]


class CsrfTokens(CookieCSRFStoragePolicy):
    """The token lies in a cookie, a proof of it comes back in the form; over https the cookie is for https only.

    Were the token itself in the pages, the lengths of many compressed ones could give it away (BREACH).
    """

    def __init__(self) -> None:
        super().__init__(COOKIE, httponly=True)
        self._over_https = CookieCSRFStoragePolicy(COOKIE, httponly=True, secure=True)

    def new_csrf_token(self, request: Request) -> str:
        if request.scheme == "https":
            return str(self._over_https.new_csrf_token(request))
        return str(super().new_csrf_token(request))

    def get_csrf_token(self, request: Request) -> str:
        return proof(super().get_csrf_token(request), request.csrf_salt)

    def check_csrf_token(self, request: Request, supplied_token: Any) -> bool:
        if not isinstance(supplied_token, str):
            return False
        expected = proof(super().get_csrf_token(request), supplied_token[:SALT])
        return hmac.compare_digest(expected.encode(), supplied_token.encode())


def includeme(config: Configurator) -> None:
    config.set_csrf_storage_policy(CsrfTokens())
    config.add_request_method(lambda request: token_hex(SALT // 2), "csrf_salt", reify=True)
    config.set_default_csrf_options(require_csrf=True, callback=is_page)
    config.add_subscriber(_refuse_unreadable, NewRequest)


def is_page(request: Request) -> bool:
    """Programs send a token of their own in a header; no browser does that by itself."""
    return not request.path_info.startswith(API)


def _refuse_unreadable(event: NewRequest) -> None:
    request = event.request
    if not is_page(request):
        return
    if (request.content_length or 0) > most_bytes(request, request.kernel.settings):
        raise TooLarge
    if is_form(request):
        form_of(request)
