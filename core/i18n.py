"""Translatable strings. English is the source; `locale/` holds the other languages."""

from __future__ import annotations

from pyramid.i18n import TranslationStringFactory

DOMAIN = "kehu"
LANGUAGES = ("zh_Hans", "en")

_ = TranslationStringFactory(DOMAIN)
