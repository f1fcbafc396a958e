"""Conditions as lines that people fill in: a field, an operator, values. And back.

Lines follow one another with "and" or "or"; an "or" belongs to the line above it, so that
`A and B or C` is `["and", A, ["or", B, C]]`. What a condition says otherwise is kept as it is.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, Literal

from core.clock import local
from core.fields import BadValue
from core.i18n import _
from core.security.catalog import Catalog
from core.security.conditions import BadCondition, parse
from core.security.conditions.operands import Fault, Operands
from core.security.conditions.syntax import Step
from core.services.periods import begins
from core.web.query import all_of, parts_of
from plugins import Entity, Field

IN, NOT_IN, EMPTY, FILLED, LAST, NEXT = "in", "not in", "empty", "filled", "last", "next"
_SETS = (IN, NOT_IN, EMPTY, FILLED)
_DAYS = (">=", "<", LAST, NEXT, EMPTY, FILLED)
_NUMBERS = ("=", ">=", "<=", ">", "<", "between", EMPTY, FILLED)
OPERATORS: dict[str, tuple[str, ...]] = {
    "text": ("contains", "starts", "=", "!=", EMPTY, FILLED),
    "integer": _NUMBERS,
    "number": _NUMBERS,
    "money": _NUMBERS,
    "date": ("between", ">=", "<=", "=", LAST, NEXT, EMPTY, FILLED),
    "moment": _DAYS,
    "boolean": (IN, EMPTY, FILLED),
    "choice": _SETS,
    "reference": _SETS,
    "references": _SETS,
}
"""What a line can say of each kind of field, the usual first."""

SETS = ("boolean", "choice", "reference", "references")  # kinds of which several values can be meant
DATES = ("date", "moment")
DYNAMIC = ("me", "my_unit", "my_units")
_TODAY = {"$": "today"}
_MOST_DAYS = 36500


@dataclass(frozen=True)
class Line:
    """One comparison. `values` are texts as a form has them, of references natural keys, `$me` and its like
    or, after a `#`, ids. `raw` is a part of a condition that is no comparison of ours.
    """

    field: str
    operator: str = ""
    values: tuple[str, ...] = ()
    join: Literal["and", "or"] = "and"
    raw: Any = None


class Lines:
    """Reads and writes the lines of one entity. `zone` is the site's: moments are asked for by its days."""

    def __init__(self, entity: Entity, catalog: Catalog, zone: dt.tzinfo) -> None:
        self.entity, self.catalog, self.zone = entity, catalog, zone

    def field(self, name: str) -> Field | None:
        """The field at the end of a path; None where there is none."""
        try:
            return Operands(self.catalog).path(name, self.entity, "")[-1].field
        except Fault:
            return None

    # --- from a condition -----------------------------------------------------------------------------

    def of(self, document: Any) -> list[Line]:
        """The lines of a condition."""
        return [line for part in parts_of(document) for line in self._of_part(part)]

    def _of_part(self, part: Any) -> list[Line]:
        if isinstance(part, list) and part[:1] == ["or"] and len(part) > 1:
            found = [self._of_leaf(leaf) for leaf in part[1:]]
            if all(line is not None for line in found):
                first, *others = (line for line in found if line is not None)
                return [first, *(Line(one.field, one.operator, one.values, "or") for one in others)]
            return [Line("", raw=part)]
        line = self._of_leaf(part)
        return [line if line is not None else Line("", raw=part)]

    def _of_leaf(self, part: Any) -> Line | None:
        """The line of a comparison; None of anything else, and of what would be another one when written back."""
        negated = isinstance(part, list) and part[:1] == ["not"] and len(part) == 2
        leaf = part[1] if negated else part
        if not isinstance(leaf, list) or len(leaf) < 2 or not all(isinstance(one, str) for one in leaf[:2]):
            return None
        field = self.field(leaf[1])
        if field is None or field.type.kind not in OPERATORS:
            return None
        line = self._compared(leaf, field, negated)
        if line is None or line.operator not in OPERATORS[field.type.kind]:
            return None
        try:
            written = self.leaf(line)
        except BadValue:
            return None
        meaning = self._meaning(written)
        return line if meaning is not None and meaning == self._meaning(part) else None

    def _compared(self, leaf: list[Any], field: Field, negated: bool) -> Line | None:
        operator, name, *values = leaf
        kind = field.type.kind
        if operator == EMPTY and not values:
            return Line(name, FILLED if negated else EMPTY)
        if operator == "between" and len(values) == 1 and isinstance(values[0], list):
            values = values[0]
        if kind in SETS:
            return self._set(operator, name, values, kind, negated)
        if negated:
            return None
        if operator == "between" and len(values) == 2 and _TODAY in values:
            days = _offset(values[1 if values[0] == _TODAY else 0])
            if days is None:
                return None
            return Line(name, NEXT if values[0] == _TODAY else LAST, (str(abs(days)),))
        texts = [self._text(value, kind) for value in values]
        return None if None in texts else Line(name, operator, tuple(str(text) for text in texts))

    def _set(self, operator: str, name: str, values: list[Any], kind: str, negated: bool) -> Line | None:
        if len(values) != 1 or operator not in ("=", "!=", "in"):
            return None
        many = values[0] if operator == "in" and isinstance(values[0], list) else [values[0]]
        texts = [_of_set(value) for value in many]
        if None in texts or not texts:
            return None
        is_not = negated != (operator == "!=")
        return Line(name, NOT_IN if is_not else IN, tuple(str(text) for text in texts))

    def _text(self, value: Any, kind: str) -> str | None:
        if isinstance(value, dict | list) or value is None:
            return None
        if kind == "moment":
            try:
                moment = local(dt.datetime.fromisoformat(str(value)), self.zone)
            except (ValueError, OverflowError):
                return None
            return moment.date().isoformat()
        return str(value)

    def _meaning(self, document: Any) -> Any:
        try:
            return _plain(parse(document, self.entity, self.catalog).root)
        except BadCondition:
            return None

    # --- to a condition -------------------------------------------------------------------------------

    def document(self, lines: Sequence[Line]) -> Any:
        """The condition of the lines, None of none. Raises BadValue of the first that cannot be read."""
        groups: list[list[Any]] = []
        for line in lines:
            part = line.raw if line.raw is not None else self.leaf(line)
            if line.join == "or" and groups:
                groups[-1].append(part)
            else:
                groups.append([part])
        return all_of([group[0] if len(group) == 1 else ["or", *group] for group in groups])

    def leaf(self, line: Line) -> Any:
        """The comparison of a line. Raises BadValue."""
        field = self.field(line.field)
        if field is None or line.operator not in OPERATORS.get(field.type.kind, ()):
            raise BadValue(_("Choose a field and what is to hold of it."))
        name, kind = line.field, field.type.kind
        match line.operator:
            case "empty":
                return [EMPTY, name]
            case "filled":
                return ["not", [EMPTY, name]]
            case "in" | "not in":
                values = [self._set_value(text, field) for text in line.values if text != ""]
                if not values:
                    raise BadValue(_("Choose at least one."))
                return ["in", name, values] if line.operator == IN else ["not", ["in", name, values]]
            case "last" | "next":
                days = _days(line.values)
                if line.operator == LAST:
                    return ["between", name, {**_TODAY, "offset": f"-{days}d"}, _TODAY]
                return ["between", name, _TODAY, {**_TODAY, "offset": f"{days}d"}]
            case _:
                wanted = 2 if line.operator == "between" else 1
                texts = [text for text in line.values if text.strip()]
                if len(texts) != wanted:
                    raise BadValue(_("Give both values.") if wanted == 2 else _("Give a value."))
                return [line.operator, name, *(self._value(text, field, kind) for text in texts)]

    def _value(self, text: str, field: Field, kind: str) -> Any:
        if kind == "moment":
            try:
                day = dt.date.fromisoformat(text.strip())
                return field.type.to_json(begins(day, self.zone))  # type: ignore[attr-defined]
            except (ValueError, OverflowError):
                raise BadValue(_("Give a date such as 2026-06-30.")) from None
        if kind == "text":
            return text.strip()
        value = field.type.parse_text(text)  # type: ignore[attr-defined]
        return field.type.to_json(value)  # type: ignore[attr-defined]

    def _set_value(self, text: str, field: Field) -> Any:
        if field.type.kind == "boolean":
            return field.type.parse_text(text)  # type: ignore[attr-defined]
        if field.type.kind == "choice":
            return field.type.parse(text)  # type: ignore[attr-defined]
        if text.startswith("$"):
            if text[1:] not in DYNAMIC:
                raise BadValue(_("Choose at least one."))
            return {"$": text[1:]}
        if text.startswith("#") and text[1:].isdecimal() and text.isascii() and len(text) < 11:
            return int(text[1:])
        return text.strip()


def _plain(node: Any) -> Any:
    """A parsed condition as something that can be compared."""
    if isinstance(node, Step):
        return node.entity.key, node.field.name
    if is_dataclass(node):
        return type(node), *(_plain(getattr(node, field.name)) for field in fields(node))
    return tuple(_plain(one) for one in node) if isinstance(node, tuple) else node


def _of_set(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return f"#{value}"
    if isinstance(value, Mapping):
        return f"${value['$']}" if value.get("$") in DYNAMIC and len(value) == 1 else None
    return value if isinstance(value, str) and value[:1] not in ("", "$", "#") else None


def _offset(value: Any) -> int | None:
    """The days of `{"$": "today", "offset": "-30d"}`."""
    if not isinstance(value, Mapping) or value.get("$") != "today":
        return None
    text = str(value.get("offset", ""))[:-1]
    return int(text) if text.lstrip("+-").isdecimal() and text.isascii() else None


def _days(values: Iterable[str]) -> int:
    text = next((one.strip() for one in values if one.strip()), "")
    if not (text.isdecimal() and text.isascii() and len(text) < 6 and 0 < int(text) <= _MOST_DAYS):
        raise BadValue(_("Give a number of days."))
    return int(text)
