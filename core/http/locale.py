"""The language of a reply: the user's own, before that what the browser asks for, else Chinese."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from pyramid.config import Configurator
from pyramid.i18n import default_locale_negotiator
from pyramid.request import Request

from core.i18n import LANGUAGES, spoken

DEFAULT = LANGUAGES[0]
_LOCALES = {"zh_Hans": "zh_Hans", "en": "en"}


def includeme(config: Configurator) -> None:
    config.set_locale_negotiator(negotiate)
    config.add_request_method(_say, "say", reify=True)
    # The kernel's words come first: what a plugin says otherwise is not used.
    config.add_translation_dirs("core:locale")
    folders = [f"{one.package}{one.locale}" for one in config.registry["kehu"].manifests if one.locale]
    if folders:
        config.add_translation_dirs(*folders)


def _say(request: Request) -> Callable[[str], str]:
    return partial(spoken, translate=request.localizer.translate, language=request.locale_name)


def negotiate(request: Request) -> str:
    """`zh_Hans` or `en`."""
    chosen = default_locale_negotiator(request)
    if chosen in _LOCALES:
        return str(chosen)
    identity = getattr(request, "found_identity", None)
    if identity is not None and identity.language in _LOCALES:
        return str(identity.language)
    offers = ["zh-CN", "zh-Hans", "zh", "en", "en-US"]
    match = request.accept_language.lookup(offers, default=DEFAULT) if request.accept_language else DEFAULT
    return "en" if str(match).startswith("en") else DEFAULT
