"""What of a text goes into the search index, and where in it a needle is looked for.

Every second place of a text has a token: what begins there, and what stands before it. A needle then
has one at its first or at its second place, whichever it is, and half of the rows do. Names as they
are spoken are indexed by syllables in the same way. What ends nearly every company's name is left out.

Pure functions: `tokens(form, stored)` are those of a stored text, `choices(form, needle)` tell in which
stretches of the index a text that holds the needle must have one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

WIDTH = 4  # characters or digits that a token begins with
LEAST_DIGITS = 3  # of a phone; fewer say nothing
LONGEST_SYLLABLE = 6
LONGEST = 24  # of a token: three syllables
COMMON, COMMON_INITIALS = "有限公司", "YXGS"
COMMON_SPOKEN = ["you", "xian", "gong", "si"]
_BEFORE = "\t"  # stands between what begins at a place and what is before it
_LAST_LETTER = "z"
_LAST = "\U0010ffff"


@dataclass(frozen=True)
class Range:
    """The tokens from `low` on, before `high`, that hold `inner`."""

    low: str
    high: str
    inner: str = ""


Choice = tuple[Range, ...]  # in one of them every text that holds the needle has a token


def tokens(form: str, stored: str | None) -> set[str]:
    """The tokens of a stored text: `form` is "text", "phone" or "spoken"."""
    if not stored:
        return set()
    if form == "phone":
        return {_token(number, at) for number in stored.split() for at in range(0, len(number) - LEAST_DIGITS + 1, 2)}
    if form == "spoken":
        return set(_spoken(stored))
    inside = _common_in(stored, COMMON)
    return {
        _token(stored, at)
        for at in range(0, len(stored), 2)
        if at not in inside and (at + 1 < len(stored) or stored[at] > _LAST_LETTER)
    }


def _spoken(stored: str) -> Iterator[str]:
    """Of the syllables, and of the initials in capitals."""
    initials, *words = stored.split(" ")
    inside = _common_in(words, COMMON_SPOKEN)
    heard = [word[:LONGEST_SYLLABLE] for word in words]
    place = 0  # among the initials: a syllable has one, what is not Chinese all its letters
    for at, word in enumerate(words):
        is_syllable = word != word.upper()
        if at not in inside:
            if is_syllable and at % 2 == 0:
                yield _pair(heard, at)
            for letter in range(place, place + (1 if is_syllable else len(word))):
                if letter % 2 == 0 and letter + 1 < len(initials):
                    yield _token(initials, letter)
        place += 1 if is_syllable else len(word)


def _token(text: str, at: int) -> str:
    return text[at : at + WIDTH] + (_BEFORE + text[at - 1] if at else "")


def _pair(words: Sequence[str], at: int) -> str:
    return " ".join(words[at : at + 2]) + (_BEFORE + words[at - 1] if at else "")


def _common_in(parts: Sequence[str], common: Sequence[str]) -> set[int]:
    """The places in what is common."""
    found: set[int] = set()
    at = -1
    for _time in range(parts.count(common[0])):
        at = parts.index(common[0], at + 1)
        if parts[at : at + len(common)] == common:
            found.update(range(at, at + len(common)))
    return found


# --- looking --------------------------------------------------------------------------------------


def choices(form: str, needle: str) -> list[Choice]:
    """At most three, promising ones; none if the needle is too short or too common for the index."""
    if form == "spoken" and needle.startswith(" "):
        words = needle[1:].split(" ")
        places = [at for at in range(len(words) - 1) if _is_indexed(words, at, COMMON_SPOKEN)]
        return [(_syllables(words, at), _syllables(words, at + 1)) for at in _some(places)]
    if form == "phone":
        places = list(range(len(needle) - LEAST_DIGITS))
    elif form == "spoken" and not needle.isascii():
        return []
    else:
        common = COMMON_INITIALS if form == "spoken" else COMMON
        places = [at for at in range(len(needle) - 1) if _is_indexed(needle, at, common)]
        if places and len(needle) - places[-1] == 2 and needle[-1] <= _LAST_LETTER:
            places.pop()  # a letter by itself is not indexed
    whole = [at for at in places if at + WIDTH < len(needle)] or places[:1]
    return [(_characters(needle, at), _characters(needle, at + 1)) for at in _some(whole)]


def _characters(needle: str, at: int) -> Range:
    return _range(needle[at : at + WIDTH], _BEFORE + needle[at - 1] if at else "")


def _syllables(words: Sequence[str], at: int) -> Range:
    return _range(" ".join(words[at : at + 2]), _BEFORE + words[at - 1] if at else "")


def _range(low: str, inner: str) -> Range:
    return Range(low, _following(low), inner)


def _following(low: str) -> str:
    """The least text, by code point, above all that begin with `low`."""
    kept = low.rstrip(_LAST)
    code = ord(kept[-1]) + 1 if kept else 0
    return kept[:-1] + chr(0xE000 if code == 0xD800 else code) if kept else _LAST * (LONGEST + 1)


def _is_indexed(needle: Sequence[str], at: int, common: Sequence[str]) -> bool:
    """Whether this place and the next are indexed, if it is their turn, in whatever text they stand."""
    return not (_may_be_in(common, needle, at) or _may_be_in(common, needle, at + 1))


def _may_be_in(common: Sequence[str], needle: Sequence[str], at: int) -> bool:
    for inside in range(len(common)):
        before = min(at, inside)
        beside = zip(common[inside - before :], needle[at - before :], strict=False)
        if all(one.startswith(other) for one, other in beside):
            return True
    return False


def _some(places: list[int]) -> list[int]:
    """The first, the last and the middle one."""
    return list(dict.fromkeys(places[at] for at in (0, -1, len(places) // 2))) if places else []
