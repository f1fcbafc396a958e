"""An address of the API: its view, and beside it what the OpenAPI document says of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pyramid.config import Configurator
from pyramid.request import Request
from pyramid.response import Response

from core.http.entities import ALL, add_route
from core.http.paths import API, collection
from core.rest.once import once
from core.rest.spec import Spec
from plugins import Entity

_ID = "{id:[1-9][0-9]{0,18}}"


@dataclass(frozen=True)
class Route:
    """`path` follows `/api/v1`, a record's id in it is `{id}`; `entity` becomes the view's context. Routes of
    several entities with one name are the same behind the entity's own path.

    `describe(spec)` gives the OpenAPI path items of the address, by path. `repeats=False`: no reply is
    kept to be repeated, since it holds a secret.
    """

    name: str
    path: str
    view: Callable[[Any, Request], Response]
    describe: Callable[[Spec], Mapping[str, Any]]
    entity: Entity | None = None
    repeats: bool = True


def add(config: Configurator, known: Iterable[Route]) -> None:
    """The first that fits an address answers it."""
    kinds: dict[str, list[Route]] = {}
    for route in known:
        kinds.setdefault(route.name, []).append(route)
    for name, routes in kinds.items():
        route = routes[0]
        path = API + route.path.replace("{id}", _ID)
        entities = {collection(one.entity.key): one.entity for one in routes if one.entity is not None}
        if entities:
            add_route(config, f"rest.{name}", path.replace(next(iter(entities)), ALL, 1), entities)
        else:
            config.add_route(f"rest.{name}", path, factory=lambda request: None)
        config.add_view(once(route.view) if route.repeats else route.view, route_name=f"rest.{name}")
