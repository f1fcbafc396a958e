"""Blocks on record pages: those of plugins, and the attachments."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from pyramid.request import Request

from core.security.catalog import is_business
from core.services.work import Ctx
from core.web import attachments
from core.web.isolation import drawn
from plugins import Card, Entity, Panel

T = TypeVar("T", Panel, Card)


@dataclass(frozen=True)
class Block:
    """A panel as it came out: its HTML, or the number of the incident that kept it from it.

    Of a list of related records also how many there are, where all of them are, and where one more is made,
    `begun` with the reference to the record; without that the actor makes none.
    """

    key: str
    title: str
    html: str
    incident: str
    number: str = ""
    url: str = ""
    new: str = ""
    begun: str = ""


def blocks(request: Request, ctx: Ctx, entity: Entity, record: Any) -> list[Block]:
    """The panels of a record's page, in their order."""
    mine = [panel for panel in ctx.kernel.panels.values() if panel.entity == entity.key]
    found = [_block(request, ctx, panel, record) for panel in ordered(mine)]
    if is_business(entity):
        html = attachments.panel(request, ctx, entity, record)
        found.append(Block(attachments.KEY, attachments.TITLE, html, ""))
    return found


def ordered(panels: Iterable[T]) -> list[T]:
    """As declared, except that a panel follows the one that its `after` names."""
    waiting, found = list(panels), list[T]()
    keys = {panel.key for panel in waiting}
    while waiting:
        placed = {panel.key for panel in found}
        ready = next((one for one in waiting if one.after not in keys or one.after in placed), waiting[0])
        waiting.remove(ready)
        found.append(ready)
    return found


def _block(request: Request, ctx: Ctx, panel: Panel, record: Any) -> Block:
    html, incident = drawn(request, ctx, f"panel {panel.key}", lambda: panel.render(ctx, record))
    return Block(panel.key, panel.title, html, incident)
