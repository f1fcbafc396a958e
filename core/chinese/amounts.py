"""Amounts in the characters of contracts and receipts, which nobody can alter: 壹万零贰佰零叁元零伍分 (M21)."""

from __future__ import annotations

from decimal import Decimal

_DIGITS = "零壹贰叁肆伍陆柒捌玖"
_PLACES = ("", "拾", "佰", "仟")
_GROUPS = ("", "万", "亿", "万亿")  # of four digits each
_CENT = Decimal("0.01")


def in_words(amount: Decimal) -> str:
    """The amount in yuan; empty for one that has no words: with parts of a 分, or of more than sixteen digits."""
    if amount != amount.quantize(_CENT) or abs(amount) >= 10 ** (4 * len(_GROUPS)):
        return ""
    yuan, cents = divmod(int(abs(amount) / _CENT), 100)
    jiao, fen = divmod(cents, 10)
    words = f"{_whole(yuan)}元" if yuan or not cents else ""
    if jiao:
        words += f"{_DIGITS[jiao]}角"
    elif fen and yuan:
        words += "零"
    if fen:
        words += f"{_DIGITS[fen]}分"
    return f"{'负' if amount < 0 else ''}{words}{'' if fen else '整'}"


def _whole(number: int) -> str:
    """A whole number; one 零 stands for any zeros between digits that are none."""
    if number == 0:
        return _DIGITS[0]
    words, gap = "", False
    for at in reversed(range(len(_GROUPS))):
        group = number // 10 ** (4 * at) % 10_000
        if group == 0:
            gap = bool(words)
            continue
        if words and (gap or group < 1000):
            words += _DIGITS[0]
        words += _group(group) + _GROUPS[at]
        gap = False
    return words.replace("万亿", "万") if number % 10**12 >= 10**8 else words


def _group(number: int) -> str:
    """One to four digits."""
    words, gap = "", False
    for place in reversed(range(4)):
        digit = number // 10**place % 10
        if digit:
            words += (_DIGITS[0] if gap and words else "") + _DIGITS[digit] + _PLACES[place]
        gap = digit == 0
    return words
