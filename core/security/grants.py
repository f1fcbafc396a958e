"""Grants and field rights as data: their vocabulary, their check, and what they mean for one user.

One algebra decides everything (M28):

    can(user, action, record) = active and record.secrecy <= user.clearance
        and no deny grant matches and (a grant matches or a live share names the action)

No grant, no access.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from core.fields import BadValue
from core.i18n import _
from core.security.catalog import Catalog, is_business, meta_or_field
from core.security.conditions import BadCondition, Condition, parse
from plugins import Entity

ANY = "*"
REACHES = ("own", "unit", "subtree", "all")
ACTIONS = ("view", "create", "edit", "delete", "assign", "share", "export", "import", "merge", "explain")
READING = ("view", "export", "explain")
WRITING = ("create", "edit", "delete", "assign")
MOST_TEXT = 20_000  # characters of a role's lines: each list that its holders see carries them
FIELD_RIGHTS = ("none", "mask", "read", "edit")  # from least to most
READABLE = ("read", "edit")  # those of them with which the value itself is seen


@dataclass(frozen=True)
class Grant:
    """One line of a role. `broken` says that its condition names what is not there now."""

    entity: str
    action: str
    reach: str
    deny: bool
    condition: Condition | None = None
    broken: bool = False

    def speaks_of(self, entity: Entity, action: str) -> bool:
        if entity.rules.closed and action in WRITING:
            return False
        return self.action in (ANY, action) and (
            self.entity == entity.key or (self.entity == ANY and is_business(entity))
        )


@dataclass(frozen=True)
class FieldRight:
    """What holders of a role may do with one field of the records that the condition matches."""

    entity: str
    field: str
    right: str
    condition: Condition | None = None
    broken: bool = False


def read_grants(documents: Iterable[Mapping[str, Any]], entity: Entity, catalog: Catalog) -> list[Grant]:
    """The grants that speak of an entity, conditions parsed against its fields of today."""
    found = []
    for document in documents:
        grant = Grant(document["entity"], document["action"], document["reach"], document["deny"])
        if grant.entity == entity.key or (grant.entity == ANY and is_business(entity)):
            condition, broken = _condition(document.get("condition"), entity, catalog)
            found.append(Grant(grant.entity, grant.action, grant.reach, grant.deny, condition, broken))
    return found


def read_field_rights(documents: Iterable[Mapping[str, Any]], entity: Entity, catalog: Catalog) -> list[FieldRight]:
    """The field rights that speak of an entity."""
    found = []
    for document in documents:
        if document["entity"] == entity.key:
            condition, broken = _condition(document.get("condition"), entity, catalog)
            found.append(FieldRight(entity.key, document["field"], document["right"], condition, broken))
    return found


def _condition(document: Any, entity: Entity, catalog: Catalog) -> tuple[Condition | None, bool]:
    if document is None:
        return None, False
    try:
        return _judged_on_a_row(document, entity, catalog), False
    except BadCondition:
        return None, True


def _judged_on_a_row(document: Any, entity: Entity, catalog: Catalog) -> Condition:
    """A condition that needs no more than a record's columns: rights are also judged in Python."""
    condition = parse(document, entity, catalog)
    if any(meta_or_field(catalog[key], name).type.kind == "references" for key, name in condition.fields):
        raise BadCondition([("", _("conditions of roles cannot use fields with several references"))])
    return condition


# --- checking what an administrator writes ---------------------------------------------------------


def check_grants(value: Any, catalog: Catalog) -> list[dict[str, Any]]:
    """Clean grants, complete with their defaults; BadValue names the first line that is wrong."""
    return [_checked(line, number, catalog, _clean_grant) for number, line in enumerate(_lines(value), 1)]


def check_field_rights(value: Any, catalog: Catalog) -> list[dict[str, Any]]:
    """Clean field rights; BadValue names the first line that is wrong."""
    return [_checked(line, number, catalog, _clean_field_right) for number, line in enumerate(_lines(value), 1)]


def _lines(value: Any) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list) or len(value) > 500:
        raise BadValue(_("Give a list of at most 500 lines."))
    if len(json.dumps(value, default=str)) > MOST_TEXT:
        raise BadValue(_("These lines are too long together. Use simpler conditions."))
    return value


def _checked(line: Any, number: int, catalog: Catalog, clean: Any) -> dict[str, Any]:
    try:
        if not isinstance(line, dict):
            raise BadValue(_("give an object"))
        result: dict[str, Any] = clean(line, catalog)
        return result
    except BadValue as problem:
        raise BadValue(_("Line ${n}: ${problem}", mapping={"n": number, "problem": problem.message})) from None


def _clean_grant(line: dict[str, Any], catalog: Catalog) -> dict[str, Any]:
    _no_others(line, {"entity", "action", "reach", "condition", "deny"})
    entity = line.get("entity")
    if entity != ANY and (not isinstance(entity, str) or entity not in catalog):
        raise BadValue(_("there is no entity ${name}", mapping={"name": str(entity)[:80]}))
    _one_of(line.get("action"), (*ACTIONS, ANY, *_verbs(entity, catalog)), _("action"))
    _one_of(line.get("reach"), REACHES, _("reach"))
    if not isinstance(line.get("deny", False), bool):
        raise BadValue(_("deny is true or false"))
    condition = line.get("condition")
    if condition is not None:
        for target in [catalog[entity]] if entity != ANY else [e for e in catalog if is_business(e)]:
            _parsed(condition, target, catalog)
    return {
        "entity": entity,
        "action": line["action"],
        "reach": line["reach"],
        "condition": _plain(condition),
        "deny": line.get("deny", False),
    }


def _clean_field_right(line: dict[str, Any], catalog: Catalog) -> dict[str, Any]:
    _no_others(line, {"entity", "field", "right", "condition"})
    entity = catalog.get(line["entity"]) if isinstance(line.get("entity"), str) else None
    if entity is None:
        raise BadValue(_("there is no entity ${name}", mapping={"name": str(line.get("entity"))[:80]}))
    _one_of(line.get("field"), tuple(field.name for field in entity.fields), _("field"))
    _one_of(line.get("right"), FIELD_RIGHTS, _("right"))
    condition = line.get("condition")
    if condition is not None:
        _parsed(condition, entity, catalog)
    return {"entity": entity.key, "field": line["field"], "right": line["right"], "condition": _plain(condition)}


def _plain(condition: Any) -> Any:
    """The condition with exact decimals written as text, as JSON keeps them."""
    return json.loads(json.dumps(condition, default=str))


def _verbs(entity: Any, catalog: Catalog) -> tuple[str, ...]:
    entities = [catalog[entity]] if entity in catalog else [e for e in catalog if is_business(e)]
    return tuple(verb.name for one in entities for verb in one.verbs)


def _parsed(condition: Any, entity: Entity, catalog: Catalog) -> None:
    try:
        _judged_on_a_row(condition, entity, catalog)
    except BadCondition as bad:
        position, message = bad.problems[0]
        raise BadValue(_("condition ${at}: ${problem}", mapping={"at": position, "problem": message})) from None


def _no_others(line: dict[str, Any], known: set[str]) -> None:
    others = sorted(set(map(str, line)) - known)
    if others:
        raise BadValue(_("unknown: ${names}", mapping={"names": ", ".join(others)[:200]}))


def _one_of(value: Any, known: tuple[str, ...], what: str) -> None:
    if not isinstance(value, str) or value not in known:
        raise BadValue(_("${what} is one of: ${known}", mapping={"what": what, "known": ", ".join(known)}))
