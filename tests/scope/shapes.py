"""Every form of statement that a person's code may write, as functions of a session."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import (
    String,
    case,
    cast,
    func,
    join,
    lambda_stmt,
    literal,
    not_,
    or_,
    select,
    true,
    tuple_,
    type_coerce,
)
from sqlalchemy.orm import (
    Bundle,
    Session,
    aliased,
    contains_eager,
    defer,
    load_only,
    with_loader_criteria,
)

from core.models import Customer, Unit, User
from tests.scope.models import Deal, Visit

Shape = Callable[[Session], Any]
Other: Any = aliased(Customer)
Owner: Any = aliased(User)
deals = select(Deal).order_by(Deal.id)


def rows(session: Session, statement: Any) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in session.execute(statement)]


def names(session: Session, statement: Any) -> list[tuple[int, str]]:
    """Id and name of entities, in the order they come."""
    return [(record.id, record.name) for record in session.scalars(statement).unique()]


def customers_of(session: Session, statement: Any) -> list[Any]:
    """Each deal with the customer that it leads to."""
    found = [(deal.id, deal.customer) for deal in session.scalars(statement).unique()]
    return [(deal_id, customer and (customer.id, customer.name)) for deal_id, customer in found]


def each(session: Session, model: Any, ask: Callable[[int], Any]) -> list[Any]:
    """What is found under each id, there or not; `ask` raises for what is not."""
    found = []
    for record_id in range(1000, 1018):
        try:
            record = ask(record_id)
        except Exception as error:
            record = type(error).__name__
        found.append(record.id if isinstance(record, model) else record)
    return found


def yielded(session: Session) -> Any:
    found = session.scalars(select(Customer).order_by(Customer.id), execution_options={"yield_per": 2})
    return [customer.name for customer in found]


def partitions(session: Session) -> Any:
    result = session.execute(select(Customer.id).order_by(Customer.id).execution_options(yield_per=3))
    return [[tuple(row) for row in part] for part in result.partitions()]


def expired(session: Session) -> Any:
    """Visible rows, read again column by column."""
    found = list(session.scalars(select(Customer).order_by(Customer.id)))
    for customer in found:
        session.expire(customer)
    return [customer.name for customer in found]


def refreshed(session: Session) -> Any:
    found = list(session.scalars(select(Customer).order_by(Customer.id)))
    for customer in found:
        session.refresh(customer)
    return [customer.name for customer in found]


def deferred(session: Session) -> Any:
    found = session.scalars(select(Customer).options(defer(Customer.note)).order_by(Customer.id))
    return [(customer.name, customer.note) for customer in found]


def only(session: Session) -> Any:
    found = session.scalars(select(Customer).options(load_only(Customer.id)).order_by(Customer.id))
    return [customer.name for customer in found]


SELECTS: Mapping[str, Shape] = {
    "entity": lambda s: names(s, select(Customer).order_by(Customer.id)),
    "columns": lambda s: rows(s, select(Customer.id, Customer.name).order_by(Customer.id)),
    "bundle": lambda s: rows(s, select(Bundle("both", Customer.id, Customer.name)).order_by(Customer.id)),
    "expression": lambda s: rows(s, select(Customer.name + "!").order_by(Customer.id)),
    "cast": lambda s: rows(s, select(cast(Customer.id, String(20))).order_by(Customer.id)),
    "type_coerce": lambda s: rows(s, select(type_coerce(Customer.name, String)).order_by(Customer.id)),
    "case": lambda s: rows(s, select(case((Customer.employees > 50, Customer.name))).order_by(Customer.id)),
    "function": lambda s: rows(s, select(func.lower(Customer.name).label("n")).order_by("n")),
    "where alone": lambda s: rows(s, select(literal(1)).where(Customer.id > 0)),
    "distinct": lambda s: sorted(rows(s, select(Customer.unit_id).distinct())),
    "limit": lambda s: rows(s, select(Customer.id).order_by(Customer.id).limit(3).offset(1)),
    "tuple in": lambda s: rows(
        s,
        select(Customer.id)
        .where(tuple_(Customer.id, Customer.unit_id).in_(select(Customer.id, Customer.unit_id)))
        .order_by(Customer.id),
    ),
    "lambda": lambda s: rows(s, lambda_stmt(lambda: select(Customer.id).order_by(Customer.id))),
    "with_only_columns": lambda s: rows(s, select(User).with_only_columns(Customer.id).order_by(Customer.id)),
    "own loader criteria": lambda s: names(
        s, select(Customer).options(with_loader_criteria(Customer, Customer.employees > 30)).order_by(Customer.id)
    ),
    "or in the filter": lambda s: rows(
        s, select(Customer.id).where(or_(Customer.id > 0, Customer.id < 0)).order_by(Customer.id)
    ),
    "not in the filter": lambda s: rows(s, select(Customer.id).where(not_(Customer.id == 1000)).order_by(Customer.id)),
    "for update": lambda s: rows(s, select(Customer.id).order_by(Customer.id).with_for_update()),
    "yield_per": yielded,
    "partitions": partitions,
    "legacy query": lambda s: [c.id for c in s.query(Customer).order_by(Customer.id)],
    "legacy count": lambda s: s.query(Customer).count(),
    "legacy function": lambda s: s.query(func.count(Customer.id)).scalar(),
    "legacy exists": lambda s: s.query(s.query(Customer).filter(Customer.id == 1001).exists()).scalar(),
    "legacy from_self": lambda s: s.query(aliased(Customer, s.query(Customer).subquery())).count(),
}

SINGLE: Mapping[str, Shape] = {
    "get": lambda s: each(s, Customer, lambda id: s.get(Customer, id)),
    "get_one": lambda s: each(s, Customer, lambda id: s.get_one(Customer, id)),
    "get for update": lambda s: each(s, Customer, lambda id: s.get(Customer, id, with_for_update=True)),
    "get, populated": lambda s: each(s, Customer, lambda id: s.get(Customer, id, populate_existing=True)),
    "get of a child": lambda s: each(s, Visit, lambda id: s.get(Visit, id)),
    "scalar one": lambda s: each(s, Customer, lambda id: s.scalars(select(Customer).where(Customer.id == id)).one()),
    "legacy get": lambda s: each(s, Customer, lambda id: s.query(Customer).filter_by(id=id).one_or_none()),
    "deferred": deferred,
    "load_only": only,
    "expired": expired,
    "refreshed": refreshed,
}

AGGREGATES: Mapping[str, Shape] = {
    "count": lambda s: s.scalar(select(func.count()).select_from(Customer)),
    "count of a column": lambda s: s.scalar(select(func.count(Customer.id))),
    "count by where": lambda s: s.scalar(select(func.count()).where(Customer.id > 0)),
    "sum": lambda s: s.scalar(select(func.sum(Customer.employees))),
    "max": lambda s: s.scalar(select(func.max(Customer.name))),
    "sum of case": lambda s: s.scalar(select(func.sum(case((Customer.state == "formal", 1), else_=0)))),
    "group by": lambda s: rows(
        s, select(Customer.state, func.count()).group_by(Customer.state).order_by(Customer.state)
    ),
    "having": lambda s: rows(
        s,
        select(Customer.state)
        .group_by(Customer.state)
        .having(func.sum(Customer.employees) > 100)
        .order_by(Customer.state),
    ),
    "count of a subquery": lambda s: s.scalar(select(func.count()).select_from(select(Customer.id).subquery())),
    "window": lambda s: rows(
        s, select(Customer.id, func.row_number().over(order_by=Customer.employees.desc())).order_by(Customer.id)
    ),
    "window sum": lambda s: rows(
        s,
        select(Customer.id, func.sum(Customer.employees).over(partition_by=Customer.unit_id)).order_by(Customer.id),
    ),
    "group by through a join": lambda s: rows(
        s,
        select(User.login, func.max(Customer.name))
        .join(Customer, Customer.owner_id == User.id)
        .group_by(User.login)
        .order_by(User.login),
    ),
}

JOINS: Mapping[str, Shape] = {
    "unselected target": lambda s: rows(s, select(Deal.id).join(Deal.customer).order_by(Deal.id)),
    "target of a condition": lambda s: rows(
        s, select(User.login).join(Customer, Customer.owner_id == User.id).order_by(User.login)
    ),
    "outer join": lambda s: rows(s, select(Deal.id, Customer.name).outerjoin(Deal.customer).order_by(Deal.id)),
    "outer join, unselected": lambda s: rows(
        s, select(User.login).outerjoin(Customer, Customer.owner_id == User.id).order_by(User.login)
    ),
    "anti join": lambda s: rows(
        s, select(Deal.id).outerjoin(Deal.customer).where(Customer.id.is_(None)).order_by(Deal.id)
    ),
    "chain": lambda s: rows(
        s,
        select(Unit.code)
        .join(User, User.unit_id == Unit.id)
        .join(Customer, Customer.owner_id == User.id)
        .order_by(Unit.code),
    ),
    "outer chain": lambda s: s.scalar(
        select(func.count(Deal.id))
        .select_from(User)
        .outerjoin(Customer, Customer.owner_id == User.id)
        .outerjoin(Deal, Deal.customer_id == Customer.id)
    ),
    "from one, select another": lambda s: rows(
        s, select(User.login).select_from(Customer).join(User, Customer.owner_id == User.id).order_by(User.login)
    ),
    "join_from": lambda s: rows(
        s, select(User.login).join_from(Customer, User, Customer.owner_id == User.id).order_by(User.login)
    ),
    "from three, count": lambda s: s.scalar(
        select(func.count())
        .select_from(Customer)
        .join(User, Customer.owner_id == User.id)
        .join(Unit, User.unit_id == Unit.id)
    ),
    "many to many": lambda s: rows(s, select(Deal.id, Customer.id).join(Deal.partners).order_by(Deal.id, Customer.id)),
    "many to many, unselected": lambda s: rows(s, select(Deal.id).join(Deal.partners).order_by(Deal.id)),
    "to an alias through a relationship": lambda s: rows(
        s, select(Deal.id, Other.name).join(Deal.customer.of_type(Other)).order_by(Deal.id)
    ),
    "to an alias by where": lambda s: rows(
        s, select(Customer.id, Other.id).where(Other.id == Customer.parent_id).order_by(Customer.id)
    ),
    "cross join": lambda s: s.scalar(select(func.count()).select_from(Customer).join(Deal, true())),
    "narrowed relationship": lambda s: rows(
        s, select(Deal.id).join(Deal.customer.and_(Customer.employees > 30)).order_by(Deal.id)
    ),
    "to a subquery": lambda s: rows(
        s,
        select(User.login)
        .join(owned := select(Customer.owner_id).distinct().subquery(), owned.c.owner_id == User.id)
        .order_by(User.login),
    ),
    "core join of named entities": lambda s: rows(
        s,
        select(User.login, Customer.id)
        .select_from(join(User, Customer, Customer.owner_id == User.id))
        .order_by(Customer.id),
    ),
    "contains_eager": lambda s: customers_of(s, deals.outerjoin(Deal.customer).options(contains_eager(Deal.customer))),
}
