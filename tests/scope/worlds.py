"""Random organisations: units, people, roles, shares, customers and visits, out of a seed."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from tests.scope.oracle import Customer, Deal, Grant, Role, Share, Term, Unit, User, Visit, World

FIRST = 1000  # ids below belong to what every site begins with
ROOT_UNIT = 1
ACTIONS = ("view", "create", "edit", "delete", "assign", "share", "export", "merge")
REACHES = ("own", "unit", "subtree", "all")
STATES = ("target", "prospect", "formal", "sealed")
HOUR = dt.timedelta(hours=1)


class WorldMaker:
    """`terms` are those of the site; the rest is made up."""

    def __init__(self, seed: int, now: dt.datetime, terms: Iterable[Term], *, customers: int = 30) -> None:
        self.rng = random.Random(seed)
        self.world = World(now, terms={term.id: term for term in terms})
        self.world.units[ROOT_UNIT] = Unit(ROOT_UNIT, "hq", "group", None)
        self._units()
        self._people()
        self._customers(customers)
        for role_id in self.ids(5):
            self.world.roles[role_id] = Role(role_id, tuple(self.grant() for _ in range(self.rng.randint(1, 4))))
        self._shares()

    def ids(self, how_many: int) -> range:
        return range(FIRST, FIRST + how_many)

    def some(self, values: Any, chance_of_none: float = 0.0) -> Any:
        values = list(values)
        return None if not values or self.rng.random() < chance_of_none else self.rng.choice(values)

    # --- the organisation -------------------------------------------------------------------------

    def _units(self) -> None:
        for unit_id in self.ids(self.rng.randint(3, 8)):
            kind = self.some(("company", "branch", "dealer", "department"))
            parent_id = self.some(self.world.units)
            self.world.units[unit_id] = Unit(unit_id, f"u{unit_id}", kind, parent_id)

    def _people(self) -> None:
        for user_id in self.ids(6):
            self.world.users[user_id] = User(
                user_id,
                f"p{user_id}",
                self.some(self.world.units),
                self.some((0, 1, 1, 2, 3)),
                tuple(sorted(self.rng.sample(list(self.ids(5)), self.rng.randint(0, 3)))),
            )

    def _customers(self, how_many: int) -> None:
        world, some = self.world, self.some
        regions = [term.id for term in world.terms.values() if term.list == "region"]
        industries = [term.id for term in world.terms.values() if term.list == "industry"]
        few = self.rng.sample(regions, 4) + [parent for id in regions[:40] if (parent := world.terms[id].parent_id)]
        for customer_id in self.ids(how_many):
            world.customers[customer_id] = Customer(
                customer_id,
                some(world.users, 0.2),
                some(world.units),
                some((0, 1, 1, 1, 2, 3)),
                some(STATES),
                some(few, 0.3),
                some(industries[:6], 0.3),
                some((0, 5, 50, 500), 0.3),
                some(map(Decimal, ("0", "0.1", "99.9999", "250000")), 0.3),
                some(world.customers, 0.6),
                deleted=self.rng.random() < 0.15,
            )
        for deal_id in self.ids(how_many // 2):
            world.deals[deal_id] = Deal(
                deal_id,
                some(world.users, 0.2),
                some(world.units),
                some((0, 1, 1, 2)),
                some(world.customers, 0.2),
                some((0, 5, 50)),
                deleted=self.rng.random() < 0.1,
            )
        for visit_id in self.ids(how_many):
            world.visits[visit_id] = Visit(
                visit_id, some(world.customers), some((0, 30, 60), 0.2), deleted=self.rng.random() < 0.1
            )

    def _shares(self) -> None:
        for share_id in self.ids(8):
            self.world.shares[share_id] = self.share(share_id)

    def share(self, share_id: int) -> Share:
        """Live, over or still to come, sometimes of an entity whose ids only look the same."""
        to = self.some(("user", "unit", "role"))
        targets = {"user": self.world.users, "unit": self.world.units, "role": self.world.roles}[to]
        now = self.world.now
        return Share(
            share_id,
            self.some(("core.customer", "core.customer", "core.customer", "tst.deal")),
            self.some(self.world.customers),
            to,
            self.some(targets),
            self.some((("view",), ("view", "edit"), ("edit",))),
            self.some((now - HOUR, now + HOUR), 0.6),
            self.some((now - HOUR, now + HOUR), 0.6),
        )

    # --- grants -----------------------------------------------------------------------------------

    def grant(self, *, deny: bool | None = None) -> Grant:
        entity = self.some(("core.customer",) * 5 + ("*",) * 3 + ("tst.visit", "tst.deal"))
        return Grant(
            entity,
            self.some(("view",) * 5 + ("*", "*") + ACTIONS),
            self.some(REACHES),
            self._about(entity) if self.rng.random() < 0.45 else None,
            self.rng.random() < 0.15 if deny is None else deny,
        )

    # --- conditions -------------------------------------------------------------------------------

    def _about(self, entity: str) -> Any:
        """A condition for a grant. One on all entities names fields that only some of them have."""
        return self.condition(kind={"tst.visit": "visit", "tst.deal": "deal"}.get(entity, "customer"))

    def condition(self, depth: int = 2, *, kind: str = "customer") -> Any:
        if depth and self.rng.random() < 0.4:
            operator = self.some(("and", "or", "not"))
            parts = 1 if operator == "not" else self.rng.randint(2, 3)
            return [operator, *(self.condition(depth - 1, kind=kind) for _ in range(parts))]
        if kind == "visit":
            return self.some((self._number("effort", (0, 30, 60)), self.customer_leaf("customer.")))
        if kind == "deal":
            return self.some((self._number("amount", (0, 5, 50)), self.customer_leaf("customer."), self._owner()))
        return self.customer_leaf(self.some(("", "", "", "parent.")))

    def customer_leaf(self, prefix: str) -> Any:
        """One comparison of a customer's field, directly or through a reference."""
        field = self.some(self._leaves)
        made: list[Any] = getattr(self, f"_{field}")()
        return [made[0], prefix + made[1], *made[2:]]

    _leaves = ("state", "secrecy", "employees", "revenue", "owner", "unit", "region", "industry", "head")

    def _state(self) -> list[Any]:
        if self.rng.random() < 0.3:
            return ["in", "state", self.rng.sample(STATES, 2)]
        return [self.some(("=", "!=")), "state", self.some(STATES)]

    def _number(self, field: str, values: tuple[Any, ...]) -> list[Any]:
        operator = self.some(("=", "!=", "<", "<=", ">", ">=", "between", "empty", "in"))
        operands = {"between": (self.some(values), self.some(values)), "empty": (), "in": ([None, self.some(values)],)}
        return [operator, field, *operands.get(operator, (self.some(values),))]

    def _secrecy(self) -> list[Any]:
        return self._number("secrecy", (0, 1, 2))

    def _employees(self) -> list[Any]:
        return self._number("employees", (0, 5, 50, 500))

    def _revenue(self) -> list[Any]:
        return self._number("annual_revenue", ("0", "0.1", "99.9999", "250000"))

    def _owner(self) -> list[Any]:
        user = self.some(self.world.users.values())
        value = self.some((user.id, user.login, {"$": "me"}))
        return self.some(
            (
                [self.some(("=", "!=")), "owner", value],
                ["empty", "owner"],
                ["in", "owner", [None, value]],
                self._unit("owner.unit"),
                [">=", "owner.clearance", 1],
            )
        )

    def _unit(self, field: str = "unit") -> list[Any]:
        unit = self.some(self.world.units.values())
        value = self.some((unit.id, unit.code, {"$": "my_unit"}))
        return self.some(
            (
                [self.some(("=", "!=", "under")), field, value],
                ["in", field, {"$": "my_units"}],
                ["=", f"{field}.kind", self.some(("dealer", "branch", "group"))],
                ["=", f"{field}.parent", unit.id],
            )
        )

    def _term(self, field: str) -> list[Any]:
        term = self.some([term for term in self.world.terms.values() if term.list == field])
        value = self.some((term.id, term.code))
        return self.some(
            (
                [self.some(("=", "!=", "under", "under")), field, value],
                ["empty", field],
                ["=", f"{field}.parent", term.id],
                [">=", f"{field}.code", term.code],
            )
        )

    def _region(self) -> list[Any]:
        return self._term("region")

    def _industry(self) -> list[Any]:
        return self._term("industry")

    def _head(self) -> list[Any]:
        customer_id = self.some(self.world.customers)
        return self.some(
            (
                ["empty", "parent"],
                ["=", "parent", customer_id],
                ["under", "parent", customer_id],
                ["=", "parent.state", self.some(STATES)],
            )
        )
