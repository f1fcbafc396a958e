"""The start page: the day of a representative, a manager's department, an executive's overview (M32)."""

from __future__ import annotations

from pyramid.config import Configurator

from core.web.frame import HOME
from core.web.home import views


def includeme(config: Configurator) -> None:
    config.add_route("web.home", HOME)
    config.add_view(views.view, route_name="web.home", request_method="GET")
    for name, act in (("done", views.done), ("later", views.later), ("read", views.read)):
        config.add_route(f"web.day.{name}", f"/day/{{id:[1-9][0-9]*}}/{name}")
        config.add_view(act, route_name=f"web.day.{name}", request_method="POST")
