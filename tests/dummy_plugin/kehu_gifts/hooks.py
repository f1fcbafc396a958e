"""What the plugin gives to the kernel."""

from __future__ import annotations

from collections.abc import Iterable

from plugins import Card, Column, Entity, Extension, ListView, Panel, hookimpl


class Gifts:
    """The hooks. Each imports its part when it is called, so that models are mapped only then."""

    @hookimpl
    def register_entities(self) -> Iterable[Entity]:
        from .entities import ENTITIES

        return ENTITIES

    @hookimpl
    def register_extensions(self) -> Iterable[Extension]:
        from .entities import EXTENSIONS

        return EXTENSIONS

    @hookimpl
    def register_cards(self) -> Iterable[Card]:
        from .panels import CARDS

        return CARDS

    @hookimpl
    def register_panels(self) -> Iterable[Panel]:
        from .panels import PANELS

        return PANELS

    @hookimpl
    def register_columns(self) -> Iterable[Column]:
        from .panels import COLUMNS

        return COLUMNS

    @hookimpl
    def register_list_views(self) -> Iterable[ListView]:
        from .panels import LIST_VIEWS

        return LIST_VIEWS


plugin = Gifts()
