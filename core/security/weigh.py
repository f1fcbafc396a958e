"""Why a user may or may not do an action on one record: what speaks for it, what against.

The same facts and the same tests as `Rights.covers`, which stops at the first that decides; here all
are told. Whether the action is allowed says the criterion, which enforces.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from core.db.base import CustomerScoped, Involving
from core.models import Share
from core.security.conditions import Resolver, evaluate
from core.security.grants import Grant, read_grants
from core.security.rights import Rights
from plugins import Entity

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Line:
    """A grant of a role; `number` counts the role's lines from 1. `misses` says why it does not matter here."""

    role_id: int
    number: int
    grant: Grant
    misses: Literal["", "reach", "condition", "broken"] = ""


@dataclass(frozen=True)
class Weighed:
    """What speaks about one action on one record.

    `customer` is what speaks about seeing the customer that the record hangs on, `people` says whether the
    user is one of those whose work it is; None for records without. `public` and `personal`: everybody may
    read its public fields; it is this user's own whatever his roles.
    """

    cleared: bool = True
    denies: Sequence[Line] = ()
    grants: Sequence[Line] = ()
    missed: Sequence[Line] = ()
    shares: Sequence[Share] = ()
    public: bool = False
    personal: bool = False
    customer: Weighed | None = None
    people: bool | None = None
    follows: bool = False  # given with the customer or to its people, without a grant of its own

    @property
    def supports(self) -> bool:
        """Whether anything gives the action at all, whatever stands against it."""
        return bool(self.grants or self.shares or self.personal or self.follows)

    @property
    def visible(self) -> bool:
        """Whether what it hangs on lets it be seen; true where it hangs on nothing."""
        if self.customer is None and self.people is None:
            return True
        return bool(self.people) or (self.customer is not None and self.customer.allowed)

    @property
    def allowed(self) -> bool:
        return (self.cleared and not self.denies and self.visible and self.supports) or self.public


@dataclass
class Scales:
    """Weighs for one user. `roles` holds his roles' grants as they are stored, `shares` those that reach him."""

    rights: Rights
    roles: Mapping[int, Sequence[Mapping[str, Any]]]
    shares: Iterable[Share]
    resolver: Resolver
    _lines: dict[str, list[tuple[int, int, Grant]]] = field(default_factory=dict)

    def weigh(self, entity: Entity, action: str, row: Row) -> Weighed:
        rights, model = self.rights, entity.model
        customer, people = None, None
        if issubclass(model, CustomerScoped | Involving) and row["customer_id"] is not None:
            found = self.resolver.load("core.customer", row["customer_id"])
            if found is None or found["deleted_at"] is not None:
                return Weighed(customer=Weighed())
            customer = self.weigh(rights.catalog["core.customer"], "view", found)
        if issubclass(model, Involving):
            people = rights.person.user_id in {
                *(row["owner_id"], row["assignee_id"]),
                *self.resolver.linked(entity.key, row["id"], "participants"),
            }
        follows = action == "view" and (customer is not None or people is not None)
        lines = [self._judged(entity, action, line, row) for line in self._of(entity)]
        # What follows others is seen with them: only a restriction of its own matters besides.
        said = [line for line in lines if line is not None and (line.grant.deny or not follows)]
        secrecy = row.get("secrecy")
        return Weighed(
            cleared=secrecy is None or secrecy <= rights.person.clearance,
            denies=[line for line in said if line.grant.deny and line.misses in ("", "broken")],
            grants=[line for line in said if not line.grant.deny and not line.misses],
            missed=[line for line in said if not line.grant.deny and line.misses],
            shares=[one for one in self.shares if self._opens(one, entity, action, row["id"])],
            public=action == "view" and rights.shows_public(entity, row),
            personal=rights.is_personal(entity, action, row),
            customer=customer,
            people=people,
            follows=follows,
        )

    def _of(self, entity: Entity) -> list[tuple[int, int, Grant]]:
        if entity.key not in self._lines:
            self._lines[entity.key] = [
                (role_id, number, grant)
                for role_id, documents in self.roles.items()
                for number, document in enumerate(documents, 1)
                for grant in read_grants([document], entity, self.rights.catalog)
            ]
        return self._lines[entity.key]

    def _judged(self, entity: Entity, action: str, line: tuple[int, int, Grant], row: Row) -> Line | None:
        """The line with what keeps it from mattering; None if it is about something else."""
        role_id, number, grant = line
        if not grant.speaks_of(entity, action):
            return None
        if grant.broken:
            return Line(role_id, number, grant, "broken")
        if not self.rights.reaches(entity, grant.reach, action, row, self.resolver):
            return Line(role_id, number, grant, "reach")
        holds = grant.condition is None or evaluate(grant.condition, row, self.resolver, self.rights.context)
        return Line(role_id, number, grant, "" if holds else "condition")

    def _opens(self, share: Share, entity: Entity, action: str, record_id: int) -> bool:
        return share.entity == entity.key and share.record_id == record_id and action in share.actions
