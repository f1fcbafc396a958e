"""`/api/v1`: the same services as the pages, in JSON."""

from __future__ import annotations

from pyramid.config import Configurator

from core.rest import (
    access,
    attachments,
    bulk,
    changes,
    collection,
    duplicates,
    history,
    me,
    openapi,
    problems,
    record,
    routes,
    search,
    tokens,
)

NOTHING = "rest.nothing"
# Each has `routes(catalog)`. The first that fits an address answers it.
MODULES = (
    me,
    search,
    openapi,
    tokens,
    duplicates,
    attachments,
    collection,
    bulk,
    record,
    access,
    changes,
    history,
)


def includeme(config: Configurator) -> None:
    """The routes of all modules, and one for all other addresses under `/api`."""
    catalog = config.registry["kehu"].catalog
    known = [route for module in MODULES for route in module.routes(catalog)]
    config.registry["kehu.rest"] = known
    routes.add(config, known)
    config.add_route(NOTHING, "/api/*rest")
    config.add_view(problems.nothing, route_name=NOTHING)
    config.include(problems)
