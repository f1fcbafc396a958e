"""Routes that serve every entity: `ALL` stands for the path of any of them.

One route for all: an entity more costs neither time at the start nor time to find the view of a request.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyramid.config import Configurator
from pyramid.request import Request

from plugins import Entity

ALL = "/{area}/{records}"


def includeme(config: Configurator) -> None:
    config.add_route_predicate("among", Among)


def add_route(config: Configurator, name: str, pattern: str, entities: Mapping[str, Entity]) -> None:
    """A route for these entities, which are by path; whichever is asked for becomes the view's context."""
    config.add_route(name, pattern, factory=current, among=entities)


class Among:
    """Lets a route fit the paths of some entities only."""

    def __init__(self, entities: Mapping[str, Entity], config: Configurator) -> None:
        self.entities = entities

    def text(self) -> str:
        return f"among = {', '.join(self.entities)}"

    phash = text

    def __call__(self, info: Mapping[str, Any], request: Request) -> bool:
        match = info["match"]
        match["entity"] = self.entities.get(f"/{match['area']}/{match['records']}")
        return match["entity"] is not None


def current(request: Request) -> Entity:
    """The context of these routes: the entity with the fields that it has now, once somebody is logged in."""
    entity: Entity = request.matchdict["entity"]
    return entity if request.identity is None else request.ctx.catalog[entity.key]
