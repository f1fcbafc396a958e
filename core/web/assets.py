"""Static files. Each address carries a hash of the content, so browsers may keep the file for ever."""

from __future__ import annotations

import hashlib
import re
from functools import cache
from pathlib import Path

from pyramid.config import Configurator
from pyramid.events import NewResponse

FOLDER = Path(__file__).parent / "static"
PREFIX = "/static/"
SPRITE = "vendor/tabler-icons/icons.svg"
YEAR = 365 * 24 * 3600


def includeme(config: Configurator) -> None:
    config.add_static_view("static", "core.web:static", cache_max_age=3600)
    config.add_subscriber(_keep_for_ever, NewResponse)


@cache
def asset(name: str) -> str:
    """The address of a file below `static/`."""
    digest = hashlib.sha256((FOLDER / name).read_bytes()).hexdigest()[:12]
    return f"{PREFIX}{name}?v={digest}"


@cache
def icon(name: str) -> str:
    """The address of an icon for `<use>`; a plain one where the sprite has none of that name."""
    return f"{asset(SPRITE)}#i-{name if name in icons() else 'list'}"


@cache
def icons() -> frozenset[str]:
    return frozenset(re.findall('id="i-([a-z0-9-]+)"', (FOLDER / SPRITE).read_text(encoding="utf-8")))


def _keep_for_ever(event: NewResponse) -> None:
    request, response = event.request, event.response
    if request.path_info.startswith(PREFIX) and response.status_int == 200:
        name, version = request.path_info.removeprefix(PREFIX), request.GET.get("v")
        if version and (FOLDER / name).is_file() and asset(name).endswith(f"?v={version}"):
            del response.expires
            response.headers["Cache-Control"] = f"public, max-age={YEAR}, immutable"
