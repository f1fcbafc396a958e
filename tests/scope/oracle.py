"""The rules of who may do what, read a second time in plain Python.

Nothing of the product is imported here: what the product decides is compared with this reading, so
the two must not share a line. Written for clearness, not for speed.

    can(user, action, record) = the user is active, cleared for the record's secrecy, not denied,
                                and granted the action or given it by a live share
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any


@dataclass(frozen=True)
class Unit:
    id: int
    code: str
    kind: str
    parent_id: int | None


@dataclass(frozen=True)
class Term:
    id: int
    list: str
    code: str
    parent_id: int | None


@dataclass(frozen=True)
class Grant:
    """`condition` is the JSON document as an administrator writes it."""

    entity: str
    action: str
    reach: str
    condition: Any = None
    deny: bool = False


@dataclass(frozen=True)
class Role:
    id: int
    grants: tuple[Grant, ...]


@dataclass(frozen=True)
class User:
    id: int
    login: str
    unit_id: int
    clearance: int
    role_ids: tuple[int, ...]
    active: bool = True


@dataclass(frozen=True)
class Share:
    """`to` is `user`, `unit` or `role`."""

    id: int
    entity: str
    record_id: int
    to: str
    target_id: int
    actions: tuple[str, ...]
    from_at: dt.datetime | None = None
    until_at: dt.datetime | None = None

    def is_live(self, now: dt.datetime) -> bool:
        begun = self.from_at is None or self.from_at <= now
        return begun and (self.until_at is None or now < self.until_at)


@dataclass(frozen=True)
class Customer:
    id: int
    owner_id: int | None
    unit_id: int
    secrecy: int
    state: str
    region_id: int | None
    industry_id: int | None
    employees: int | None
    annual_revenue: Decimal | None
    parent_id: int | None
    deleted: bool


@dataclass(frozen=True)
class Visit:
    """Hangs on a customer."""

    id: int
    customer_id: int
    effort: int | None
    deleted: bool


@dataclass(frozen=True)
class Deal:
    """Has an owner of its own; that it names a customer opens neither of them."""

    id: int
    owner_id: int | None
    unit_id: int
    secrecy: int
    customer_id: int | None
    amount: int
    deleted: bool


Record = Customer | Deal | Visit
KEYS = {Customer: "core.customer", Deal: "tst.deal", Visit: "tst.visit"}


@dataclass
class World:
    """Everything there is, by id, at the moment `now`."""

    now: dt.datetime
    units: dict[int, Unit] = field(default_factory=dict)
    terms: dict[int, Term] = field(default_factory=dict)
    roles: dict[int, Role] = field(default_factory=dict)
    users: dict[int, User] = field(default_factory=dict)
    shares: dict[int, Share] = field(default_factory=dict)
    customers: dict[int, Customer] = field(default_factory=dict)
    deals: dict[int, Deal] = field(default_factory=dict)
    visits: dict[int, Visit] = field(default_factory=dict)

    def units_above(self, unit_id: int) -> set[int]:
        """The unit and all those it belongs to."""
        above = {unit_id}
        parent = self.units[unit_id].parent_id
        return above | (self.units_above(parent) if parent is not None else set())

    def units_below(self, unit_id: int) -> set[int]:
        """The unit and all that belong to it."""
        return {unit.id for unit in self.units.values() if unit_id in self.units_above(unit.id)}

    def is_dealer(self, user: User) -> bool:
        return any(self.units[unit_id].kind == "dealer" for unit_id in self.units_above(user.unit_id))

    # --- decisions --------------------------------------------------------------------------------

    def can(self, user: User, action: str, record: Record) -> bool:
        """Whether the user may do the action; for `create`, whether a grant covers the new record."""
        if not user.active:
            return False
        if isinstance(record, Visit):
            return self._can_with_visit(user, action, record)
        if record.secrecy > user.clearance or self._denied(user, action, record):
            return False
        return self._granted(user, action, record) or self._shared(user, action, record)

    def sees(self, user: User, record: Record) -> bool:
        """Whether the record is there for the user: what is in the bin is there for nobody."""
        return not record.deleted and self.can(user, "view", record)

    def may_create(self, user: User, new: Customer | Deal) -> bool:
        """The whole judgement of a new record: another owner, or none, needs `assign` as well."""
        return self.can(user, "create", new) and (new.owner_id == user.id or self.can(user, "assign", new))

    def _can_with_visit(self, user: User, action: str, visit: Visit) -> bool:
        customer = self.customers[visit.customer_id]
        if not self.sees(user, customer) or self._denied(user, action, visit):
            return False
        return action == "view" or self._granted(user, action, visit)

    def _grants(self, user: User, action: str, record: Record) -> list[Grant]:
        key = KEYS[type(record)]
        return [
            grant
            for role_id in user.role_ids
            for grant in self.roles[role_id].grants
            if grant.entity in ("*", key) and grant.action in ("*", action)
        ]

    def _granted(self, user: User, action: str, record: Record) -> bool:
        """A grant whose condition names what the record has not gives nothing."""
        return any(
            self._matches(user, action, grant, record)
            for grant in self._grants(user, action, record)
            if not grant.deny and is_readable(grant.condition, type(record))
        )

    def _denied(self, user: User, action: str, record: Record) -> bool:
        """A restriction whose condition names what the record has not closes everything."""
        return any(
            not is_readable(grant.condition, type(record)) or self._matches(user, action, grant, record)
            for grant in self._grants(user, action, record)
            if grant.deny
        )

    def _matches(self, user: User, action: str, grant: Grant, record: Record) -> bool:
        place = self.customers[record.customer_id] if isinstance(record, Visit) else record
        if not self._reaches(user, action, grant.reach, place):
            return False
        return grant.condition is None or Reading(self, user).holds(grant.condition, record)

    def _reaches(self, user: User, action: str, reach: str, place: Customer | Deal) -> bool:
        match reach:
            case "own":
                mine = place.owner_id == user.id
                return mine and (action != "create" or place.unit_id == user.unit_id)
            case "unit":
                return place.unit_id == user.unit_id
            case "subtree":
                return user.unit_id in self.units_above(place.unit_id)
            case "all":
                return True
        raise ValueError(reach)

    def _shared(self, user: User, action: str, record: Customer | Deal) -> bool:
        """A share to a unit is for its people and for those of the units below it."""
        targets = {
            "user": {user.id},
            "unit": self.units_above(user.unit_id),
            "role": set(user.role_ids),
        }
        return any(
            share.entity == KEYS[type(record)]
            and share.record_id == record.id
            and share.target_id in targets[share.to]
            and action in share.actions
            and share.is_live(self.now)
            for share in self.shares.values()
        )


# --- conditions ----------------------------------------------------------------------------------

FIELDS: Mapping[type, Mapping[str, type | None]] = {
    Customer: {
        "state": None,
        "region": Term,
        "industry": Term,
        "employees": None,
        "annual_revenue": None,
        "owner": User,
        "unit": Unit,
        "parent": Customer,
        "secrecy": None,
    },
    Deal: {"customer": Customer, "amount": None, "owner": User, "unit": Unit, "secrecy": None},
    Visit: {"customer": Customer, "effort": None},
    User: {"login": None, "unit": Unit, "clearance": None},
    Unit: {"code": None, "parent": Unit, "kind": None},
    Term: {"code": None, "parent": Term, "list": None},
}
"""What a condition can speak of, and what it leads to."""


def is_readable(condition: Any, kind: type) -> bool:
    """Whether everything that the condition names is there."""
    if condition is None:
        return True
    operator, *arguments = condition
    if operator in ("and", "or", "not"):
        return all(is_readable(argument, kind) for argument in arguments)
    step: type | None = kind
    for name in arguments[0].split("."):
        if step is None or name not in FIELDS[step]:
            return False
        step = FIELDS[step][name]
    return True


PUBLIC: Mapping[type, set[str]] = {User: {"login", "name"}, Unit: {"code", "name"}}
"""What everybody may know of these; the rest only who is granted a view of them all."""


def is_askable(condition: Any, kind: type) -> bool:
    """Whether somebody without a grant on people and units may filter by the condition."""
    operator, *arguments = condition
    if operator in ("and", "or", "not"):
        return all(is_askable(argument, kind) for argument in arguments)
    step: type | None = kind
    for name in arguments[0].split("."):
        if step is not None and name not in PUBLIC.get(step, {name}):
            return False
        step = FIELDS[step][name] if step is not None else None
    return True


class Reading:
    """A condition as one user means it. `sees` limits which records its references lead to."""

    def __init__(self, world: World, user: User, sees: Callable[[Any], bool] = lambda record: True) -> None:
        self.world, self.user, self.sees = world, user, sees

    def holds(self, condition: Any, record: Any) -> bool:
        operator, *arguments = condition
        if operator == "and":
            return all(self.holds(argument, record) for argument in arguments)
        if operator == "or":
            return any(self.holds(argument, record) for argument in arguments)
        if operator == "not":
            return not self.holds(arguments[0], record)
        value, target = self._follow(arguments[0], record)
        return self._compare(operator, value, target, arguments[1:])

    def _follow(self, path: str, record: Any) -> tuple[Any, type | None]:
        """The value at the end of the path, and what it refers to."""
        *hops, last = path.split(".")
        kind = type(record)
        for hop in hops:
            target = FIELDS[kind][hop]
            assert target is not None
            record, kind = self._record(target, getattr(record, f"{hop}_id")), target
            if record is None:
                return None, None
        target = FIELDS[kind][last]
        return getattr(record, last if target is None else f"{last}_id"), target

    def _record(self, kind: type, id: int | None) -> Any:
        tables: Mapping[type, Mapping[int, Any]] = {
            Customer: self.world.customers,
            User: self.world.users,
            Unit: self.world.units,
            Term: self.world.terms,
        }
        found = tables[kind].get(id) if id is not None else None
        return found if found is not None and self.sees(found) else None

    def _compare(self, operator: str, value: Any, target: type | None, operands: list[Any]) -> bool:
        if operator == "empty":
            return value is None
        if operator == "!=":
            return not self._compare("=", value, target, operands)
        if operator == "in":
            listed = operands[0] if isinstance(operands[0], list) else operands
            return any(self._equals(value, target, operand) for operand in listed)
        if operator == "=":
            return self._equals(value, target, operands[0])
        if value is None:
            return False
        if operator == "under":
            return any(self._equals(above, target, operands[0]) for above in self._upwards(target, value))
        plain = [Decimal(operand) if isinstance(value, Decimal) else operand for operand in operands]
        return bool(ORDER[operator](value, *plain))

    def _equals(self, value: Any, target: type | None, operand: Any) -> bool:
        if value is None or operand is None:
            return value is None and operand is None
        if target is None:
            return bool(value == (Decimal(operand) if isinstance(value, Decimal) else operand))
        if isinstance(operand, dict):
            mine = {
                "me": {self.user.id},
                "my_unit": {self.user.unit_id},
                "my_units": self.world.units_below(self.user.unit_id),
            }
            return value in mine[operand["$"]]
        record = self._record(target, value)
        if record is None:
            return False
        key = "login" if target is User else "code"
        return bool((getattr(record, key) if isinstance(operand, str) else record.id) == operand)

    def _upwards(self, kind: type | None, id: int | None) -> list[int]:
        assert kind is not None
        record = self._record(kind, id)
        return [] if record is None else [record.id, *self._upwards(kind, record.parent_id)]


ORDER: Mapping[str, Callable[..., bool]] = {
    "<": lambda value, limit: value < limit,
    "<=": lambda value, limit: value <= limit,
    ">": lambda value, limit: value > limit,
    ">=": lambda value, limit: value >= limit,
    "between": lambda value, low, high: low <= value <= high,
}
