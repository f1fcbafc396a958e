"""Addresses of entities: `core.customer` is `/core/customers`, `customers.care_task` is `/customers/care-tasks`."""

from __future__ import annotations

from functools import cache

from pyramid.request import Request

from core.entities.naming import plural
from core.security.catalog import Catalog
from plugins import Entity

API = "/api/v1"


@cache
def collection(key: str) -> str:
    """The path of an entity's collection, without a prefix."""
    area, _dot, name = key.partition(".")
    return f"/{area}/{plural(name.replace('_', '-'))}"


def by_path(catalog: Catalog) -> dict[str, Entity]:
    """Entities by the path of their collection."""
    return {collection(entity.key): entity for entity in catalog}


def instead(request: Request, record_id: int) -> str:
    """The address that was asked for, with another record's id in it."""
    return str(request.path).replace(f"/{request.matchdict['id']}", f"/{record_id}", 1)
