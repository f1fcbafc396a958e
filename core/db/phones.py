"""Phone numbers in one form, however they are written (M55).

`010-6243 1234`, `+86 10 62431234` and `0086 (10) 6243-1234` are the same number: `861062431234`.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from core.db.folding import digits

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber

HOME, HOME_CODE = "CN", "86"  # whose numbers may be written without country code
WHOLE, SHORTEST = 7, 5  # digits: behind a number of so many, fewer than so many are an extension or another ending
_ANOTHER = re.compile(r"[/、;,|\n]|或")
_EXTENSION = re.compile(r"(?:;?\s*ext(?:n|ension)?|转|轉|分机|分機|内线|內線|[x#])[\s.:=]*\d{1,7}\s*$", re.IGNORECASE)
_LAST_PART = re.compile(r"[-\s]\d{1,5}\s*$")
_APART = str.maketrans("", "", " -")
_TRUNK = re.compile(r"\(\s*0\s*\)")  # the zero that is not dialled from abroad: +44 (0)20


def phone_key(text: str) -> str | None:
    """What a number is compared by: its E.164 digits if it is plausible, else its digits; None without any.

    The first number counts where there are several; an extension is no part of it.
    """
    return phone_fold(text).partition(" ")[0] or None


@lru_cache(maxsize=10_000)
def phone_fold(text: str) -> str:
    """The keys of all numbers in a field, with a blank between them."""
    first, *others = (_without_extension(part) for part in _ANOTHER.split(unicodedata.normalize("NFKC", text)))
    least = SHORTEST if len(digits(first)) >= WHOLE else 1
    keys = [_key(first), *(_key(part) for part in others if len(digits(part)) >= least)]
    return " ".join(key for key in keys if key)


def phone_needle(text: str) -> str:
    """The digits of a number or a part of one, as they stand in every folded number that holds it.

    Nothing for what has letters in it and is no number: `C0012` does not ask for phones with 12.
    """
    part = _without_extension(_ANOTHER.split(unicodedata.normalize("NFKC", text))[0])
    found = _from_abroad(part) or (_at_home(part) or "").removeprefix(HOME_CODE)
    if not found and not any(ch.isalpha() for ch in part):
        found = digits(_TRUNK.sub("", part))
    return found.lstrip("0") or found


def _without_extension(text: str) -> str:
    return _EXTENSION.sub("", text, count=1)


def _key(text: str) -> str:
    return _from_abroad(text) or _at_home(text) or digits(text)


def _from_abroad(text: str) -> str | None:
    """The key of a possible number with an explicit country code."""
    if not text.lstrip(" (").startswith(("+", "00")):
        return None
    from phonenumbers import is_possible_number

    number = _parsed(text)
    return _e164(number) if number is not None and is_possible_number(number) else None


def _at_home(text: str) -> str | None:
    """The key of a number that exists at home, country code or not, as it is or without `-801` behind it."""
    from phonenumbers import is_valid_number

    plain = text.translate(_APART)
    if plain.isascii() and any(pattern.fullmatch(plain) for pattern in _usual()):
        return HOME_CODE + plain.lstrip("0")
    for part in dict.fromkeys((text, _LAST_PART.sub("", text, count=1))):
        number = _parsed(part)
        if number is not None and is_valid_number(number):
            return _e164(number)
    return None


@cache
def _usual() -> tuple[re.Pattern[str], ...]:
    """How nearly all numbers at home are written, in the library's own patterns: reading one of them by all rules of
    the world takes longer than all else that is done with a customer's phone.
    """
    from phonenumbers import PhoneMetadata

    home: Any = PhoneMetadata.metadata_for_region(HOME)
    return re.compile(home.mobile.national_number_pattern), re.compile(
        f"0(?:{home.fixed_line.national_number_pattern})"
    )


def _parsed(text: str) -> PhoneNumber | None:
    from phonenumbers import NumberParseException, parse  # 0.1 s to import; only phones need it

    try:
        return parse(text, HOME)
    except NumberParseException:
        return None


def _e164(number: PhoneNumber) -> str:
    from phonenumbers import national_significant_number

    return f"{number.country_code}{national_significant_number(number)}"
