"""Addresses of entities: `core.customer` is `/core/customers`, `customers.care_task` is `/customers/care-tasks`."""

from __future__ import annotations

import re

from pyramid.request import Request

from core.security.catalog import Catalog
from plugins import Entity

API = "/api/v1"
_UNCOUNTED = {"audit"}  # words for a mass, which have no plural


def collection(key: str) -> str:
    """The path of an entity's collection, without a prefix."""
    area, _dot, name = key.partition(".")
    word = name.replace("_", "-")
    if word in _UNCOUNTED:
        return f"/{area}/{word}"
    if re.search("[^aeiou]y$", word):
        word = word[:-1] + "ies"
    elif re.search("(s|x|ch|sh)$", word):
        word += "es"
    else:
        word += "s"
    return f"/{area}/{word}"


def by_path(catalog: Catalog) -> dict[str, Entity]:
    """Entities by the path of their collection."""
    return {collection(entity.key): entity for entity in catalog}


def instead(request: Request, record_id: int) -> str:
    """The address that was asked for, with another record's id in it."""
    return str(request.path).replace(f"/{request.matchdict['id']}", f"/{record_id}", 1)
