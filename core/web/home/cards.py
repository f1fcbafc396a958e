"""The cards of a start page: the kernel's own and those of plugins, each isolated."""

from __future__ import annotations

from dataclasses import dataclass

from pyramid.request import Request

from core.services.periods import Period
from core.services.work import Ctx
from core.web.home.own import CARDS
from core.web.isolation import drawn
from core.web.panels import ordered
from plugins import Card


@dataclass(frozen=True)
class Block:
    """A card as it came out: its HTML, or the number of the incident that kept it from it."""

    key: str
    title: str
    wide: bool
    html: str
    incident: str


def blocks(request: Request, ctx: Ctx, period: Period) -> list[Block]:
    """The cards for the actor's profile, in their order; those with nothing to show are left out."""
    profile = ctx.rights.person.profile
    mine = [card for card in (*CARDS, *ctx.kernel.cards.values()) if profile in card.profiles]
    found = (_block(request, ctx, card, period) for card in ordered(mine))
    return [block for block in found if block.html or block.incident]


def _block(request: Request, ctx: Ctx, card: Card, period: Period) -> Block:
    html, incident = drawn(request, ctx, f"card {card.key}", lambda: card.render(ctx, period))
    return Block(card.key, card.title, card.wide, html, incident)
