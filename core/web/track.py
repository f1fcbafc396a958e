"""The way of a record through its states: what lies behind it, where it is, what may come."""

from __future__ import annotations

from dataclasses import dataclass

from core.fields import Choice

OF_CUSTOMERS = ("target", "prospect", "formal", "sealed")  # have colours of their own in tokens.css


@dataclass(frozen=True)
class Step:
    """`phase` is `past`, `now` or `todo`; `apart` stands beside the row; `disc` is the class of its sign."""

    code: str
    title: str
    phase: str
    disc: str
    apart: bool = False


def track(kind: Choice, state: str) -> tuple[Step, ...]:
    """The steps in their order, and where the record stands if that is aside: then nothing is known of before."""
    choices = kind.choices
    row = [code for code in choices if code not in kind.aside]
    here = row.index(state) if state in row else -1
    steps = [
        Step(code, choices[code], "now" if place == here else "past" if place < here else "todo", disc(kind, code))
        for place, code in enumerate(row)
    ]
    if state in kind.aside:
        steps.append(Step(state, choices[state], "now", disc(kind, state), True))
    return tuple(steps)


def disc(kind: Choice, code: str) -> str:
    """The class of a state's sign, which fills along the way and is barred beside it."""
    if code in OF_CUSTOMERS:
        return code
    row = [one for one in kind.choices if one not in kind.aside]
    if code not in row:
        return "s-aside"
    place = row.index(code)
    return "s-first" if place == 0 else "s-last" if place == len(row) - 1 else "s-half"
