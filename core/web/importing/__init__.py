"""The import of a file: chosen on the list, its columns understood, rehearsed, run, taken back."""

from __future__ import annotations

from pyramid.config import Configurator

from core.http.entities import ALL, add_route
from core.http.paths import by_path, collection
from core.http.work import IMPORT_FORM
from core.services.importing.store import KEY
from core.web.importing import upload, views

_ONE = f"{collection(KEY)}/{{id:[1-9][0-9]*}}"


def includeme(config: Configurator) -> None:
    add_route(config, "web.import", f"{ALL}{IMPORT_FORM}", by_path(config.registry["kehu"].catalog))
    config.add_view(upload.ask, route_name="web.import", request_method="GET")
    config.add_view(upload.take, route_name="web.import", request_method="POST")
    for name, pattern, methods in (
        ("one", _ONE, {"GET": views.view, "POST": views.choose}),
        ("errors", f"{_ONE}/errors", {"GET": views.errors}),
        ("stop", f"{_ONE}/stop", {"POST": views.stop}),
        ("go_on", f"{_ONE}/continue", {"POST": views.go_on}),
        ("revert", f"{_ONE}/revert", {"POST": views.revert}),
    ):
        config.add_route(f"web.importing.{name}", pattern)
        for method, view in methods.items():
            config.add_view(view, route_name=f"web.importing.{name}", request_method=method)
