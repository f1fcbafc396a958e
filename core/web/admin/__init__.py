"""Administration: what is set for everybody, and the pages that no list of records gives."""

from __future__ import annotations

from pyramid.config import Configurator

PARTS = ("home", "units", "roles", "rights", "bin", "changes", "site", "leaver")


def includeme(config: Configurator) -> None:
    for part in PARTS:
        config.include(f"core.web.admin.{part}")
