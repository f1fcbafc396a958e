"""Statements inside statements, and the loading of what records refer to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import case, except_, exists, func, intersect, literal, select, union, union_all
from sqlalchemy.orm import Session, aliased, selectinload, subqueryload

from core.models import Customer, Role, Unit, User
from tests.scope.models import Deal, Visit
from tests.scope.shapes import Other, Owner, Shape, customers_of, deals, names, rows


def recursive(session: Session) -> Any:
    """Down the tree of customers, from those without a head company."""
    tree = select(Customer.id, Customer.parent_id).where(Customer.parent_id.is_(None)).cte(recursive=True)
    tree = tree.union_all(select(Customer.id, Customer.parent_id).join(tree, Customer.parent_id == tree.c.id))
    return rows(session, select(tree.c.id, tree.c.parent_id).order_by(tree.c.id))


def recursive_over_aliases(session: Session) -> Any:
    tree = select(Other.id).where(Other.id == 1001).cte(recursive=True)
    down = aliased(Customer)
    tree = tree.union(select(down.id).where(down.parent_id == tree.c.id))
    return rows(session, select(tree.c.id).order_by(tree.c.id))


def entity_over_subquery(session: Session) -> Any:
    inner = select(Customer).where(Customer.employees > 20).subquery()
    return names(session, select(aliased(Customer, inner)).order_by(inner.c.id))


def entity_over_cte(session: Session) -> Any:
    cheap = select(Customer).where(Customer.state != "formal").cte("cheap")
    entity = aliased(Customer, cheap)
    return rows(session, select(Deal.id, entity.name).where(Deal.customer_id == entity.id).order_by(Deal.id))


def entity_over_union(session: Session) -> Any:
    both = union(select(Customer).where(Customer.id < 1005), select(Customer).where(Customer.id > 1010)).subquery()
    return names(session, select(aliased(Customer, both)).order_by(both.c.id))


def partners_of(session: Session, statement: Any) -> list[Any]:
    return [(deal.id, [one.name for one in deal.partners]) for deal in session.scalars(statement).unique()]


def visits_of(session: Session, statement: Any) -> list[Any]:
    return [(deal.id, [one.subject for one in deal.visits]) for deal in session.scalars(statement).unique()]


NESTED: Mapping[str, Shape] = {
    "exists": lambda s: rows(
        s, select(User.login).where(exists().where(Customer.owner_id == User.id)).order_by(User.login)
    ),
    "exists of a select": lambda s: rows(
        s,
        select(User.login).where(select(Customer).where(Customer.owner_id == User.id).exists()).order_by(User.login),
    ),
    "not exists": lambda s: rows(
        s, select(User.login).where(~exists().where(Customer.owner_id == User.id)).order_by(User.login)
    ),
    "exists in exists": lambda s: rows(
        s,
        select(Unit.code)
        .where(exists().where(User.unit_id == Unit.id, exists().where(Customer.owner_id == User.id)))
        .order_by(Unit.code),
    ),
    "top level exists": lambda s: s.scalar(select(exists(select(Customer.id).where(Customer.id == 1001)))),
    "any": lambda s: rows(s, select(Deal.id).where(Deal.visits.any()).order_by(Deal.id)),
    "any with a condition": lambda s: rows(
        s, select(Deal.id).where(Deal.visits.any(Visit.effort > 3)).order_by(Deal.id)
    ),
    "any of a link": lambda s: rows(s, select(Deal.id).where(Deal.partners.any()).order_by(Deal.id)),
    "any of a link with a condition": lambda s: rows(
        s, select(Deal.id).where(Deal.partners.any(Customer.employees > 40)).order_by(Deal.id)
    ),
    "has": lambda s: rows(s, select(Deal.id).where(Deal.customer.has()).order_by(Deal.id)),
    "has with a condition": lambda s: rows(
        s, select(Deal.id).where(Deal.customer.has(Customer.state == "formal")).order_by(Deal.id)
    ),
    "not has": lambda s: rows(s, select(Deal.id).where(~Deal.customer.has()).order_by(Deal.id)),
    "has any": lambda s: rows(
        s, select(Visit.id).where(Visit.deal.has(Deal.partners.any(Customer.id > 1003))).order_by(Visit.id)
    ),
    "in a select": lambda s: rows(
        s, select(User.login).where(User.id.in_(select(Customer.owner_id))).order_by(User.login)
    ),
    "in a select of an alias": lambda s: rows(
        s, select(User.login).where(User.id.in_(select(Other.owner_id))).order_by(User.login)
    ),
    "in a joined select": lambda s: rows(
        s,
        select(User.login)
        .where(User.id.in_(select(Customer.owner_id).join(Unit, Unit.id == Customer.unit_id)))
        .order_by(User.login),
    ),
    "in a union": lambda s: rows(
        s,
        select(User.login)
        .where(User.id.in_(union(select(Customer.owner_id), select(Deal.owner_id))))
        .order_by(User.login),
    ),
    "not in": lambda s: rows(
        s,
        select(User.login)
        .where(User.id.not_in(select(Customer.owner_id).where(Customer.owner_id.is_not(None))))
        .order_by(User.login),
    ),
    "scalar subquery": lambda s: rows(
        s,
        select(
            User.login, select(func.count(Customer.id)).where(Customer.owner_id == User.id).scalar_subquery()
        ).order_by(User.login),
    ),
    "scalar subquery, explicit correlation": lambda s: rows(
        s,
        select(
            User.login,
            select(func.count())
            .select_from(Customer)
            .where(Customer.owner_id == User.id)
            .correlate(User)
            .scalar_subquery(),
        ).order_by(User.login),
    ),
    "scalar subquery, uncorrelated": lambda s: rows(
        s,
        select(
            User.login,
            select(func.count(Customer.id)).where(Customer.owner_id == User.id).correlate(None).scalar_subquery(),
        ).order_by(User.login),
    ),
    "scalar subquery of the same class": lambda s: rows(
        s,
        select(
            Customer.id, select(func.count(Other.id)).where(Other.owner_id == Customer.owner_id).scalar_subquery()
        ).order_by(Customer.id),
    ),
    "scalar subquery alone": lambda s: rows(s, select(select(func.max(Customer.name)).scalar_subquery())),
    "scalar subquery in a function": lambda s: rows(
        s, select(func.coalesce(select(func.max(Customer.name)).scalar_subquery(), "none"))
    ),
    "scalar subquery in order by": lambda s: rows(
        s,
        select(User.login).order_by(
            select(func.count(Customer.id)).where(Customer.owner_id == User.id).scalar_subquery(), User.login
        ),
    ),
    "exists in a case": lambda s: rows(
        s,
        select(User.login, case((exists().where(Customer.owner_id == User.id), 1), else_=0)).order_by(User.login),
    ),
    "exists in having": lambda s: rows(
        s,
        select(User.id).group_by(User.id).having(exists().where(Customer.owner_id == User.id)).order_by(User.id),
    ),
    "compared with a subquery": lambda s: rows(
        s,
        select(Customer.id)
        .where(Customer.employees > select(func.avg(Other.employees)).scalar_subquery())
        .order_by(Customer.id),
    ),
    "subquery": lambda s: rows(
        s, select((inner := select(Customer.id, Customer.name).subquery()).c.name).order_by(inner.c.id)
    ),
    "subquery of a join": lambda s: s.scalar(
        select(func.count()).select_from(select(User.id).join(Customer, Customer.owner_id == User.id).subquery())
    ),
    "window in a subquery": lambda s: rows(
        s,
        select((ranked := select(Customer.id, func.rank().over(order_by=Customer.employees).label("n")).subquery()).c.n)
        .where(ranked.c.n < 4)
        .order_by(ranked.c.n),
    ),
    "cte": lambda s: rows(s, select((inner := select(Customer.id).cte("mine")).c.id).order_by(inner.c.id)),
    "cte twice": lambda s: sorted(
        rows(s, select((one := select(Customer.id).cte()).c.id, (two := one.alias()).c.id).where(one.c.id > two.c.id))
    ),
    "recursive cte": recursive,
    "recursive cte over aliases": recursive_over_aliases,
    "entity over a subquery": entity_over_subquery,
    "entity over a cte": entity_over_cte,
    "entity over a union": entity_over_union,
    "alias": lambda s: rows(s, select(Other.id, Other.name).order_by(Other.id)),
    "two aliases": lambda s: rows(
        s, select(Other.id, Owner.login).where(Other.owner_id == Owner.id).order_by(Other.id)
    ),
    "named alias": lambda s: rows(s, select((x := aliased(Customer, name="all_customers")).id).order_by(x.id)),
    "union": lambda s: sorted(rows(s, union(select(Customer.name), select(Deal.name)))),
    "union all": lambda s: sorted(rows(s, union_all(select(Customer.id), select(Customer.id)))),
    "union with a constant": lambda s: sorted(rows(s, union_all(select(Customer.id), select(literal(7))))),
    "intersect": lambda s: sorted(rows(s, intersect(select(Customer.id), select(Deal.customer_id)))),
    "except": lambda s: sorted(rows(s, except_(select(Deal.customer_id), select(Customer.id)))),
    "union in a subquery": lambda s: s.scalar(
        select(func.count()).select_from(union_all(select(Customer.id), select(Deal.id)).subquery())
    ),
}

LOADS: Mapping[str, Shape] = {
    "many-to-one, lazy": lambda s: customers_of(s, deals),
    "many-to-one, selectin": lambda s: customers_of(s, deals.options(selectinload(Deal.customer))),
    "many-to-one, subquery": lambda s: customers_of(s, deals.options(subqueryload(Deal.customer))),
    "collection, lazy": lambda s: visits_of(s, deals),
    "collection, selectin": lambda s: visits_of(s, deals.options(selectinload(Deal.visits))),
    "collection, subquery": lambda s: visits_of(s, deals.options(subqueryload(Deal.visits))),
    "collection, narrowed": lambda s: visits_of(s, deals.options(selectinload(Deal.visits.and_(Visit.effort > 3)))),
    "link, lazy": lambda s: partners_of(s, deals),
    "link, selectin": lambda s: partners_of(s, deals.options(selectinload(Deal.partners))),
    "link, subquery": lambda s: partners_of(s, deals.options(subqueryload(Deal.partners))),
    "link, limited": lambda s: partners_of(s, deals.limit(3).options(subqueryload(Deal.partners))),
    "two steps, lazy": lambda s: [
        (visit.id, visit.deal and [one.name for one in visit.deal.partners])
        for visit in s.scalars(select(Visit).order_by(Visit.id))
    ],
    "two steps, selectin": lambda s: [
        (visit.id, visit.deal and [one.name for one in visit.deal.partners])
        for visit in s.scalars(
            select(Visit).options(selectinload(Visit.deal).selectinload(Deal.partners)).order_by(Visit.id)
        )
    ],
    "roles of users": lambda s: [
        (user.login, [role.code for role in user.roles])
        for user in s.scalars(select(User).options(selectinload(User.roles)).order_by(User.id))
    ],
    "join to roles": lambda s: rows(s, select(User.login, Role.code).join(User.roles).order_by(User.login, Role.code)),
}
