"""The hooks that the kernel calls. A plugin implements those it needs and leaves out the rest."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from .contributions import Column, Entity, Panel
from .markers import hookspec


class Hooks(Protocol):
    """Every hook's name, arguments and contract."""

    @hookspec
    def register_entities(self) -> Iterable[Entity]:
        """The kinds of record that this plugin owns.

        When: once at boot, after the models of all enabled plugins are loaded.
        Result: entities whose keys start with the plugin's name and a dot.
        Failure: an exception, or a key that is already taken, stops the boot.
        """

    @hookspec
    def register_panels(self) -> Iterable[Panel]:
        """Blocks for the record pages of any entity, named by its key.

        When: once at boot, after all entities are known.
        Result: panels; those of one page stand in the order of the plugins, then as returned.
        Failure: an exception, or a key that is already taken, stops the boot.
        """

    @hookspec
    def register_columns(self) -> Iterable[Column]:
        """Columns for the list of any entity, named by its key.

        When: once at boot, after all entities are known.
        Result: columns; those of one list stand in the order of the plugins, then as returned.
        Failure: an exception, or a key that is already taken, stops the boot.
        """
