"""Folded text: what is searched, matched and sorted by, the same on every database.

Three depths: `fold` is for keys (width and case), `search_fold` for what people look for, and
`spoken` for how Chinese is typed on a Latin keyboard.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

SORT_KEY_LENGTH = 255
_HAN = re.compile("[〇\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af]")
_NO_DIGITS = re.compile("[^0-9]+")
_RUN = re.compile(f"({_HAN.pattern}+)")
_WORD = re.compile(r"[^\W_]+")
_FOLDED = re.compile("[\u3400-\u9fff0-9a-z().,&]*")  # most of what there is, once width and case are folded
# Apostrophes (with the prime and the signs typed for one), middle dots, blanks, and what is not seen at all;
# hyphens and dashes are a category of Unicode.
_IGNORED = "'`´‘’‚‛ʹʻʼʽˈ′ꞌ·•‧∙⋅・･᛫⸱\xad\u180e\u200b\u200c\u200d\u2060\ufeff"
_MARK_CLASS = 200  # from here on combining marks are accents; below it they are vowels and tones of other scripts
# Letters that Unicode does not take for accented ones, although people leave the stroke out.
_STROKES = {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ħ": "h", "ı": "i", "æ": "ae", "œ": "oe", "ŧ": "t"}


def fold(value: str) -> str:
    """Width and case folded: NFKC, then casefold."""
    if value.isascii():
        return value.casefold()
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", value).casefold())


def search_fold(value: str) -> str:
    """As people look for it: `fold` without accents, apostrophes, hyphens, middle dots and blanks.

    What is a part of a text folds to a part of the folded text, so that fragments are found.
    """
    folded = fold(value)
    if _FOLDED.fullmatch(folded):
        return folded
    return _without_marks(_without_marks(folded))  # the first pass brings a few marks to light


def _without_marks(folded: str) -> str:
    apart = unicodedata.normalize("NFKD", folded).translate(_LEFT_OUT)
    return fold("".join(ch for ch in apart if unicodedata.combining(ch) < _MARK_CLASS))


class _LeftOut(dict[int, str | None]):
    """A translation table that asks Unicode about each character once."""

    def __missing__(self, code: int) -> str | None:
        ch = chr(code)
        gone = ch in _IGNORED or ch.isspace() or unicodedata.category(ch) == "Pd"
        self[code] = found = None if gone else _STROKES.get(ch, ch)
        return found


_LEFT_OUT = _LeftOut()


def digits(value: str) -> str:
    """Only the digits, as 0 to 9 whatever script they are in."""
    if value.isascii():
        return _NO_DIGITS.sub("", value)
    return "".join(str(unicodedata.decimal(ch)) for ch in unicodedata.normalize("NFKC", value) if ch.isdecimal())


# --- Chinese, as it is spoken ---------------------------------------------------------------------


def sort_key(value: str) -> str:
    """Chinese by pinyin among the Latin names: `pinyin of each character` + the folded text.

    Ordered by code point the result is the same everywhere; the text itself breaks ties
    between names that sound alike.
    """
    folded = fold(value).strip()
    if not _HAN.search(folded):
        return folded[:SORT_KEY_LENGTH]
    spoken = " ".join(" ".join(_syllables(folded)).split())  # a blank in the name is one between syllables anyway
    return f"{spoken}\t{folded}"[:SORT_KEY_LENGTH]


def spoken(value: str) -> str | None:
    """Initials, then syllables, each after a blank: `HWJS hua wei ji shu`; None without Chinese in it.

    Other words stand in capitals in both parts: `TCLKJ TCL ke ji`. Readings follow the phrase that
    a character stands in, as in 重庆 `chong qing`.
    """
    folded = fold(value)
    if not _HAN.search(folded):
        return None
    initials, words = "", ""
    for run in _RUN.split(folded):
        if _HAN.match(run):
            syllables = [syllable.rstrip("12345") for syllable in _syllables(run)]
            initials += "".join(syllable[0] for syllable in syllables).upper()
        else:
            syllables = [search_fold(word).upper() for word in _WORD.findall(run)]
            initials += "".join(syllables)
        words += "".join(f" {syllable}" for syllable in syllables)
    return initials + words


@lru_cache(maxsize=1000)
def _syllables(folded: str) -> tuple[str, ...]:
    """Pinyin with the number of the tone, a word at a time: most names are made of the same words."""
    from pypinyin.seg.mmseg import seg  # 0.2 s to import; only Chinese names need it

    found: list[str] = []
    for run in _RUN.split(folded):
        if _HAN.match(run):
            found.extend(syllable for word in seg.cut(run) for syllable in _reading(word))
        elif run:
            found.append(run)
    return tuple(found)


@lru_cache(maxsize=50_000)
def _reading(word: str) -> list[str]:
    from pypinyin import Style, lazy_pinyin

    return lazy_pinyin(word, style=Style.TONE3, neutral_tone_with_five=True)
