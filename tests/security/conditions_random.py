"""Random valid conditions on the things of the small world."""

from __future__ import annotations

import random
from typing import Any

from core.security.conditions.operands import MAX_HOPS
from core.security.conditions.parse import OPERATORS
from plugins import Field
from tests.security.conditions_world import (
    AMOUNTS,
    CATALOG,
    DAYS,
    MOMENTS,
    NUMBERS,
    PHONES,
    RAW_TEXTS,
    STATES,
    THING,
    WORDS,
)

_PATHLESS = {"lost"}  # refers to what is not there
_KEYS = {
    "core.unit": ("hq", "east", "shop", "ring", "none"),
    "core.user": ("li", "Li", "me", "none"),
    "core.term": ("cn", "310000", "客户𠮷", "none"),
    "test.thing": ("t1", "t2", "t7", "T1"),
}


class RandomConditions:
    """Documents that parse accepts, every operator on every kind of field and path."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng

    def document(self, depth: int = 3) -> Any:
        rng = self.rng
        if depth and rng.random() < 0.6:
            operator = rng.choice(("and", "or", "not"))
            parts = 1 if operator == "not" else rng.randint(1, 3)
            return [operator, *(self.document(depth - 1) for _ in range(parts))]
        path, field = self.path()
        is_tree = getattr(field.type, "entity", None) != "core.user"
        operator = rng.choice([name for name in OPERATORS[field.type.kind] if name != "under" or is_tree])
        return self.leaf(operator, path, field)

    def path(self) -> tuple[str, Field]:
        entity, names = THING, []
        hops = self.rng.choice((0, 0, 0, 1, 1, 2, MAX_HOPS))
        while True:
            fields = [field for field in entity.fields if field.name not in _PATHLESS]
            references = [field for field in fields if field.type.kind == "reference"]
            field = self.rng.choice(references if hops else fields)
            names.append(field.name)
            if not hops:
                return ".".join(names), field
            hops, entity = hops - 1, CATALOG[field.type.entity]  # type: ignore[attr-defined]

    def leaf(self, operator: str, path: str, field: Field) -> Any:
        match operator:
            case "empty":
                return [operator, path]
            case "between":
                return [operator, path, self.value(field), self.value(field)]
            case "in":
                some = [None if self.rng.random() < 0.1 else self.value(field) for _ in range(self.rng.randint(0, 4))]
                return [operator, path, some]
            case "=" | "!=" if self.rng.random() < 0.1:
                return [operator, path, None]
            case _:
                return [operator, path, self.value(field)]

    def value(self, field: Field) -> Any:
        rng, kind = self.rng, field.type
        match kind.kind:
            case "text":
                return self.text(field.name)
            case "integer":
                return rng.choice((-1, 0, 1, 2, 3))
            case "boolean":
                return rng.choice((True, False))
            case "number":
                return float(rng.choice(NUMBERS))
            case "money":
                return str(rng.choice(AMOUNTS))
            case "date":
                return rng.choice((self.today(), rng.choice(DAYS).isoformat()))
            case "moment":
                return rng.choice((self.today(), rng.choice(MOMENTS).isoformat()))
            case "choice":
                return rng.choice(list(STATES))
            case _:
                return self.record(kind.entity)  # type: ignore[attr-defined]

    def today(self) -> dict[str, str]:
        return {"$": "today", **self.rng.choice(({}, {"offset": "-1d"}, {"offset": "+1d"}, {"offset": "0d"}))}

    def text(self, name: str) -> str:
        pools = {
            "raw": RAW_TEXTS,
            "plug.note": RAW_TEXTS,
            "custom.text": RAW_TEXTS[:6],
            "phone": PHONES,
            "login": _KEYS["core.user"],
            "list": ("region", "level"),
        }
        pool = (*_KEYS["core.unit"], *_KEYS["core.term"], *_KEYS["test.thing"]) if name == "code" else WORDS
        return self.rng.choice(pools.get(name, pool))

    def record(self, entity_key: str) -> Any:
        mine = {"core.user": ({"$": "me"},), "core.unit": ({"$": "my_unit"}, {"$": "my_units"})}
        return self.rng.choice((*_KEYS[entity_key], 1, 2, 3, 4, *mine.get(entity_key, ())))
