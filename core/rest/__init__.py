"""`/api/v1`: the same services as the pages, in JSON."""

from __future__ import annotations

from pyramid.config import Configurator

from core.http.paths import API, by_path
from core.rest import collection, me, openapi, problems, record

NOTHING = "rest.nothing"
ID = "{id:[1-9][0-9]{0,18}}"


def includeme(config: Configurator) -> None:
    """Routes for every entity of the catalog, and one for all other addresses under `/api`."""
    catalog = config.registry["kehu"].catalog
    config.add_route("rest.me", f"{API}/me")
    config.add_view(me.view, route_name="rest.me")
    config.add_route("rest.openapi", f"{API}/openapi.json")
    config.add_view(openapi.view, route_name="rest.openapi")
    for path, entity in by_path(catalog).items():
        name = f"rest.{entity.key}"
        config.add_route(name, f"{API}{path}", factory=lambda request, entity=entity: entity)
        config.add_view(collection.view, route_name=name)
        config.add_route(f"{name}.record", f"{API}{path}/{ID}", factory=lambda request, entity=entity: entity)
        config.add_view(record.view, route_name=f"{name}.record")
        verb_path = f"{API}{path}/{ID}/actions/{{verb}}"
        config.add_route(f"{name}.verb", verb_path, factory=lambda request, entity=entity: entity)
        config.add_view(record.act, route_name=f"{name}.verb")
    config.add_route(NOTHING, "/api/*rest")
    config.add_view(problems.nothing, route_name=NOTHING)
    config.include(problems)
