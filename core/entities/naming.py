"""English words for one and for many, as names of entities, their tables and their addresses need them."""

from __future__ import annotations

import re

_UNCOUNTED = {"audit", "equipment", "news", "series"}  # one word for both
_ONE = ((r"ies$", "y"), (r"(ss|x|ch|sh)es$", r"\1"), (r"(?<![sui])s$", ""))


def plural(word: str) -> str:
    """`box` → `boxes`; of a word in parts, `care_task`, the last."""
    if word in _UNCOUNTED:
        return word
    if re.search("[^aeiou]y$", word):
        return word[:-1] + "ies"
    return word + ("es" if re.search("(s|x|ch|sh)$", word) else "s")


def singular(word: str) -> str:
    """`boxes` → `box`; a word for one stays as it is."""
    if word not in _UNCOUNTED:
        for ending, one in _ONE:
            if re.search(ending, word) and len(word) > 3:
                return re.sub(ending, one, word)
    return word
