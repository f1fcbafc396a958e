"""The pages of every entity of the catalog."""

from __future__ import annotations

from functools import partial

from pyramid.config import Configurator

from core.http.paths import by_path
from core.http.work import current
from core.web import access, alike, details, lookup, timeline, verbs
from core.web.forms import new, single
from core.web.forms import views as forms
from core.web.lists import arranging, cells, exporting, filtering, many, preview, saved
from core.web.lists import views as lists

_ID = "{id:[1-9][0-9]*}"


def includeme(config: Configurator) -> None:
    for path, entity in by_path(config.registry["kehu"].catalog).items():
        for name, pattern, methods in (
            ("list", path, {"GET": lists.view}),
            ("arrange", f"{path}/arrange", {"GET": arranging.view}),
            ("filter", f"{path}/filter", {"GET": filtering.view}),
            ("export", f"{path}/export", {"POST": exporting.send}),
            ("views", f"{path}/views", {"GET": saved.new, "POST": saved.create}),
            ("view", f"{path}/views/{_ID}", {"GET": saved.edit, "POST": saved.change}),
            ("view.delete", f"{path}/views/{_ID}/delete", {"POST": saved.delete}),
            ("lookup", f"{path}/lookup", {"GET": lookup.view}),
            ("alike", f"{path}/alike", {"POST": alike.view}),
            ("new", f"{path}/new", {"GET": new.new, "POST": new.create}),
            ("preview", f"{path}/{_ID}/preview", {"GET": preview.fragment}),
            *((name, f"{path}/{rest}", methods) for name, rest, methods in many.routes()),
            ("record", f"{path}/{_ID}", {"GET": details.view}),
            ("edit", f"{path}/{_ID}/edit", {"GET": forms.edit, "POST": forms.change}),
            ("delete", f"{path}/{_ID}/delete", {"POST": details.delete}),
            ("access", f"{path}/{_ID}/access", {"GET": access.view}),
            ("favourite", f"{path}/{_ID}/favourite", {"POST": details.favour}),
            ("write_down", f"{path}/{_ID}/log", {"POST": details.write_down}),
            ("take_back", f"{path}/{_ID}/changes/{{change:[0-9a-f-]{{36}}}}/undo", {"POST": timeline.take_back}),
            ("field", f"{path}/{_ID}/fields/{{field}}", {"GET": single.ask, "POST": cells.save}),
            ("done", f"{path}/{_ID}/done", {"POST": timeline.done}),
            ("verb", f"{path}/{_ID}/actions/{{verb}}", {"GET": verbs.ask, "POST": verbs.act}),
        ):
            route = f"web.{entity.key}.{name}"
            config.add_route(route, pattern, factory=partial(current, entity))
            for method, view in methods.items():
                config.add_view(view, route_name=route, request_method=method)
