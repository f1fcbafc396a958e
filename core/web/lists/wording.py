"""A list's condition in words: a chip for each part of it, with a way to take it away."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from pyramid.request import Request
from sqlalchemy import literal, or_, select, union_all

from core.db.types import text
from core.i18n import _
from core.security.catalog import attribute
from core.security.conditions.operands import Operands
from core.security.scope import ROWS
from core.services.work import Ctx
from core.web.lists.columns import may_ask
from core.web.lists.terms import OPERATORS as LINED
from core.web.query import Query
from core.web.values import Display
from plugins import Entity, Field

Wanted: TypeAlias = tuple[str, tuple[tuple[str, str], ...]]  # an entity, and what fixes its records
OPERATORS = {
    "=": _("is"), "!=": _("is not"), "in": _("is"), "contains": _("contains"), "starts": _("begins with"),
    "<": "<", "<=": "≤", ">": ">", ">=": "≥", "under": _("is in"), "between": _("from … to"), "empty": _("is empty"),
}  # fmt: skip
DAYS = {"<": _("before"), "<=": _("until"), ">": _("after"), ">=": _("from")}
NEGATED = {"in": _("is not"), "=": _("is not"), "!=": _("is"), "empty": _("is filled in")}
LINES = {"not in": _("is not"), "filled": _("is filled in"), "last": _("in the last"), "next": _("in the next")}
DYNAMIC = {"me": _("me"), "my_unit": _("my unit"), "my_units": _("my unit and those below")}
YESTERDAY, TODAY, TOMORROW = _("yesterday"), _("today"), _("tomorrow")


@dataclass(frozen=True)
class Word:
    """A piece of a chip. Kinds: `field operator value join`."""

    kind: str
    text: str


@dataclass(frozen=True)
class Chip:
    """A part of the condition: what it says, and the list without it."""

    words: tuple[Word, ...]
    url: str

    @property
    def text(self) -> str:
        return " ".join(word.text for word in self.words)


class Wording:
    """Puts the condition of one list into words for one reader."""

    def __init__(self, request: Request, ctx: Ctx, entity: Entity, show: Display) -> None:
        self.ctx, self.entity, self.show, self.say = ctx, entity, show, request.say
        self.language = request.locale_name
        self._labels: dict[tuple[Wanted, Any], str] = {}

    def chips(self, parts: list[Any], rebuilt: Any, query: Query, path: str) -> list[Chip]:
        """A chip for each of the parts; `rebuilt(others)` is the condition of the others."""
        self._look_up(parts)
        found = []
        for at, part in enumerate(parts):
            others = parts[:at] + parts[at + 1 :]
            found.append(Chip(tuple(self._words(part)), query.url(path, filter=rebuilt(others))))
        return found

    def text(self, part: Any) -> str:
        """A condition as one sentence."""
        self._look_up([part])
        return " ".join(word.text for word in self._words(part))

    def title(self, name: str) -> str:
        """What a path is called."""
        return self._field(name)[1]

    def labels(self, name: str, texts: Iterable[str]) -> dict[str, str]:
        """What records are called that a line names, by key or after a `#` by id."""
        values: dict[str, Any] = {text: int(text[1:]) if text.startswith("#") else text for text in texts}
        if not values:
            return {}
        self._look_up([["in", name, list(values.values())]])
        wanted = _wanted(self._field(name)[0].type)
        return {text: self._labels.get((wanted, value), text) for text, value in values.items()}

    # --- words ----------------------------------------------------------------------------------------

    def _words(self, part: Any) -> Iterator[Word]:
        operator, *arguments = part
        if operator in ("and", "or"):
            for at, one in enumerate(arguments):
                if at:
                    yield Word("join", self.say(_("or") if operator == "or" else _("and")))
                yield from self._inner(one, operator)
        elif operator == "not":
            yield from self._negated(arguments[0])
        else:
            yield from self._leaf(operator, *arguments)

    def _inner(self, part: Any, around: str) -> Iterator[Word]:
        """With brackets where another combinator stands inside."""
        if part[0] not in ("and", "or") or part[0] == around or len(part) == 2:
            yield from self._words(part)
            return
        yield Word("join", "(")
        yield from self._words(part)
        yield Word("join", ")")

    def _negated(self, part: Any) -> Iterator[Word]:
        if part[0] in NEGATED:
            words = list(self._leaf(*part))
            yield from (Word(one.kind, self.say(NEGATED[part[0]])) if one.kind == "operator" else one for one in words)
        else:
            yield Word("operator", self.say(_("not")))
            yield from self._inner(part, "not")

    def _leaf(self, operator: str, name: str, *values: Any) -> Iterator[Word]:
        field, title = self._field(name)
        yield Word("field", title)
        if operator == "between":
            low, high = values[0] if len(values) == 1 else values
            yield Word("value", f"{self._value(low, field)} – {self._value(high, field)}")
            return
        days = field.type.kind in ("date", "moment") and operator in DAYS
        null = operator in ("=", "!=") and values == (None,)
        said = "empty" if null and operator == "=" else operator
        spoken = DAYS[operator] if days else NEGATED["empty"] if null and operator == "!=" else OPERATORS[said]
        yield Word("operator", self.say(spoken))
        if values and not null:
            many = values[0] if operator == "in" and isinstance(values[0], list) else [values[0]]
            yield Word("value", self.say(_(" or ")).join(self._value(one, field) for one in many))

    def _field(self, name: str) -> tuple[Field, str]:
        steps = Operands(self.ctx.catalog).path(name, self.entity, "")
        return steps[-1].field, " › ".join(self.say(step.field.title) for step in steps)

    def _value(self, value: Any, field: Field) -> str:
        if value is None:
            return str(self.say(_("empty")))
        if isinstance(value, Mapping):
            return self._dynamic(value) if "$" in value else str(value)
        kind: Any = field.type
        if kind.kind in ("reference", "references"):
            return self._labels.get((_wanted(kind), value), str(value))
        if kind.kind != "text" and kind.kind in LINED:
            return self.show.text(field, kind.to_json(kind.parse(value)))
        return f"“{value}”"

    def _dynamic(self, value: Mapping[str, Any]) -> str:
        if value["$"] != "today":
            return self.say(DYNAMIC[value["$"]])
        days = int(str(value.get("offset", "0d"))[:-1])
        near = {-1: YESTERDAY, 0: TODAY, 1: TOMORROW}
        if days in near:
            return self.say(near[days])
        told = _("${n} days ago", mapping={"n": -days}) if days < 0 else _("in ${n} days", mapping={"n": days})
        return self.say(told)

    # --- what references are called ---------------------------------------------------------------------

    def _look_up(self, parts: list[Any]) -> None:
        """The labels of all records that the condition names, in one statement."""
        named: dict[Wanted, set[Any]] = {}
        for part in parts:
            for name, values in _leaves(part):
                kind: Any = self._field(name)[0].type
                if kind.kind in ("reference", "references"):
                    named.setdefault(_wanted(kind), set()).update(values)
        found = [self._arm(at, wanted, values) for at, (wanted, values) in enumerate(named.items())]
        arms: list[Any] = [arm for arm in found if arm is not None]
        if not arms:
            return
        statement: Any = arms[0] if len(arms) == 1 else union_all(*arms)
        order = list(named)
        for at, record_id, key, label in self.ctx.db.execute(statement, execution_options={ROWS: "any"}):
            self._labels[order[at], record_id] = self._labels[order[at], key] = label

    def _arm(self, at: int, wanted: Wanted, values: set[Any]) -> Any:
        entity = self.ctx.catalog[wanted[0]]
        model: Any = entity.model
        known = {field.name: field for field in entity.fields}
        label = entity.label.format(lang=self.language[:2])
        if not all(name not in known or may_ask(self.ctx, entity, known[name]) for name in (label, entity.natural_key)):
            return None
        natural = attribute(model, known[entity.natural_key]) if entity.natural_key in known else literal(None, text(1))
        ids = [one for one in values if isinstance(one, int)]
        keys = [one for one in values if isinstance(one, str)]
        within = [attribute(model, known[name]) == value for name, value in wanted[1]]
        return select(
            literal(at).label("at"), model.id, natural.label("natural_key"), getattr(model, label).label("label")
        ).where(or_(model.id.in_(ids), natural.in_(keys)), *within)


def spoken(operator: str, kind: str) -> str:
    """An operator of a line in words, to be translated."""
    if operator in LINES:
        return LINES[operator]
    return DAYS[operator] if kind in ("date", "moment") and operator in DAYS else OPERATORS[operator]


def _wanted(kind: Any) -> Wanted:
    return kind.entity, tuple(getattr(kind, "within", ()))


def _leaves(part: Any) -> Iterator[tuple[str, list[Any]]]:
    """The fields of a condition and the plain values that they are compared with."""
    operator, *arguments = part
    if operator in ("and", "or", "not"):
        for one in arguments:
            yield from _leaves(one)
        return
    values = [one for value in arguments[1:] for one in (value if isinstance(value, list) else [value])]
    yield arguments[0], [one for one in values if isinstance(one, str | int) and not isinstance(one, bool)]
