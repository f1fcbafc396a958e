"""The pages: the same services as REST, in HTML. Everything is derived from the entities."""

from __future__ import annotations

from pyramid.config import Configurator

BASICS = ("assets", "templating", "preferences", "safety", "refusals", "login")
# Pages with addresses of their own, before an entity's.
OWN = ("home", "attachments", "search", "undo", "merging", "importing", "admin", "profile", "notices", "design")


def includeme(config: Configurator) -> None:
    for part in (*BASICS, *OWN, "entities", "forms"):
        config.include(f"core.web.{part}")
