"""Translatable strings. English is the source; `locale/` holds the other languages."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from translationstring import TranslationString, TranslationStringFactory

from plugins.errors import closest

DOMAIN = "kehu"
LANGUAGE_NAMES = {"zh_Hans": "简体中文", "en": "English"}  # as those who speak them call them
LANGUAGES = tuple(LANGUAGE_NAMES)

_TURNS = re.compile("[\u202a-\u202e\u2066-\u2069]")
_BEGIN, _END = "\u2066\u2067\u2068", "\u2069"  # of a part whose direction is its own

_ = TranslationStringFactory(DOMAIN)


class Words(str):
    """What an administrator has named in both languages: English, and `zh` beside it."""

    zh: str

    def __new__(cls, en: str, zh: str) -> Words:
        made = super().__new__(cls, en)
        made.zh = zh
        return made


def suggestion(name: str, known: Iterable[str]) -> str:
    """` Did you mean “sales”?` for the known name nearest to `name`, or nothing: to stand in `${hint}`."""
    meant = closest(name, known)
    return _(" Did you mean “${close}”?", mapping={"close": meant}) if meant is not None else ""


def in_english(message: str) -> str:
    """A message in the language of the source, its gaps filled: for terminals and logs."""
    return spoken(message, lambda text: text.interpolate() if isinstance(text, TranslationString) else text)


def spoken(message: str, translate: Callable[[str], str], language: str = "en") -> str:
    """The message in one language, with what stands in its gaps translated too."""
    if isinstance(message, Words):
        return message.zh if language.startswith("zh") else str(message)
    if isinstance(message, TranslationString) and message.mapping:
        gaps: dict[str, Any] = {
            name: spoken(value, translate, language)
            if isinstance(value, TranslationString | Words)
            else isolated(value)
            for name, value in message.mapping.items()
        }
        message = TranslationString(
            str(message), domain=message.domain, default=message.default, mapping=gaps, context=message.context
        )
    return translate(message) if message else ""  # which is the key of a catalogue's head


def isolated(value: Any) -> Any:
    """A text that stands within others: marks in it that turn the direction (U+202E…) end with it."""
    if not isinstance(value, str) or not _TURNS.search(value):
        return value
    depth, kept = 0, _BEGIN[-1]
    for character in value:
        if character == _END and not depth:
            continue  # it would end ours
        depth += (character in _BEGIN) - (character == _END)
        kept += character
    kept += _END * (depth + 1)
    return type(value)(kept) if hasattr(value, "__html__") else kept
