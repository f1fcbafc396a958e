"""The pages of every entity of the catalog."""

from __future__ import annotations

from pyramid.config import Configurator

from core.http.entities import ALL, add_route
from core.http.paths import by_path
from core.web import access, alike, details, lookup, timeline, verbs
from core.web.forms import new, single
from core.web.forms import views as forms
from core.web.lists import arranging, cells, exporting, filtering, many, preview, saved
from core.web.lists import views as lists

_ID = "{id:[1-9][0-9]*}"
_RECORD = f"{ALL}/{_ID}"


def includeme(config: Configurator) -> None:
    entities = by_path(config.registry["kehu"].catalog)
    for name, pattern, methods in (
        ("list", ALL, {"GET": lists.view}),
        ("arrange", f"{ALL}/arrange", {"GET": arranging.view}),
        ("filter", f"{ALL}/filter", {"GET": filtering.view}),
        ("export", f"{ALL}/export", {"POST": exporting.send}),
        ("views", f"{ALL}/views", {"GET": saved.new, "POST": saved.create}),
        ("view", f"{ALL}/views/{_ID}", {"GET": saved.edit, "POST": saved.change}),
        ("view.delete", f"{ALL}/views/{_ID}/delete", {"POST": saved.delete}),
        ("lookup", f"{ALL}/lookup", {"GET": lookup.view}),
        ("alike", f"{ALL}/alike", {"POST": alike.view}),
        ("new", f"{ALL}/new", {"GET": new.new, "POST": new.create}),
        ("preview", f"{_RECORD}/preview", {"GET": preview.fragment}),
        *((name, f"{ALL}/{rest}", methods) for name, rest, methods in many.routes()),
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
        add_route(config, route, pattern, entities)
        for method, view in methods.items():
            config.add_view(view, route_name=route, request_method=method)
