"""Who one is."""

from __future__ import annotations

from typing import Any

from pyramid.request import Request
from pyramid.response import Response

from core.rest.body import allow, query
from core.rest.reply import as_json
from core.services import people


def view(context: Any, request: Request) -> Response:
    """GET: the acting user, his unit and roles, and what he may do with each entity."""
    allow(request, "GET")
    query(request, ())
    return as_json(people.me(request.ctx, request.locale_name))
