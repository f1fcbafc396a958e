"""A condition of the language of filters and grants, said in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyramid.request import Request

from core.i18n import _
from plugins import Entity, Field

OPERATORS: Mapping[str, str] = {
    "=": _("is"),
    "!=": _("is not"),
    "<": _("is below"),
    "<=": _("is at most"),
    ">": _("is above"),
    ">=": _("is at least"),
    "in": _("is one of"),
    "contains": _("contains"),
    "starts": _("starts with"),
    "empty": _("is empty"),
    "between": _("is between"),
    "under": _("is within"),
}
_DYNAMIC = {
    "me": _("the person"),
    "my_unit": _("the person's unit"),
    "my_units": _("the person's units"),
    "today": _("today"),
}


def in_words(request: Request, entity: Entity, condition: Any) -> str:
    """The JSON condition as a sentence; what is no condition as it stands."""
    say = request.say
    if not isinstance(condition, list) or not condition:
        return str(condition)
    head, *rest = condition
    if head in ("and", "or"):
        joined = (say(_(" and ")) if head == "and" else say(_(" or "))).join(
            in_words(request, entity, one) for one in rest
        )
        return f"({joined})" if head == "or" and len(rest) > 1 else joined
    if head == "not" and len(rest) == 1:
        return str(say(_("not (${what})", mapping={"what": in_words(request, entity, rest[0])})))
    if head not in OPERATORS or not rest:
        return str(condition)
    field = _field(entity, str(rest[0]))
    title = say(field.title) if field else str(rest[0])
    values = rest[1] if len(rest) > 1 and isinstance(rest[1], list) else rest[1:]
    said = say(_(", ")).join(_value(request, field, one) for one in values)
    return " ".join(part for part in (title, say(OPERATORS[head]), said) if part)


def _field(entity: Entity, name: str) -> Field | None:
    return next((field for field in entity.fields if field.name == name), None)


def _value(request: Request, field: Field | None, value: Any) -> str:
    say = request.say
    if isinstance(value, Mapping) and value.get("$") in _DYNAMIC:
        offset = value.get("offset")
        return f"{say(_DYNAMIC[value['$']])}{f' {offset}' if offset else ''}"
    if value is True or value is False:
        return str(say(_("Yes") if value else _("No")))
    if field is not None and field.type.kind == "choice":
        return str(say(field.type.choices.get(value, value)))  # type: ignore[attr-defined]
    return "—" if value is None else str(value)
