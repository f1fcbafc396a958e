"""Elevated work reads everything and changes nothing unless it says so."""

from __future__ import annotations

import pytest
from sqlalchemy import delete, insert, select, update

from core.db.guard import Refused
from core.models import Epoch, Role
from tests.support.site import Site


@pytest.mark.databases
def test_a_session_for_reading_writes_in_no_form(site: Site) -> None:
    changed = update(Role).values(name="x").returning(Role.id).cte("changed")
    with site.kernel.work(write=True) as work:
        session = work.elevated("looking")
        for statement in (
            update(Role).values(name="x"),
            delete(Role),
            insert(Epoch).values(name="x"),
            select(changed.c.id),
            select(Role.id).where(Role.id.in_(select(changed.c.id))),
        ):
            with pytest.raises(Refused):
                session.execute(statement)
        session.add(Role(code="x", name="x", grants=[], field_rights=[]))
        with pytest.raises(Refused):
            session.flush()
        session.expunge_all()
        assert session.scalar(select(Role.name).where(Role.code == "admin")) == "系统管理员"


@pytest.mark.databases
def test_a_unit_of_work_for_reading_lets_nobody_write(site: Site) -> None:
    with site.acting(write=False) as ctx:
        with pytest.raises(Refused):
            ctx.work.elevated("writing", write=True)
        role = ctx.db.scalars(select(Role).where(Role.code == "auditor")).one()
        role.name = "x"
        with pytest.raises(Refused):
            ctx.db.flush()
        ctx.db.expunge_all()
