"""Cells that a spreadsheet would take for formulas: made harmless on the way out, restored on the way in."""

from __future__ import annotations

import re

# What spreadsheets skip before they look for a formula, then what begins one, full-width forms
# included. Leading apostrophes belong to the pattern, or `original` could not undo `neutral`.
_RISKY = re.compile(r"'*(?:[\t\r\n]|[\s\u200b-\u200f\u2060\ufeff\",;']*[=+\-@|%＝＋－＠])")


def neutral(cell: str) -> str:
    """The cell with an apostrophe in front if a program could run it."""
    return f"'{cell}" if _RISKY.match(cell) else cell


def original(cell: str) -> str:
    """What `neutral` was given."""
    return cell[1:] if cell.startswith("'") and _RISKY.match(cell, 1) else cell
