"""The pages: the same services as REST, in HTML. Everything is derived from the entities."""

from __future__ import annotations

from pyramid.config import Configurator


def includeme(config: Configurator) -> None:
    basics = ("assets", "templating", "preferences", "safety", "refusals", "login")
    for part in (
        *basics,
        "attachments",
        "search",
        "undo",
        "entities",
        "forms",
    ):  # addresses of its own before an entity's
        config.include(f"core.web.{part}")
