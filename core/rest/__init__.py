"""`/api/v1`: the same services as the pages, in JSON."""

from __future__ import annotations

from pyramid.config import Configurator

from core.rest import access, attachments, bulk, collection, duplicates, me, openapi, problems, record, search, tokens

NOTHING = "rest.nothing"
# Each has `routes(catalog)`. The first that fits an address answers it.
MODULES = (me, openapi, search, tokens, duplicates, attachments, collection, bulk, record, access)


def includeme(config: Configurator) -> None:
    """The routes of all modules, and one for all other addresses under `/api`."""
    catalog = config.registry["kehu"].catalog
    known = [route for module in MODULES for route in module.routes(catalog)]
    config.registry["kehu.rest"] = known
    for route in known:
        route.add(config)
    config.add_route(NOTHING, "/api/*rest")
    config.add_view(problems.nothing, route_name=NOTHING)
    config.include(problems)
