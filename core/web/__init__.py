"""The pages: the same services as REST, in HTML. Everything is derived from the entities."""

from __future__ import annotations

from pyramid.config import Configurator


def includeme(config: Configurator) -> None:
    for part in ("assets", "templating", "preferences", "safety", "refusals", "login", "entities", "forms"):
        config.include(f"core.web.{part}")
    kernel = config.registry["kehu"]
    folders = [f"{manifest.package}{manifest.locale}" for manifest in kernel.manifests if manifest.locale]
    if folders:
        config.add_translation_dirs(*folders)
