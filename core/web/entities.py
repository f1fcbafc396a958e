"""The pages of every entity of the catalog."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyramid.config import Configurator
from pyramid.request import Request

from core.http.paths import by_path
from core.http.work import current
from core.web import access, alike, details, lookup, timeline, verbs
from core.web.forms import new, single
from core.web.forms import views as forms
from core.web.lists import arranging, cells, exporting, filtering, many, preview, saved
from core.web.lists import views as lists
from plugins import Entity

_LIST = "/{area}/{records}"
_ID = "{id:[1-9][0-9]*}"
_RECORD = f"{_LIST}/{_ID}"


def includeme(config: Configurator) -> None:
    config.add_route_predicate("among", Among)
    entities = by_path(config.registry["kehu"].catalog)
    for name, pattern, methods in (
        ("list", _LIST, {"GET": lists.view}),
        ("arrange", f"{_LIST}/arrange", {"GET": arranging.view}),
        ("filter", f"{_LIST}/filter", {"GET": filtering.view}),
        ("export", f"{_LIST}/export", {"POST": exporting.send}),
        ("views", f"{_LIST}/views", {"GET": saved.new, "POST": saved.create}),
        ("view", f"{_LIST}/views/{_ID}", {"GET": saved.edit, "POST": saved.change}),
        ("view.delete", f"{_LIST}/views/{_ID}/delete", {"POST": saved.delete}),
        ("lookup", f"{_LIST}/lookup", {"GET": lookup.view}),
        ("alike", f"{_LIST}/alike", {"POST": alike.view}),
        ("new", f"{_LIST}/new", {"GET": new.new, "POST": new.create}),
        ("preview", f"{_RECORD}/preview", {"GET": preview.fragment}),
        *((name, f"{_LIST}/{rest}", methods) for name, rest, methods in many.routes()),
        ("record", _RECORD, {"GET": details.view}),
        ("edit", f"{_RECORD}/edit", {"GET": forms.edit, "POST": forms.change}),
        ("delete", f"{_RECORD}/delete", {"POST": details.delete}),
        ("access", f"{_RECORD}/access", {"GET": access.view}),
        ("favourite", f"{_RECORD}/favourite", {"POST": details.favour}),
        ("write_down", f"{_RECORD}/log", {"POST": details.write_down}),
        ("take_back", f"{_RECORD}/changes/{{change:[0-9a-f-]{{36}}}}/undo", {"POST": timeline.take_back}),
        ("field", f"{_RECORD}/fields/{{field}}", {"GET": single.ask, "POST": cells.save}),
        ("done", f"{_RECORD}/done", {"POST": timeline.done}),
        ("verb", f"{_RECORD}/actions/{{verb}}", {"GET": verbs.ask, "POST": verbs.act}),
    ):
        route = f"web.entity.{name}"
        config.add_route(route, pattern, factory=_entity, among=entities)
        for method, view in methods.items():
            config.add_view(view, route_name=route, request_method=method)


class Among:
    """Lets a route fit only where its path begins with that of one of these entities.

    One route for all of them: an entity more costs neither time at the start nor time to find a page.
    """

    def __init__(self, entities: Mapping[str, Entity], config: Configurator) -> None:
        self.entities = entities

    def text(self) -> str:
        return "of an entity"

    phash = text

    def __call__(self, info: Mapping[str, Any], request: Request) -> bool:
        match = info["match"]
        match["entity"] = self.entities.get(f"/{match['area']}/{match['records']}")
        return match["entity"] is not None


def _entity(request: Request) -> Entity:
    return current(request.matchdict["entity"], request)
