"""An address of the API: its view, and beside it what the OpenAPI document says of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from pyramid.config import Configurator
from pyramid.request import Request
from pyramid.response import Response

from core.http.paths import API
from core.http.work import current
from core.rest.once import once
from core.rest.spec import Spec
from plugins import Entity

_ID = "{id:[1-9][0-9]{0,18}}"


@dataclass(frozen=True)
class Route:
    """`path` follows `/api/v1`, a record's id in it is `{id}`; `entity` becomes the view's context.

    `describe(spec)` gives the OpenAPI path items of the address, by path. `repeats=False`: no reply is
    kept to be repeated, since it holds a secret.
    """

    name: str
    path: str
    view: Callable[[Any, Request], Response]
    describe: Callable[[Spec], Mapping[str, Any]]
    entity: Entity | None = None
    repeats: bool = True

    def add(self, config: Configurator) -> None:
        name, entity = f"rest.{self.name}", self.entity
        factory = (lambda request: None) if entity is None else partial(current, entity)
        config.add_route(name, API + self.path.replace("{id}", _ID), factory=factory)
        config.add_view(once(self.view) if self.repeats else self.view, route_name=name)
