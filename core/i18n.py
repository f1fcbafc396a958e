"""Translatable strings. English is the source; `locale/` holds the other languages."""

from __future__ import annotations

from translationstring import TranslationStringFactory

DOMAIN = "kehu"
LANGUAGES = ("zh_Hans", "en")

_ = TranslationStringFactory(DOMAIN)
