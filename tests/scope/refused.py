"""Forms of statement that would get past a reader's criteria, each of which must be refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import (
    column,
    delete,
    exists,
    func,
    insert,
    join,
    literal,
    literal_column,
    select,
    table,
    true,
    union,
    update,
)
from sqlalchemy import text as sql_text
from sqlalchemy.orm import Session, aliased, joinedload
from sqlalchemy.orm import join as orm_join
from sqlalchemy.orm import outerjoin as orm_outerjoin

from core.db.guard import unlimited
from core.models import Change, Customer, LoginSession, User, user_role
from tests.scope.models import Deal, Diary, deal_partner

Shape = Callable[[Session], Any]
customers: Any = Customer.__table__
Other: Any = aliased(Customer)


def raw(session: Session, statement: str) -> Any:
    """Past the session, straight to the connection."""
    return session.connection().exec_driver_sql(statement).all()


def schema(session: Session) -> str:
    """The qualified name by which the database also knows our tables."""
    engine = session.connection().engine
    return {"sqlite": "main", "postgresql": "public"}.get(engine.dialect.name, str(engine.url.database))


def quoted(session: Session, name: str) -> str:
    return session.connection().engine.dialect.identifier_preparer.quote_identifier(name)


PLAIN_TABLES: Mapping[str, Shape] = {
    "select of a table": lambda s: s.execute(select(customers)).all(),
    "select of its columns": lambda s: s.execute(select(customers.c.name)).all(),
    "column beside an entity": lambda s: s.execute(select(User.login, customers.c.name).where(true())).all(),
    "alias beside an entity": lambda s: s.execute(select(User.login, customers.alias("x").c.name)).all(),
    "alias named as ours": lambda s: s.execute(select(User.login, unlimited(Customer).c.name)).all(),
    "alias named as anothers": lambda s: s.execute(
        select(aliased(User, name="core_customer").login, select(func.max(customers.c.name)).scalar_subquery())
    ).all(),
    "beside a name that looks like a mark": lambda s: s.execute(
        select(User.login.label("/*core_customer.id*/"), customers.c.name)
    ).all(),
    "scalar subquery": lambda s: s.execute(select(User.id, select(func.max(customers.c.name)).scalar_subquery())).all(),
    "scalar subquery beside the entity": lambda s: s.execute(
        select(Customer.id, select(func.max(customers.c.name)).scalar_subquery())
    ).all(),
    "scalar subquery in where": lambda s: s.execute(
        select(Customer.id).where(Customer.id == select(func.max(customers.c.id)).scalar_subquery())
    ).all(),
    "in": lambda s: s.execute(select(User.id).where(User.id.in_(select(customers.c.owner_id)))).all(),
    "exists": lambda s: s.execute(select(User.id).where(exists().where(customers.c.owner_id == User.id))).all(),
    "join target": lambda s: s.execute(select(User.id).join(customers, customers.c.owner_id == User.id)).all(),
    "cte": lambda s: s.execute(select(User.id, select(customers).cte().c.name)).all(),
    "recursive cte": lambda s: s.execute(select(User.id, select(customers).cte(recursive=True).c.name)).all(),
    "subquery": lambda s: s.execute(select(User.id, select(customers).subquery().c.name)).all(),
    "union arm": lambda s: s.execute(union(select(User.login), select(customers.c.name))).all(),
    "entity over a plain subquery": lambda s: s.execute(select(aliased(Customer, select(customers).subquery()))).all(),
    "lateral": lambda s: s.execute(
        select(User.id).join(select(customers.c.name).where(customers.c.owner_id == User.id).lateral(), true())
    ).all(),
    "lightweight table": lambda s: s.execute(select(User.id, table("core_customer", column("name")).c.name)).all(),
    "lightweight table in a schema": lambda s: s.execute(
        select(User.id, table("core_customer", column("name"), schema=schema(s)).c.name)
    ).all(),
    "legacy query of a table": lambda s: s.query(customers).all(),
    "legacy query of a column": lambda s: s.query(customers.c.name).all(),
    "link table": lambda s: s.execute(select(user_role)).all(),
    "link beside an entity": lambda s: s.execute(
        select(User.id, user_role.c.role_id).join(user_role, user_role.c.user_id == User.id)
    ).all(),
    "link counted": lambda s: s.execute(
        select(Deal.id, func.count()).join(deal_partner, deal_partner.c.deal_id == Deal.id).group_by(Deal.id)
    ).all(),
    "link in exists": lambda s: s.execute(
        select(Deal.id).where(exists().where(deal_partner.c.deal_id == Deal.id))
    ).all(),
}

MISPLACED: Mapping[str, Shape] = {
    "two entities in one column": lambda s: s.execute(select(func.coalesce(User.phone, Customer.name))).all(),
    "two entities in one sum": lambda s: s.execute(select(User.login + Customer.name)).all(),
    "unselected side of an explicit join": lambda s: s.execute(
        select(User.login).select_from(orm_join(User, Customer, Customer.owner_id == User.id))
    ).all(),
    "unselected side of a core join": lambda s: s.execute(
        select(User.login).select_from(join(User, Customer, Customer.owner_id == User.id))
    ).all(),
    "alias joined on a condition": lambda s: s.execute(select(User.login).join(Other, Other.owner_id == User.id)).all(),
    "alias joined to itself": lambda s: s.execute(
        select(Customer.name, Other.name).join(Other, Other.id != Customer.id)
    ).all(),
    "full join": lambda s: s.execute(
        select(User.login, Customer.name).outerjoin(Customer, Customer.owner_id == User.id, full=True)
    ).all(),
    "full join of a relationship": lambda s: s.execute(
        select(Deal.name, Customer.name).outerjoin(Deal.customer, full=True)
    ).all(),
    "explicit full join": lambda s: s.execute(
        select(User.login, Customer.name).select_from(
            orm_outerjoin(User, Customer, Customer.owner_id == User.id, full=True)
        )
    ).all(),
    "joined load": lambda s: s.scalars(select(Deal).options(joinedload(Deal.customer))).unique().all(),
    "joined load of a link": lambda s: s.scalars(select(User).options(joinedload(User.roles))).unique().all(),
    "bare window": lambda s: s.execute(select(func.row_number().over(order_by=Customer.id))).all(),
    "bare window in a subquery": lambda s: s.execute(
        select(User.id).where(
            User.id.in_(select(select(func.row_number().over(order_by=Customer.id).label("n")).subquery().c.n))
        )
    ).all(),
}

TEXT: Mapping[str, Shape] = {
    "statement": lambda s: s.execute(sql_text("select name from core_customer")).all(),
    "entities from text": lambda s: s.scalars(
        select(Customer).from_statement(sql_text("select * from core_customer"))
    ).all(),
    "entities from a table": lambda s: s.scalars(select(Customer).from_statement(select(customers))).all(),
    "legacy from text": lambda s: s.query(Customer).from_statement(sql_text("select * from core_customer")).all(),
    "or in where": lambda s: s.execute(select(Customer.name).where(sql_text("1=1 OR 1=1"))).all(),
    "or in a literal column": lambda s: s.execute(select(Customer.name).where(literal_column("1=1 OR 1=1"))).all(),
    "subquery in text": lambda s: s.execute(
        select(Customer.id, sql_text("(select max(name) from core_customer)"))
    ).all(),
    "subquery in a literal column": lambda s: s.execute(
        select(Customer.id, literal_column("(select max(name) from core_customer)"))
    ).all(),
    "suffix": lambda s: s.execute(select(Customer.name).suffix_with("OR 1=1")).all(),
    "prefix": lambda s: s.execute(select(Customer.name).prefix_with("ALL")).all(),
    "hint": lambda s: s.execute(select(Customer.name).with_statement_hint("OR 1=1")).all(),
    "order": lambda s: s.execute(select(Customer.name).order_by(sql_text("name"))).all(),
}

CHANGES: Mapping[str, Shape] = {
    "update": lambda s: s.execute(update(Customer).where(Customer.id == 1000).values(name="x")),
    "update by key": lambda s: s.execute(update(Customer), [{"id": 1001, "name": "x"}]),
    "delete": lambda s: s.execute(delete(Customer).where(Customer.id == 1000)),
    "insert": lambda s: s.execute(insert(Customer).values(name="x")),
    "insert of rows": lambda s: s.execute(insert(Customer), [{"name": "x"}]),
    "insert from a select": lambda s: s.execute(
        insert(Diary).from_select(["id", "line"], select(Customer.id, Customer.name))
    ),
    "insert of a table": lambda s: s.execute(insert(customers).values(name="x")),
    "update in a cte": lambda s: s.execute(
        select(update(Customer).values(note="x").returning(Customer.id).cte("done").c.id)
    ).all(),
    "update in a hidden cte": lambda s: s.execute(
        select(User.id).add_cte(update(Customer).values(note="x").returning(Customer.id).cte("done"))
    ).all(),
    "delete in a cte": lambda s: s.execute(select(delete(Customer).returning(Customer.id).cte("gone").c.id)).all(),
    "legacy update": lambda s: s.query(Customer).update({"name": "x"}),
    "legacy delete": lambda s: s.query(Customer).delete(),
    "bulk update": lambda s: s.bulk_update_mappings(Customer, [{"id": 1001, "name": "x", "version": 1}]),
    "bulk insert": lambda s: s.bulk_insert_mappings(Diary, [{"id": 7, "line": "x"}]),
    "bulk save": lambda s: s.bulk_save_objects([Diary(id=7, line="x")]),
}

CONNECTION: Mapping[str, Shape] = {
    "plain name": lambda s: raw(s, "select name from core_customer"),
    "capitals": lambda s: raw(s, "SELECT name FROM CORE_CUSTOMER"),
    "quoted": lambda s: raw(s, f"select name from {quoted(s, 'core_customer')}"),
    "in its schema": lambda s: raw(s, f"select name from {schema(s)}.core_customer"),
    "quoted in its schema": lambda s: raw(s, f"select name from {quoted(s, schema(s))}.{quoted(s, 'core_customer')}"),
    "alias of ours": lambda s: raw(s, "select name from core_customer as kehu_all_core_customer"),
    "with a mark": lambda s: raw(s, "select /*core_customer.id*/ name from core_customer"),
    "second in a list": lambda s: raw(s, "select c.name from core_user u, core_customer c"),
    "before a comment": lambda s: raw(s, "select name from core_customer/**/"),
    "update": lambda s: raw(s, "update core_customer set name = 'x'"),
    "text": lambda s: s.connection().execute(sql_text("select name from core_customer")).all(),
    "table": lambda s: s.connection().execute(select(customers)).all(),
    "entity": lambda s: s.connection().execute(select(Customer.name)).all(),
    "own connection": lambda s: _elsewhere(s),
}


def _elsewhere(session: Session) -> Any:
    with session.connection().engine.connect() as connection:
        return connection.execute(select(Customer.name)).all()


NO_ENTITY: Mapping[str, Shape] = {
    "a plugin's own class": lambda s: s.execute(select(Diary.line)).all(),
    "get": lambda s: s.get(Diary, 1),
    "sessions": lambda s: s.execute(select(LoginSession.secret_hash)).all(),
    "changes": lambda s: s.execute(select(Change.uuid)).all(),
    "in a subquery": lambda s: s.execute(select(Customer.id).where(Customer.id.in_(select(Diary.id)))).all(),
    "in exists": lambda s: s.execute(select(User.id).where(exists().where(LoginSession.user_id == User.id))).all(),
    "nothing at all": lambda s: s.execute(select(literal(1))).all(),
}

REFUSED: Mapping[str, Shape] = {
    f"{family}: {name}": shape
    for family, shapes in (
        ("plain table", PLAIN_TABLES),
        ("misplaced", MISPLACED),
        ("text", TEXT),
        ("change", CHANGES),
        ("connection", CONNECTION),
        ("no entity", NO_ENTITY),
    )
    for name, shape in shapes.items()
}
