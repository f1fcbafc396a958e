"""The pages of every entity of the catalog."""

from __future__ import annotations

from functools import partial
from typing import Any

from pyramid.config import Configurator
from pyramid.httpexceptions import HTTPSeeOther
from pyramid.request import Request
from pyramid.response import Response

from core.http.paths import by_path, collection
from core.http.work import current
from core.security.catalog import is_business
from core.services.work import Ctx
from core.web import details, lists, lookup, verbs
from core.web.forms import views as forms
from core.web.frame import may_visit

_ID = "{id:[1-9][0-9]*}"


def includeme(config: Configurator) -> None:
    config.add_route("web.home", "/")
    config.add_view(home, route_name="web.home", request_method="GET")
    for path, entity in by_path(config.registry["kehu"].catalog).items():
        for name, pattern, methods in (
            ("list", path, {"GET": lists.view}),
            ("lookup", f"{path}/lookup", {"GET": lookup.view}),
            ("new", f"{path}/new", {"GET": forms.new, "POST": forms.create}),
            ("record", f"{path}/{_ID}", {"GET": details.view}),
            ("edit", f"{path}/{_ID}/edit", {"GET": forms.edit, "POST": forms.change}),
            ("delete", f"{path}/{_ID}/delete", {"POST": details.delete}),
            ("verb", f"{path}/{_ID}/actions/{{verb}}", {"GET": verbs.ask, "POST": verbs.act}),
        ):
            route = f"web.{entity.key}.{name}"
            config.add_route(route, pattern, factory=partial(current, entity))
            for method, view in methods.items():
                config.add_view(view, route_name=route, request_method=method)


def home(context: Any, request: Request) -> Response:
    """To the first list that the user has."""
    ctx: Ctx = request.ctx
    visible = [entity for entity in ctx.catalog if may_visit(ctx, entity)]
    first = next((entity for entity in visible if is_business(entity)), visible[0])
    return HTTPSeeOther(collection(first.key))
