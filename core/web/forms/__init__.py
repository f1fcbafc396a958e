"""Forms: deform's machinery with widgets and templates of our own."""

from __future__ import annotations

from pyramid.config import Configurator

from core.web.forms import again


def includeme(config: Configurator) -> None:
    config.add_exception_view(again.view, again.FormRefused)
