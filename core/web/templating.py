"""Jinja2 as our templates use it, and the one way in which a page is made."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from functools import lru_cache
from typing import Any

from jinja2 import pass_context
from jinja2.runtime import Context
from pyramid.config import Configurator
from pyramid.csrf import get_csrf_token
from pyramid.events import BeforeRender
from pyramid.renderers import render_to_response
from pyramid.request import Request
from pyramid.response import Response
from pyramid.threadlocal import get_current_request

from core.db import folding
from core.i18n import DOMAIN, isolated
from core.web import format as formats
from core.web.addresses import record_path
from core.web.assets import asset, icon
from core.web.query import behind

TEMPLATES = "core.web:templates"
THEMES = ("light", "dark", "system")
DENSITIES = ("comfortable", "compact")
AMOUNTS = ("whole", "short")
THEME_COOKIE = "kehu_theme"
NONE = "—"  # for plugins' templates; lists and records have `core.web.values`
LANGUAGE_COOKIE = "_LOCALE_"  # Pyramid's own


def includeme(config: Configurator) -> None:
    config.add_settings(
        {
            "jinja2.undefined": "strict",
            "jinja2.trim_blocks": True,
            "jinja2.lstrip_blocks": True,
            "jinja2.filters": {
                "say": say,
                "spoken": spoken,
                "noun": noun,
                "number": number,
                "initials": formats.initials,
                "isolated": isolated,
                "bytes": size,
                "brief_moment": brief_moment,
                "brief_day": brief_day,
                "day": day,
                "time": time,
                "line_moment": line_moment,
                "moment": moment,
                "money": money,
                "brief_money": brief_money,
            },
            "jinja2.globals": {
                "gettext": gettext,
                "ngettext": ngettext,
                "asset": asset,
                "icon_path": icon,
                "csrf_token": csrf_token,
                "record_path": record_path,
                "list_path": behind,
            },
        }
    )
    config.include("pyramid_jinja2")
    config.add_subscriber(_add_surroundings, BeforeRender)


def page(request: Request, template: str, /, *, status: int = 200, **values: Any) -> Response:
    """The template as a reply."""
    response = render_to_response(f"{TEMPLATES}/{template}.jinja2", values, request=request)
    response.status_int = status
    return response


def theme(request: Request) -> str:
    """`light`, `dark` or `system`: the user's own, before that the browser's."""
    identity = getattr(request, "found_identity", None)
    chosen = (identity.theme if identity else None) or request.cookies.get(THEME_COOKIE)
    return chosen if chosen in THEMES else "system"


def density(request: Request) -> str:
    """`comfortable` or `compact`: the user's own."""
    identity = getattr(request, "found_identity", None)
    return identity.density if identity and identity.density in DENSITIES else DENSITIES[0]


def amounts(request: Request) -> str:
    """`whole` or `short`, in 万 or millions: how lists write amounts, the user's own choice (M21)."""
    identity = getattr(request, "found_identity", None)
    return identity.amounts if identity and identity.amounts in AMOUNTS else AMOUNTS[0]


def _add_surroundings(event: BeforeRender) -> None:
    request = event.get("request")
    if request is not None:
        event.setdefault("language", request.locale_name)
        event.setdefault("theme", theme(request))
        event.setdefault("density", density(request))
        event.setdefault("site", request.registry["kehu"].settings.title)


# --- messages: Jinja's own, but what stands in a gap has no effect beyond it ---------------------


@pass_context
def gettext(context: Context, message: str, /, **gaps: Any) -> str:
    said = get_current_request().localizer.translate(message, domain=DOMAIN)
    return _filled(context, said, gaps)


@pass_context
def ngettext(context: Context, one: str, many: str, n: int, /, **gaps: Any) -> str:
    said = get_current_request().localizer.pluralize(one, many, n, domain=DOMAIN)
    return _filled(context, said, {"num": n} | gaps)


def _filled(context: Context, said: str, gaps: dict[str, Any]) -> str:
    if context.eval_ctx.autoescape:
        said = context.environment.filters["safe"](said)
    return said % {name: isolated(value) for name, value in gaps.items()}


# --- filters ------------------------------------------------------------------------------------


def say(text: str) -> str:
    """A translatable string of Python code, in the reply's language."""
    return str(get_current_request().say(text))


@lru_cache(maxsize=1000)  # every page has all places and actions
def spoken(text: str) -> str:
    """How a Chinese text is typed on a Latin keyboard: its initials, then its syllables."""
    return (folding.spoken(text) or "").lower().replace(" ", "")


def noun(text: str) -> str:
    """The same inside a sentence."""
    return formats.noun(say(text), get_current_request().locale_name)


def number(value: int) -> str:
    return formats.number(value, get_current_request().locale_name)


def size(value: int) -> str:
    """So many bytes."""
    return formats.size(value, get_current_request().locale_name)


def brief_moment(value: dt.datetime, zone: dt.tzinfo, now: dt.datetime) -> str:
    return formats.short_moment(value, get_current_request().locale_name, zone, now)


def brief_day(value: dt.date, today: dt.date) -> str:
    return formats.short_day(value, get_current_request().locale_name, today)


def time(value: dt.datetime, zone: dt.tzinfo) -> str:
    return formats.time(value, zone)


def day(value: dt.date | None) -> str:
    return NONE if value is None else formats.day(value, get_current_request().locale_name)


def moment(value: dt.datetime | None) -> str:
    """Day and time in the site's zone."""
    request = get_current_request()
    zone = request.registry["kehu"].clock.zone
    return NONE if value is None else formats.moment(value, request.locale_name, zone)


def line_moment(value: dt.datetime) -> str:
    """The same for a line among others of what happened."""
    request = get_current_request()
    return formats.short_day_and_time(value, request.locale_name, request.registry["kehu"].clock.zone, request.ctx.now)


def money(value: Decimal | int | None, currency: str) -> str:
    return NONE if value is None else formats.money(Decimal(value), currency, get_current_request().locale_name)


def brief_money(value: Decimal | int, currency: str) -> str:
    return formats.brief_money(Decimal(value), currency, get_current_request().locale_name)


def csrf_token() -> str:
    """What a form must send back."""
    return str(get_csrf_token(get_current_request()))
