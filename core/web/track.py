"""The way of a record through its states: what lies behind it, where it is, what may come."""

from __future__ import annotations

from dataclasses import dataclass

from core.fields import Choice


@dataclass(frozen=True)
class Step:
    """`phase` is `past`, `now` or `todo`; `apart` stands beside the row."""

    code: str
    title: str
    phase: str
    apart: bool = False


def track(kind: Choice, state: str) -> tuple[Step, ...]:
    """The steps in their order, and where the record stands if that is aside: then nothing is known of before."""
    choices = kind.choices
    row = [code for code in choices if code not in kind.aside]
    here = row.index(state) if state in row else -1
    steps = [
        Step(code, choices[code], "now" if place == here else "past" if place < here else "todo")
        for place, code in enumerate(row)
    ]
    return (*steps, Step(state, choices[state], "now", True)) if state in kind.aside else tuple(steps)
