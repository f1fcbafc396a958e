"""Amounts in words: as the bank writes them, and read back to the same amount."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as some

from core.chinese.amounts import in_words

DIGITS = {digit: number for number, digit in enumerate("零壹贰叁肆伍陆柒捌玖")}
PLACES = {"拾": 10, "佰": 100, "仟": 1000}


def read(words: str) -> Decimal:
    """The amount again, by another way than it was written."""
    sign, words = (-1, words[1:]) if words.startswith("负") else (1, words)
    yuan, _yuan, rest = words.rpartition("元")
    total, part, digit = 0, 0, 0
    for sign_of in yuan:
        if sign_of in DIGITS:
            digit = DIGITS[sign_of]
        elif sign_of in PLACES:
            part, digit = part + digit * PLACES[sign_of], 0
        else:
            power = {"万": 10**4, "亿": 10**8}[sign_of]
            low = total % power if sign_of == "亿" else 0
            total, part, digit = (total - low) + (low + part + digit) * power, 0, 0
    cents, digit = 0, 0
    for sign_of in rest:
        digit = DIGITS.get(sign_of, digit)
        cents += digit * {"角": 10, "分": 1}.get(sign_of, 0)
    return sign * (total + part + _unit(yuan) + Decimal(cents) / 100)


def _unit(yuan: str) -> int:
    """The last digit, which has no place."""
    return DIGITS.get(yuan[-1], 0) if yuan else 0


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        ("10203.05", "壹万零贰佰零叁元零伍分"),  # M21
        ("0", "零元整"),
        ("0.05", "伍分"),
        ("0.50", "伍角整"),
        ("-325.04", "负叁佰贰拾伍元零肆分"),
        ("1680.32", "壹仟陆佰捌拾元叁角贰分"),
        ("6007.14", "陆仟零柒元壹角肆分"),
        ("100000000", "壹亿元整"),
        ("20230005", "贰仟零贰拾叁万零伍元整"),
        ("1000100000000", "壹万零壹亿元整"),
        ("1.005", ""),
        ("10000000000000000", ""),
    ],
)
def test_amounts_are_written_as_banks_do(amount, words):
    assert in_words(Decimal(amount)) == words


@given(some.integers(-(10**11), 10**11))
def test_no_amount_reads_as_another(cents):
    amount = Decimal(cents) / 100
    assert read(in_words(amount)) == amount
