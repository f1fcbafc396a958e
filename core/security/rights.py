"""What one user may do, compiled from his roles, his unit and his shares.

The same grants are read in two ways: as an SQL criterion, which enforces, and as a Python test on
one row, which decides what a page offers and which fields a reader gets. Built once per user and
epoch, shared by all his requests, never changed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, false, not_, or_, select, true
from sqlalchemy.sql.base import ExecutableOption

from core.db.base import AttachedTo, Binnable, CustomerScoped, Involving
from core.db.guard import unlimited
from core.models import Customer
from core.security import involved
from core.security.catalog import Catalog, is_business
from core.security.conditions import Resolver, SqlContext, evaluate, to_sql
from core.security.grants import FIELD_RIGHTS, READABLE, FieldRight, Grant, read_field_rights, read_grants
from core.security.org import Org
from plugins import PROFILES, Entity, Field

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Shares:
    """Ids of records shared to the user, by (entity, action); good until `valid_until` (UTC)."""

    ids: Mapping[tuple[str, str], tuple[int, ...]]
    valid_until: dt.datetime | None = None

    def of(self, entity: Entity, action: str) -> tuple[int, ...]:
        return self.ids.get((entity.key, action), ())


@dataclass(frozen=True)
class Person:
    """The facts about a user that rights are made from."""

    user_id: int
    unit_id: int
    clearance: int
    role_ids: tuple[int, ...]
    grants: tuple[Mapping[str, Any], ...]
    field_rights: tuple[Mapping[str, Any], ...]
    profile: str = PROFILES[0]


class Rights:
    """See the module. `today` and `zone` are the site's, for conditions."""

    def __init__(self, person: Person, org: Org, shares: Shares, catalog: Catalog, today: dt.date, zone: str) -> None:
        self.person, self.org, self.shares, self.catalog = person, org, shares, catalog
        self.units = org.subtree(person.unit_id)
        self.units_above = org.ancestors(person.unit_id)
        self.dealer = org.is_dealer(person.unit_id)
        self.context = SqlContext(person.user_id, person.unit_id, self.units, today, zone, scoped=False)
        self._grants: dict[str, list[Grant]] = {}
        self._field_rights: dict[str, list[FieldRight]] = {}
        self.loader_options: dict[Any, ExecutableOption] = {}  # filled by the scope, kept as long as these rights
        self._criteria: dict[tuple[str, str, bool], ColumnElement[bool]] = {}

    def grants(self, entity: Entity) -> list[Grant]:
        if entity.key not in self._grants:
            self._grants[entity.key] = read_grants(self.person.grants, entity, self.catalog)
        return self._grants[entity.key]

    def may_ever(self, entity: Entity, action: str) -> bool:
        """Whether any grant or share gives the action on at least some conceivable record."""
        matching = [grant for grant in self.grants(entity) if grant.speaks_of(entity, action)]
        if any(grant.deny and (grant.broken or _unlimited(grant)) for grant in matching):
            return False
        given = any(not grant.deny and not grant.broken for grant in matching)
        return given or bool(self.shares.of(entity, action)) or bool(_personal(entity, action))

    def unlimited(self, entity: Entity, action: str) -> bool:
        """Whether the action is granted on every record there is, nothing denied."""
        matching = [grant for grant in self.grants(entity) if grant.speaks_of(entity, action)]
        return not any(grant.deny for grant in matching) and any(_unlimited(grant) for grant in matching)

    def sees_others(self, entity: Entity) -> bool:
        """Whether the user sees more than his own records and what is shared to him one by one."""
        given = [grant for grant in self.grants(entity) if grant.speaks_of(entity, "view") and not grant.deny]
        return bool(entity.public) or any(grant.reach != "own" for grant in given)

    # --- as SQL ---------------------------------------------------------------------------------

    def criterion(self, entity: Entity, action: str, *, granted: bool = False) -> ColumnElement[bool]:
        """The rows of the entity's table on which the user may do the action.

        Viewing an entity with public fields covers everybody's rows; `granted` leaves that out.
        Deleted rows are not looked at here.
        """
        key = (entity.key, action, granted)
        if key not in self._criteria:
            criterion = self._allowed(entity, action)
            if action == "view" and entity.public and not granted:
                criterion = or_(criterion, self._public(entity))
            self._criteria[key] = criterion
        return self._criteria[key]

    def _public(self, entity: Entity) -> ColumnElement[bool]:
        unit = getattr(entity.model, "UNIT", None)
        if not self.dealer or unit is None:
            return true()
        return getattr(entity.model, unit).in_(self.units)

    def _allowed(self, entity: Entity, action: str, source: Any = None) -> ColumnElement[bool]:
        """The criterion on the model, or on an alias of its table where it stands in a subquery."""
        rows: Any = entity.model if source is None else source.c
        given: list[ColumnElement[bool]] = []
        denied: list[ColumnElement[bool]] = []
        for grant in self.grants(entity):
            if not grant.speaks_of(entity, action):
                continue
            if grant.broken:
                if grant.deny:
                    return false()
                continue
            reached = self._reach(entity.model, rows, grant.reach, action)
            if grant.condition is not None:
                place = entity.model if source is None else source
                reached = and_(reached, to_sql(grant.condition, place, self.catalog, self.context))
            (denied if grant.deny else given).append(reached)
        shared = self.shares.of(entity, action)
        if shared:
            given.append(rows.id.in_(shared))
        given += [getattr(rows, column) == self.person.user_id for column in _personal(entity, action)]
        if action == "view" and (column := _opened(entity)):
            given.append(getattr(rows, column).in_(self.units_above))
        criterion = or_(false(), *given)
        if issubclass(entity.model, CustomerScoped):
            criterion = self._follow(rows.customer_id.in_(self.customers("view")), action, criterion)
        elif issubclass(entity.model, Involving):
            criterion = self._follow(involved.seen(self, entity.model, rows), action, criterion)
        if issubclass(entity.model, AttachedTo) and entity.model.FOLLOWS:
            criterion = and_(criterion, self._with_record(entity.model))
        if denied:
            criterion = and_(criterion, not_(or_(*denied)))
        if hasattr(entity.model, "secrecy"):
            criterion = and_(criterion, rows.secrecy <= self.person.clearance)
        return criterion

    @staticmethod
    def _follow(visible: ColumnElement[bool], action: str, given: ColumnElement[bool]) -> ColumnElement[bool]:
        """What follows its customer or its people is seen with them, unless denied; changed with a grant of its own."""
        return visible if action == "view" else and_(visible, given)

    def customers(self, action: str) -> Select[Any]:
        """The ids of live customers on which the person may do the action, for criteria of what hangs on them."""
        customers = unlimited(Customer)
        allowed = self._allowed(self.catalog["core.customer"], action, customers)
        return select(customers.c.id).where(allowed, customers.c.deleted_at.is_(None))

    def _with_record(self, model: Any) -> ColumnElement[bool]:
        """What hangs on a record is seen with it only. For lists over all records: a few people have these."""
        arms = []
        for entity in filter(is_business, self.catalog):
            rows = unlimited(entity.model)
            seen = [self._allowed(entity, "view", rows)]
            if issubclass(entity.model, Binnable):
                seen.append(rows.c.deleted_at.is_(None))
            arms.append(and_(model.entity == entity.key, model.record_id.in_(select(rows.c.id).where(*seen))))
        return or_(false(), *arms)

    def _reach(self, model: Any, rows: Any, reach: str, action: str) -> ColumnElement[bool]:
        if reach == "all":
            return true()
        if issubclass(model, CustomerScoped):
            customers = unlimited(Customer)
            within = self._reach_of(customers.c.owner_id, customers.c.unit_id, reach, action)
            found: ColumnElement[bool] = rows.customer_id.in_(select(customers.c.id).where(within))
            return found
        if issubclass(model, Involving):
            return involved.reached(self, rows, reach, action)
        owner, unit = getattr(model, "OWNER", None), getattr(model, "UNIT", None)
        return self._reach_of(owner and getattr(rows, owner), unit and getattr(rows, unit), reach, action)

    def _reach_of(self, owner: Any, unit: Any, reach: str, action: str) -> ColumnElement[bool]:
        if reach == "own":
            if owner is None:
                return false()
            mine = and_(owner.is_not(None), owner == self.person.user_id)
            return and_(mine, unit == self.person.unit_id) if action == "create" and unit is not None else mine
        if unit is None:
            return false()
        found: ColumnElement[bool] = unit.in_(self.units if reach == "subtree" else (self.person.unit_id,))
        return found

    # --- on one row -----------------------------------------------------------------------------

    def covers(self, entity: Entity, action: str, row: Row, resolver: Resolver) -> bool:
        """Whether grants and shares give the action on this row; children: on the row's customer."""
        clearance = row.get("secrecy")
        if clearance is not None and clearance > self.person.clearance:
            return False
        given = row["id"] in self.shares.of(entity, action)
        given = given or self.is_personal(entity, action, row)
        if issubclass(entity.model, AttachedTo) and entity.model.FOLLOWS and not self._sees_record(row, resolver):
            return False
        if issubclass(entity.model, CustomerScoped):
            found = resolver.load("core.customer", row["customer_id"])
            if found is None or found["deleted_at"] is not None:
                return False
            if not self.covers(self.catalog["core.customer"], "view", found, resolver):
                return False
            given = given or action == "view"
        elif issubclass(entity.model, Involving):
            if not involved.sees(self, entity, row, resolver):
                return False
            given = given or action == "view"
        for grant in self.grants(entity):
            if not grant.speaks_of(entity, action) or (grant.broken and not grant.deny):
                continue
            if grant.broken:
                return False
            if not self.reaches(entity, grant.reach, action, row, resolver):
                continue
            if grant.condition is not None and not evaluate(grant.condition, row, resolver, self.context):
                continue
            if grant.deny:
                return False
            given = True
        return given

    def _sees_record(self, row: Row, resolver: Resolver) -> bool:
        """Whether the record is seen on which an attached row hangs."""
        entity = self.catalog.get(row["entity"])
        if entity is None or not is_business(entity):
            return False
        found = resolver.load(entity.key, row["record_id"])
        return found is not None and found.get("deleted_at") is None and self.covers(entity, "view", found, resolver)

    def reaches(self, entity: Entity, reach: str, action: str, row: Row, resolver: Resolver) -> bool:
        """Whether a grant of this reach is about the row: of what hangs on a customer, about that customer."""
        model: type = entity.model
        if issubclass(model, Involving):
            return involved.within(self, reach, action, row, resolver)
        if issubclass(model, CustomerScoped):
            found = resolver.load("core.customer", row["customer_id"])
            return found is not None and self._within(Customer, reach, action, found)
        return self._within(model, reach, action, row)

    def _within(self, model: type, reach: str, action: str, row: Row) -> bool:
        if reach == "all":
            return True
        owner, unit = getattr(model, "OWNER", None), getattr(model, "UNIT", None)
        if reach == "own":
            mine = owner is not None and row[owner] == self.person.user_id
            return mine and (action != "create" or unit is None or row[unit] == self.person.unit_id)
        if unit is None:
            return False
        return row[unit] in (self.units if reach == "subtree" else (self.person.unit_id,))

    # --- for explanations -----------------------------------------------------------------------

    def is_personal(self, entity: Entity, action: str, row: Row) -> bool:
        """Whether the row is the user's own for this action or opened to his unit, whatever his roles."""
        if action == "view" and (column := _opened(entity)) and row[column] in self.units_above:
            return True
        return self.person.user_id in [row[column] for column in _personal(entity, action)]

    def shows_public(self, entity: Entity, row: Row) -> bool:
        """Whether everybody reads the row's public fields; a dealer only in his units."""
        unit = getattr(entity.model, "UNIT", None)
        return bool(entity.public) and (not self.dealer or unit is None or row[unit] in self.units)

    # --- fields ---------------------------------------------------------------------------------

    def field_rights(self, entity: Entity) -> list[FieldRight]:
        if entity.key not in self._field_rights:
            self._field_rights[entity.key] = read_field_rights(self.person.field_rights, entity, self.catalog)
        return self._field_rights[entity.key]

    def _rules(self, entity: Entity, field: Field) -> list[FieldRight]:
        # A rule whose condition cannot be read restricts everywhere, but opens nowhere.
        return [
            rule
            for rule in self.field_rights(entity)
            if rule.field == field.name and not (rule.broken and rule.right == "edit")
        ]

    def field_right(self, entity: Entity, field: Field, row: Row, resolver: Resolver) -> str:
        """`edit`, `read`, `mask` or `none`: the most that a rule about this field gives, `edit` without one."""
        rules = [
            rule
            for rule in self._rules(entity, field)
            if rule.condition is None or evaluate(rule.condition, row, resolver, self.context)
        ]
        return max((rule.right for rule in rules), key=FIELD_RIGHTS.index, default="edit")

    def may_ask(self, entity: Entity, field: Field) -> bool:
        """Whether the user may filter, sort and search by a field: never by one that some row hides."""
        rules = self._rules(entity, field)
        always = [rule.right for rule in rules if rule.condition is None]
        if always:
            return max(always, key=FIELD_RIGHTS.index) in READABLE
        return all(rule.right in READABLE for rule in rules)


def _personal(entity: Entity, action: str) -> tuple[str, ...]:
    """The columns that name those who may do the action whatever their roles, unless it is denied to them."""
    found: tuple[str, ...] = getattr(entity.model, "PERSONAL", {}).get(action, ())
    return found


def _opened(entity: Entity) -> str:
    """The column that names the unit whose people, and those of the units below it, view the row; "" without."""
    found: str = getattr(entity.model, "OPEN_TO", "")
    return found


def _unlimited(grant: Grant) -> bool:
    return not grant.deny and not grant.broken and grant.reach == "all" and grant.condition is None
