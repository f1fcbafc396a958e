"""Values that stand for themselves: texts, figures, days, one of a few."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

from core.clock import FIRST_YEAR, LAST_YEAR
from core.db.types import MONEY_MAX, MONEY_SCALE
from core.i18n import _

INT_MAX = 2**31 - 1
NUMBER_MAX = Decimal("99999999999.9999")  # 15 digits: what a JSON number carries without loss
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_EMPTY = "\u115f\u1160\u2800\u3164\uffa0"  # letters and signs by their category, and yet blank
_INTEGER = re.compile(r"[+-]?\d{1,19}(?:\.0+)?", re.ASCII)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


class BadValue(ValueError):
    """A value that a field cannot hold; the message is for the sender and is translatable."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


@dataclass(frozen=True)
class Text:
    """A string of at most `length` characters; `lines` allows line breaks, `strip` drops blanks at the ends. One that
    `names` an `entity`, a `job`, an `action` or a `door` by its key is shown as that is called.
    """

    length: int = 200
    lines: bool = False
    strip: bool = True
    names: str = ""
    kind = "text"

    def parse(self, value: Any) -> str | None:
        """From JSON: a string, or null. Blanks at the ends go; one in which nothing shows is null."""
        if value is None:
            return None
        if not isinstance(value, str):
            raise BadValue(_("Give text."))
        if _CONTROL.search(value) or _SURROGATE.search(value):
            raise BadValue(_("Remove the characters that cannot be stored (control characters or half symbols)."))
        value = value.strip() if self.strip else value
        if not self.lines and ("\n" in value or "\r" in value):
            raise BadValue(_("Write it on one line."))
        if len(value) > self.length:
            raise BadValue(_("At most ${n} characters.", mapping={"n": self.length}))
        return value if _shows(value) or not self.strip else None

    def parse_text(self, value: str) -> str | None:
        """From a form or a file cell."""
        return self.parse(value)

    def to_json(self, value: Any) -> Any:
        return value


def _shows(value: str) -> bool:
    """Whether there is anything to see in a text."""
    if value.isascii():
        return bool(value)
    return any(ch not in _EMPTY and unicodedata.category(ch) not in ("Cf", "Zs") for ch in value)


@dataclass(frozen=True)
class Integer:
    """A whole number between `low` and `high`, both included."""

    low: int = 0
    high: int = INT_MAX
    kind = "integer"

    def parse(self, value: Any) -> int | None:
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int):
            raise BadValue(_("Give a whole number."))
        if not self.low <= value <= self.high:
            raise BadValue(
                _("Give a whole number from ${low} to ${high}.", mapping={"low": self.low, "high": self.high})
            )
        return value

    def parse_text(self, value: str) -> int | None:
        """`13938.0` is a whole number too: spreadsheets write them so."""
        value = value.strip()
        if not value:
            return None
        if not _INTEGER.fullmatch(value):
            raise BadValue(_("Give a whole number."))
        return self.parse(int(value.split(".")[0]))

    def to_json(self, value: Any) -> Any:
        return value


@dataclass(frozen=True)
class Boolean:
    """True or false."""

    kind = "boolean"

    def parse(self, value: Any) -> bool | None:
        if value is None or isinstance(value, bool):
            return value
        raise BadValue(_("Give true or false."))

    def parse_text(self, value: str) -> bool | None:
        known = {
            "": None,
            "true": True,
            "yes": True,
            "1": True,
            "是": True,
            "false": False,
            "no": False,
            "0": False,
            "否": False,
        }
        try:
            return known[value.strip().casefold()]
        except KeyError:
            raise BadValue(_("Give true or false.")) from None

    def to_json(self, value: Any) -> Any:
        return value


@dataclass(frozen=True)
class Money:
    """An exact amount in the base currency; a decimal string in JSON, four decimals at most.

    `in_words`: pages in Chinese write it out beside the digits, as contracts and receipts do (M21).
    """

    in_words: bool = False
    kind = "money"

    def parse(self, value: Any) -> Decimal | None:
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
            raise BadValue(_("Give an amount such as 1234.50."))
        return self._exact(str(value))

    def parse_text(self, value: str) -> Decimal | None:
        value = value.strip()
        if re.fullmatch(r"¥?[+-]?\d{1,3}(,\d{3})+(\.\d+)?", value, re.ASCII):
            value = value.replace(",", "")
        return self._exact(value.removeprefix("¥")) if value else None

    def _exact(self, value: str) -> Decimal:
        return _decimal(value, _("Give an amount such as 1234.50."), MONEY_MAX)

    def to_json(self, value: Decimal | None) -> str | None:
        if value is None:
            return None
        whole, _dot, decimals = f"{value:.{MONEY_SCALE}f}".partition(".")
        return f"{whole}.{decimals[:2]}{decimals[2:].rstrip('0')}"


@dataclass(frozen=True)
class Number:
    """A decimal number with at most four decimals; exact, and a plain number in JSON."""

    kind = "number"

    def parse(self, value: Any) -> Decimal | None:
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
            raise BadValue(_("Give a number such as 1250.5."))
        return self._exact(str(value))

    def parse_text(self, value: str) -> Decimal | None:
        value = value.strip()
        if re.fullmatch(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?", value, re.ASCII):
            value = value.replace(",", "")
        return self._exact(value) if value else None

    def _exact(self, value: str) -> Decimal:
        return _decimal(value, _("Give a number such as 1250.5."), NUMBER_MAX)

    def to_json(self, value: Decimal | None) -> int | float | None:
        if value is None:
            return None
        return int(value) if value == value.to_integral_value() else float(value)


def _decimal(text: str, hint: str, most: Decimal) -> Decimal:
    """An exact decimal out of a text; `hint` says what is wanted."""
    if len(text) > 40 or not re.fullmatch(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,2})?\s*", text, re.ASCII):
        raise BadValue(hint)
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        raise BadValue(hint) from None
    if abs(number) > most:
        raise BadValue(_("The amount is too large.") if most == MONEY_MAX else _("The number is too large."))
    if number != round(number, MONEY_SCALE):
        raise BadValue(_("At most ${n} decimals.", mapping={"n": MONEY_SCALE}))
    return number


Day = TypeVar("Day", bound=dt.date)


def _of_our_times(value: Day) -> Day:
    """The day or moment, if every time zone and every database can hold it."""
    if not FIRST_YEAR <= value.year <= LAST_YEAR:
        raise _out_of_time()
    return value


def _out_of_time() -> BadValue:
    return BadValue(_("Give a year from ${first} to ${last}.", mapping={"first": FIRST_YEAR, "last": LAST_YEAR}))


@dataclass(frozen=True)
class Date:
    """A calendar day, `YYYY-MM-DD`. `kept` names the yes-or-no field that says that it was kept: until then
    it is overdue once it has passed. `lunar` names the one that says that its anniversary is kept by the lunar
    calendar.
    """

    kept: str = ""
    lunar: str = ""
    kind = "date"

    def parse(self, value: Any) -> dt.date | None:
        if value is None:
            return None
        if not isinstance(value, str) or not _DATE.fullmatch(value):
            raise BadValue(_("Give a date such as 2026-06-30."))
        try:
            day = dt.date.fromisoformat(value)
        except ValueError:
            raise BadValue(_("There is no such day.")) from None
        return _of_our_times(day)

    def parse_text(self, value: str) -> dt.date | None:
        return self.parse(value.strip()) if value.strip() else None

    def to_json(self, value: dt.date | None) -> str | None:
        return None if value is None else value.isoformat()


@dataclass(frozen=True)
class Moment:
    """A point in time, `YYYY-MM-DDThh:mm:ssZ`; any offset is taken. `kept` as of a Date."""

    kept: str = ""
    kind = "moment"

    def parse(self, value: Any) -> dt.datetime | None:
        if value is None:
            return None
        if not isinstance(value, str) or len(value) > 40:
            raise BadValue(_("Give a moment such as 2026-06-30T09:00:00Z."))
        try:
            moment = dt.datetime.fromisoformat(value)
        except ValueError:
            raise BadValue(_("Give a moment such as 2026-06-30T09:00:00Z.")) from None
        if moment.tzinfo is None:
            raise BadValue(_("Say the time zone: end with Z or an offset."))
        try:
            return _of_our_times(moment.astimezone(dt.UTC))
        except OverflowError:
            raise _out_of_time() from None

    def parse_text(self, value: str) -> dt.datetime | None:
        return self.parse(value.strip()) if value.strip() else None

    def to_json(self, value: dt.datetime | None) -> str | None:
        return None if value is None else f"{value.astimezone(dt.UTC).isoformat(timespec='seconds')[:-6]}Z"


@dataclass(frozen=True)
class Choice:
    """One of a few fixed codes; `choices` maps each to its title.

    `offered` are those that a form gives to choose from, all by default. Of states, `aside` are those
    that stand beside the way of a record and not on it. `retired` ones are kept where they are and
    taken nowhere else.
    """

    choices: Mapping[str, str]
    offered: tuple[str, ...] = ()
    aside: tuple[str, ...] = ()
    retired: tuple[str, ...] = ()
    kind = "choice"

    def parse(self, value: Any) -> str | None:
        if value is None:
            return None
        if not isinstance(value, str) or value not in self.choices:
            raise BadValue(_("Choose one of: ${codes}.", mapping={"codes": ", ".join(self.choices)}))
        return value

    def parse_text(self, value: str) -> str | None:
        return self.parse(value.strip()) if value.strip() else None

    def to_json(self, value: Any) -> Any:
        return value

    def __hash__(self) -> int:
        return hash(tuple(self.choices))
