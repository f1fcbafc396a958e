"""Folded text: what names are searched by and sorted by, the same on every database."""

from __future__ import annotations

import unicodedata

SORT_KEY_LENGTH = 255
_FIRST_HAN, _LAST_HAN = "\u3400", "\U000323af"


def fold(value: str) -> str:
    """Width and case folded: NFKC, then casefold."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", value).casefold())


def digits(value: str) -> str:
    """Only the digits, as 0 to 9 whatever script they are in, for phones."""
    return "".join(str(unicodedata.decimal(ch)) for ch in unicodedata.normalize("NFKC", value) if ch.isdecimal())


def sort_key(value: str) -> str:
    """Chinese by pinyin among the Latin names: `pinyin of each character` + the folded text.

    Ordered by code point the result is the same everywhere; the text itself breaks ties
    between names that sound alike.
    """
    folded = fold(value).strip()
    if not any(_FIRST_HAN <= ch <= _LAST_HAN for ch in folded):
        return folded[:SORT_KEY_LENGTH]
    from pypinyin import Style, lazy_pinyin  # 0.2 s to import; only Chinese names need it

    syllables = lazy_pinyin(folded, style=Style.TONE3, neutral_tone_with_five=True)
    spoken = " ".join(" ".join(syllables).split())  # a blank in the name is one between syllables anyway
    return f"{spoken}\t{folded}"[:SORT_KEY_LENGTH]
