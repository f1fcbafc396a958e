"""Who sees and changes what people do with customers: rows of `Involving` models.

Seen by owner, assignee and participants, and by whoever sees the customer; never by a grant alone.
Changed by who sees the row and holds a grant whose reach covers the customer or the row's owner; an
assignee may edit what is his to do.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, and_, exists, or_, select, true, union_all

from core.db.guard import unlimited
from core.models import Customer, User
from core.security.conditions import Resolver
from plugins import Entity

if TYPE_CHECKING:
    from core.security.rights import Rights

Row = Mapping[str, Any]


def seen(rights: Rights, model: Any, rows: Any) -> ColumnElement[bool]:
    """Those of the `rows`, the model's or an alias's, that the person sees.

    Never an OR: each way in is a list of ids that an index gives.
    """
    row, me = unlimited(model), rights.person.user_id
    links = unlimited(model.PARTICIPANTS)
    linked, user = links.c[0], links.c.user_id
    ways = [
        select(row.c.id).where(row.c.owner_id == me, _not_binned(row)),
        select(row.c.id).where(row.c.assignee_id == me, _not_binned(row)),
        select(row.c.id).where(row.c.id.in_(select(linked).where(user == me)), _not_binned(row)),
        select(row.c.id).where(row.c.customer_id.in_(rights.customers("view"))),
    ]
    found = union_all(*ways).subquery("seen")
    sees: ColumnElement[bool] = rows.id.in_(select(found.c.id))
    return sees


def _not_binned(row: Any) -> ColumnElement[bool]:
    """Children go and come with their customer, whoever they belong to."""
    customers = unlimited(Customer)
    binned = exists().where(customers.c.id == row.c.customer_id, customers.c.deleted_at.is_not(None))
    return ~binned


def reached(rights: Rights, rows: Any, reach: str, action: str) -> ColumnElement[bool]:
    """The rows whose customer or owner a grant of that reach covers."""
    if reach == "all":
        return true()
    customers, users, me = unlimited(Customer), unlimited(User), rights.person.user_id
    if reach == "own":
        theirs = select(customers.c.id).where(customers.c.owner_id == me)
        mine = (rows.owner_id, rows.assignee_id) if action == "edit" else (rows.owner_id,)
        return or_(_known(rows.customer_id, theirs), *(and_(one.is_not(None), one == me) for one in mine))
    units = rights.units if reach == "subtree" else (rights.person.unit_id,)
    return or_(
        _known(rows.customer_id, select(customers.c.id).where(customers.c.unit_id.in_(units))),
        _known(rows.owner_id, select(users.c.id).where(users.c.unit_id.in_(units))),
    )


def _known(column: Any, ids: Any) -> ColumnElement[bool]:
    """True or false, also of NULL: a restriction is the negation of this."""
    return and_(column.is_not(None), column.in_(ids))


# --- the same on one row --------------------------------------------------------------------------


def sees(rights: Rights, entity: Entity, row: Row, resolver: Resolver) -> bool:
    """Whether the person sees the row."""
    customer = None if row["customer_id"] is None else resolver.load("core.customer", row["customer_id"])
    if customer is not None and customer["deleted_at"] is not None:
        return False
    me = rights.person.user_id
    if me in (row["owner_id"], row["assignee_id"]) or me in resolver.linked(entity.key, row["id"], "participants"):
        return True
    return customer is not None and rights.covers(rights.catalog["core.customer"], "view", customer, resolver)


def within(rights: Rights, reach: str, action: str, row: Row, resolver: Resolver) -> bool:
    """Whether a grant of that reach covers the row's customer or owner."""
    if reach == "all":
        return True
    customer = None if row["customer_id"] is None else resolver.load("core.customer", row["customer_id"])
    me = rights.person.user_id
    if reach == "own":
        mine = [row["owner_id"], *([row["assignee_id"]] if action == "edit" else [])]
        return me in mine or (customer is not None and customer["owner_id"] == me)
    units = rights.units if reach == "subtree" else (rights.person.unit_id,)
    owner = None if row["owner_id"] is None else resolver.load("core.user", row["owner_id"])
    return any(place is not None and place["unit_id"] in units for place in (customer, owner))
