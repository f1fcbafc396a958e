"""The way of a record through its states: what lies behind it, where it is, what may come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

# States that end or interrupt a course; they stand beside the row of steps.
ASIDE = frozenset({"sealed", "lost", "closed"})


@dataclass(frozen=True)
class Step:
    """`phase` is `past`, `now` or `todo`; `apart` stands beside the row."""

    code: str
    title: str
    phase: str
    apart: bool = False


def track(choices: Mapping[str, str], state: str) -> tuple[Step, ...]:
    """The steps in their order; a record that stands aside has no step of now, and nothing is known of before."""
    row = [code for code in choices if code not in ASIDE]
    here = row.index(state) if state in row else -1
    steps = [
        Step(code, choices[code], "now" if place == here else "past" if place < here else "todo")
        for place, code in enumerate(row)
    ]
    aside = [Step(code, choices[code], "now" if code == state else "todo", True) for code in choices if code in ASIDE]
    return (*steps, *aside)
