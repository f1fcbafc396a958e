"""From JSON to a checked condition."""

from __future__ import annotations

from typing import Any

from sqlalchemy import inspect
from sqlalchemy.orm import Mapper

from core.i18n import _
from core.security.catalog import Catalog, attribute_name
from core.security.conditions.operands import Fault, Operands, meant, shown
from core.security.conditions.syntax import (
    Among,
    BadCondition,
    Bound,
    Condition,
    Every,
    Matches,
    Node,
    Not,
    Path,
    Present,
    Range,
    Some,
    Step,
    Today,
    Under,
    Value,
)
from plugins import Entity

MAX_LEAVES = 200
MAX_DEPTH = 20  # combinators inside one another
MAX_VALUES = 500  # of one `in`
MAX_NODES = 10_000  # of the document: no more parameters than any database takes
MAX_TEXT = 100_000  # characters of the document

COMBINATORS = ("and", "or", "not")
_EQUALITY = ("=", "!=", "in", "empty")
_ORDER = ("<", "<=", ">", ">=", "between")
OPERATORS: dict[str, tuple[str, ...]] = {
    "text": (*_EQUALITY, *_ORDER, "contains", "starts"),
    "integer": (*_EQUALITY, *_ORDER),
    "number": (*_EQUALITY, *_ORDER),
    "money": (*_EQUALITY, *_ORDER),
    "date": (*_EQUALITY, *_ORDER),
    "moment": (*_EQUALITY, *_ORDER),
    "boolean": _EQUALITY,
    "choice": _EQUALITY,
    "reference": (*_EQUALITY, "under"),
    "references": _EQUALITY,
    "document": ("empty",),
    "target": (),
    "changes": (),
    "any": _EQUALITY,
    "message": (),
}
"""What can be asked of each kind of field."""

_KNOWN = tuple(dict.fromkeys(name for names in OPERATORS.values() for name in names))
_ARITY = {
    1: _("Give the field only."),
    2: _("Give a field and one value."),
    3: _("Give a field and two values."),
}


def parse(document: Any, entity: Entity, catalog: Catalog) -> Condition:
    """The condition that a JSON document states about rows of the entity; raises BadCondition."""
    _measure(document)
    parser = _Parser(catalog)
    root = parser.part(document, entity, "", 0)
    if parser.problems:
        raise BadCondition(parser.problems, parser.unknown_field)
    return Condition(entity, root, frozenset(parser.operands.fields))


def _measure(document: Any) -> None:
    """Refuse what is too large to look at; the walk does not recurse, however deep the document."""
    nodes = text = 0
    waiting = [document]
    while waiting:
        item = waiting.pop()
        nodes += 1
        if isinstance(item, str):
            text += len(item)
        elif isinstance(item, list):
            waiting.extend(item)
        elif isinstance(item, dict):
            waiting.extend(item)
            waiting.extend(item.values())
        if nodes + len(waiting) > MAX_NODES or text > MAX_TEXT:
            raise BadCondition([("", _("The condition is too long."))])


class _Parser:
    """Collects one problem per comparison or combinator, so that the sender hears of all at once."""

    def __init__(self, catalog: Catalog) -> None:
        self.operands = Operands(catalog)
        self.problems: list[tuple[str, str]] = []
        self.unknown_field = False
        self.leaves = 0

    # --- structure ------------------------------------------------------------------------------

    def part(self, document: Any, entity: Entity, at: str, depth: int) -> Node:
        """The node; where the document is wrong, a note of that and a node that stands for nothing."""
        try:
            return self.node(document, entity, at, depth)
        except Fault as fault:
            self.problems.append((fault.position, fault.message))
            self.unknown_field |= fault.unknown_field
            return Every(())

    def node(self, document: Any, entity: Entity, at: str, depth: int) -> Node:
        if not isinstance(document, list) or not document or not isinstance(document[0], str):
            raise Fault(at, _('Give a list such as ["=", "field", "value"].'))
        operator, *arguments = document
        if operator not in COMBINATORS:
            return self.leaf(operator, arguments, entity, at)
        if depth == MAX_DEPTH:
            raise Fault(at, _("At most ${n} levels.", mapping={"n": MAX_DEPTH}))
        if not arguments or (operator == "not" and len(arguments) > 1):
            raise Fault(at, _("“not” takes one condition, “and” and “or” one or more."))
        parts = tuple(self.part(item, entity, f"{at}[{n}]", depth + 1) for n, item in enumerate(arguments, 1))
        if operator == "not":
            return Not(parts[0])
        return Every(parts) if operator == "and" else Some(parts)

    def leaf(self, operator: str, arguments: list[Any], entity: Entity, at: str) -> Node:
        self.leaves += 1
        if self.leaves > MAX_LEAVES:  # said once, not of every leaf that follows
            raise BadCondition([(at, _("At most ${n} comparisons.", mapping={"n": MAX_LEAVES}))])
        if operator not in _KNOWN:
            raise Fault(f"{at}[0]", _no_operator(operator))
        values = [(value, f"{at}[{n}]") for n, value in enumerate(arguments[1:], 2)]
        if operator == "between" and len(values) == 1 and isinstance(arguments[1], list):
            values = [(value, f"{at}[2][{n}]") for n, value in enumerate(arguments[1])]
        expected = {"empty": 0, "between": 2}.get(operator, 1)
        if not arguments or len(values) != expected:
            raise Fault(at, _ARITY[expected + 1])
        path = self.operands.path(arguments[0], entity, f"{at}[1]")
        fitting = OPERATORS.get(path[-1].kind, ("empty",))
        if operator not in fitting:
            facts = {"operator": operator, "field": path[-1].field.name, "fitting": " ".join(fitting)}
            message = _("“${operator}” does not fit “${field}”. What fits: ${fitting}", mapping=facts)
            raise Fault(f"{at}[0]", message)
        return self.test(operator, path, values)

    # --- operators ------------------------------------------------------------------------------

    def test(self, operator: str, path: Path, values: list[tuple[Any, str]]) -> Node:
        match operator:
            case "empty":
                return Not(self.present(path))
            case "=":
                return self.among(path, values)
            case "!=":
                return Not(self.among(path, values))
            case "in":
                return self.among(path, _listed(*values[0]))
            case "between":
                low, high = (Bound(self.value(path, *value)) for value in values)
                return Range(path, low, high)
            case "<" | "<=":
                return Range(path, high=Bound(self.value(path, *values[0]), operator == "<="))
            case ">" | ">=":
                return Range(path, low=Bound(self.value(path, *values[0]), operator == ">="))
            case "under":
                return Under(path, (self.value(path, *values[0]),), self.tree(path, values[0][1]))
            case _:
                text = self.value(path, *values[0])
                assert isinstance(text, str)
                return Matches(path, text, operator == "starts", _fold(path[-1]))

    def value(self, path: Path, raw: Any, at: str) -> Value:
        """A value where null makes no sense."""
        value = self.operands.value(raw, path[-1], at)
        if value is None:
            raise Fault(at, _("Give a value here; “empty” finds what has none."))
        return value

    def among(self, path: Path, raw: list[tuple[Any, str]]) -> Node:
        """One of the values; null among them finds what is empty, a day all moments of it."""
        if path[-1].kind == "any":
            return Some(tuple(self.about(path, item, at) for item, at in raw))
        values = list(dict.fromkeys(self.operands.value(item, path[-1], at) for item, at in raw))
        days = [value for value in values if isinstance(value, Today)] if path[-1].kind == "moment" else []
        points = tuple(value for value in values if value is not None and value not in days)
        parts: list[Node] = [Range(path, Bound(day), Bound(day)) for day in days]
        if points or not values:
            parts.append(Among(path, points))
        if None in values:
            parts.append(Not(Present(path)))
        return parts[0] if len(parts) == 1 else Some(tuple(parts))

    def present(self, path: Path) -> Node:
        return Present((*path[:-1], self.operands.halves(path[-1])[0]) if path[-1].kind == "any" else path)

    def about(self, path: Path, raw: Any, at: str) -> Node:
        """The record of any entity is this one: of that entity, and that record of it."""
        named = self.operands.named(raw, path[-1], at)
        if named is None:
            return Not(self.present(path))
        kind, one = self.operands.halves(path[-1], named[0])
        value = self.operands.value(named[1], one, at)
        assert value is not None
        return Every((Among((*path[:-1], kind), (named[0],)), Among((*path[:-1], one), (value,))))

    def tree(self, path: Path, at: str) -> Step:
        """The field through which the records of the target hang below one another."""
        target = self.operands.target(path[-1], at)
        parents = [Step(target, field) for field in target.fields if field.name == "parent"]
        if not any(step.kind == "reference" and step.refers_to == target.key for step in parents):
            raise Fault(at, _("“${field}” is no tree.", mapping={"field": path[-1].field.name}))
        return parents[0]  # not a field that is asked for: who may name a node may go down from it


def _listed(raw: Any, at: str) -> list[tuple[Any, str]]:
    """The values of an `in`, each with its position; `{"$": "my_units"}` is a list by itself."""
    if isinstance(raw, dict):
        return [(raw, at)]
    if not isinstance(raw, list):
        raise Fault(at, _("Give a list of values."))
    if len(raw) > MAX_VALUES:
        raise Fault(at, _("At most ${n} values.", mapping={"n": MAX_VALUES}))
    return [(value, f"{at}[{n}]") for n, value in enumerate(raw)]


def _fold(step: Step) -> str:
    """The form that is searched: what the model keeps folded is searched folded, the rest as it is."""
    mapper: Mapper[Any] = inspect(step.entity.model)
    folded = mapper.columns.get(f"{attribute_name(step.field)}_folded") if step.field.searchable else None
    return "" if folded is None else folded.info.get("fold", "text")


def _no_operator(name: str) -> str:
    guess = meant(name, (*_KNOWN, *COMBINATORS))
    facts = {"name": shown(name), "guess": guess}
    if guess is None:
        return _("There is no operator “${name}”.", mapping=facts)
    return _("There is no operator “${name}”. Did you mean “${guess}”?", mapping=facts)
