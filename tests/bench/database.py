"""What requests cost on one database of one size."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import count as numbers
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from core.app import make_app
from core.entities.listing import ask, page_query
from core.services.login import new_token
from tests.bench.measure import Figure, Measured, Program, cpu
from tests.bench.world import EXECUTIVE, MANAGER, REP, fill, index
from tests.support.site import Site

CUSTOMERS = "/api/v1/core/customers"
RARE = "华科12"
# What the representative looks for in the list of 80, how, and the most that it may take.
FRAGMENTS: tuple[tuple[str, dict[str, Any], float | None], ...] = (
    ("a part of a name", {"filter": '["contains", "name", "华科"]'}, 5),
    ("a rare fragment", {"q": RARE}, 5),
    ("what all have", {"q": "公司"}, 5),
    ("pinyin", {"q": "huake"}, None),
    ("the end of a number", {"q": "7919"}, None),
)


def of_database(url: str, customers: int) -> list[Figure]:
    """Lists, records and searches over REST, of who sees few customers and of who sees all."""
    site = Site(url)
    fill(site, customers)
    index(site)
    found = [figure for login in (REP, MANAGER, EXECUTIVE) for figure in _reading(site, login)]
    found += [*_record(site), *_guard(site)]
    site.close()
    return found


def _program(site: Site, login: str) -> Program:
    return Program(make_app(site.kernel), str(site.kernel.run(lambda work: new_token(work, login), write=True)))


def _listing(**asked: Any) -> str:
    return f"{CUSTOMERS}?{urlencode(asked)}"


def _reading(site: Site, login: str) -> Iterator[Figure]:
    program, measured = _program(site, login), Measured(site.kernel.database.engine)
    if login == REP:
        address = _listing(limit=50, count=1)
        assert program.get(address)["total"] == 1030
        yield from measured.request(f"{login}: list of 50 with its count", partial(program.get, address), None)
    for name, asked, most in FRAGMENTS if login == REP else FRAGMENTS[1:2]:
        task = partial(program.get, _listing(limit=80, **asked))
        yield from measured.request(f"{login}: list of 80, {name}", task, most if login == REP else 50)
    task = partial(program.get, f"/api/v1/search?{urlencode({'q': RARE})}")
    yield from measured.request(f"{login}: search over everything", task, 10)


def _record(site: Site) -> Iterator[Figure]:
    """One customer as its representative reads it, and a new one."""
    program, measured = _program(site, REP), Measured(site.kernel.database.engine)
    yield from measured.request("one record", partial(program.get, f"{CUSTOMERS}/7"), 4)
    fresh = numbers(1)

    def create() -> None:
        number = next(fresh)
        program.post(CUSTOMERS, {"name": f"新建{number}科技有限公司", "phone": f"010-6{number:07}"})

    yield from measured.request("create", create, 8)


def _guard(site: Site) -> Iterator[Figure]:
    """A person's session against the system's with the same criterion written by hand."""
    with site.acting(REP, write=False) as ctx:
        entity = ctx.catalog["core.customer"]
        model: Any = entity.model
        context = replace(ctx.rights.context, scoped=True)
        statement = page_query(ask(ctx.rights, entity), ctx.rights, context).with_only_columns(model.id)
        by_hand = statement.where(ctx.rights.criterion(entity, "view"), model.deleted_at.is_(None))
        assert ctx.db.scalars(statement).all() == ctx.system.scalars(by_hand).all()
        small = select(model.id).where(model.id == 1)
        small_by_hand = small.where(ctx.rights.criterion(entity, "view"), model.deleted_at.is_(None))
        costs = [
            cpu(partial(_fetch, ctx.db, guarded), 100) - cpu(partial(_fetch, ctx.system, free), 100)
            for guarded, free in ((statement, by_hand), (small, small_by_hand))
        ]
    yield Figure("guard per statement", max(costs), "ms CPU", 0.25)


def _fetch(session: Session, statement: Select[Any]) -> None:
    session.execute(statement).all()
