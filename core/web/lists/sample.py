"""What a row of an empty list will look like: its columns, an example in each, and what they mean."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core.entities.reader import USER
from core.i18n import _
from core.services.work import Ctx
from core.web.lists.columns import Shown
from core.web.values import Display, Value
from plugins import Field

MOST = 5  # columns
UNIT = "core.unit"


@dataclass(frozen=True)
class Cell:
    """A column with its example."""

    title: str
    value: Value
    help: str


def sample(ctx: Ctx, shown: Sequence[Shown], show: Display) -> list[Cell]:
    """The first columns that an example can be given for."""
    found = []
    for at, one in enumerate(shown):
        if isinstance(one, Field):
            value = _example(ctx, one, show, is_name=at == 0)
            if value is not None:
                found.append(Cell(one.title, value, one.help))
    return found[:MOST]


def _example(ctx: Ctx, field: Field, show: Display, *, is_name: bool) -> Value | None:
    kind: Any = field.type
    if kind.kind == "text":
        return Value("text", str(show.say(_("Example")))) if is_name else None
    if kind.kind == "reference":
        unit = ctx.work.org.nodes.get(ctx.identity.unit_id)
        mine = {USER: ctx.identity.name, UNIT: unit.name if unit else ""}.get(kind.entity)
        return Value("text", mine) if mine else None
    examples = {
        "choice": next(iter(getattr(kind, "choices", ())), None),
        "boolean": True,
        "integer": 12,
        "number": 12.5,
        "money": "1860000",
        "date": ctx.today.isoformat(),
        "moment": (ctx.now - dt.timedelta(minutes=1)).isoformat(),
    }
    example = examples.get(kind.kind)
    return None if example is None else show.value(field, example)
