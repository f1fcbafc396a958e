"""Pyramid's security policy: every view needs a login unless it says otherwise."""

from __future__ import annotations

from typing import Any

from pyramid.config import Configurator
from pyramid.request import Request
from pyramid.security import Allowed, Denied

from core.http.work import identify
from core.security.identity import Identity

LOGIN = "core.login"


class SecurityPolicy:
    """Who sends the request. What he may do with records is decided by his rights, not here."""

    def identity(self, request: Request) -> Identity | None:
        if not hasattr(request, "found_identity"):
            request.found_identity = identify(request)
        found: Identity | None = request.found_identity
        return found

    def authenticated_userid(self, request: Request) -> str | None:
        identity = self.identity(request)
        return identity.login if identity else None

    def permits(self, request: Request, context: Any, permission: str) -> Allowed | Denied:
        return Allowed("logged in") if self.identity(request) else Denied("not logged in")

    def remember(self, request: Request, userid: str, **kw: Any) -> list[Any]:
        return []

    def forget(self, request: Request, **kw: Any) -> list[Any]:
        return []


def includeme(config: Configurator) -> None:
    config.set_security_policy(SecurityPolicy())
    config.set_default_permission(LOGIN)
