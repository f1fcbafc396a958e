"""Every component of the pages on one page: to look at, and to build with."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

from pyramid.config import Configurator
from pyramid.request import Request
from pyramid.response import Response

from core.describe.customer import STATES
from core.services.work import Ctx
from core.web.assets import FOLDER, icons
from core.web.frame import frame
from core.web.templating import page
from core.web.values import CLOSED, EMPTY, Value

# What the tokens of `tokens.css` are for; the colours among them are shown as they are.
COLOURS = ("--k-canvas", "--k-surface", "--k-sunken", "--k-line", "--k-ink", "--k-ink-2", "--k-ink-3", "--k-accent")
_SIZE = re.compile(r"--k-fs-([a-z]+):\s*([^;]+);")

VALUES = (
    Value("text", "Acme"),
    Value("number", "¥1,860,000"),
    Value("link", "华东科技", "/"),
    Value("away", "021-5550-1234", "tel:02155501234"),
    Value("masked", "138****1234"),
    CLOSED,
    EMPTY,
    Value("late", "11-20"),
    Value("gone", "Acme"),
    Value("many", items=(Value("text", "ERP"), Value("text", "PLM"))),
    Value("failed", "4f2a91c7"),
)


@dataclass(frozen=True)
class Size:
    """A size of type."""

    name: str
    css: str


def includeme(config: Configurator) -> None:
    config.add_route("web.design", "/design")
    config.add_view(view, route_name="web.design", request_method="GET")


def view(context: Any, request: Request) -> Response:
    """GET: for whoever is logged in."""
    ctx: Ctx = request.ctx
    return page(
        request,
        "design",
        frame=frame(request, ctx),
        colours=COLOURS,
        sizes=sizes(),
        states=STATES,
        values=VALUES,
        icons=sorted(icons()),
    )


@cache
def sizes() -> tuple[Size, ...]:
    """The sizes of type, as the tokens name them."""
    found = _SIZE.findall((FOLDER / "tokens.css").read_text(encoding="utf-8"))
    return tuple(Size(name, css.strip()) for name, css in dict(found).items())
