"""Elevated work reads everything and changes nothing unless it says so."""

from __future__ import annotations

from contextlib import suppress

import pytest
from sqlalchemy import delete, func, insert, select, update

from core.db.guard import Refused
from core.models import Audit, Change, Epoch, Role
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


@pytest.mark.databases
def test_what_a_with_block_changes_is_stored_with_the_transaction(site: Site) -> None:
    with site.acting() as ctx:
        with ctx.work.elevated("rename", write=True) as db:
            db.scalars(select(Role).where(Role.code == "auditor")).one().name = "x"
            db.add(Role(code="new", name="new", grants=[], field_rights=[]))
        assert ctx.system.scalar(select(Role.name).where(Role.code == "auditor")) == "x"
    with site.acting(write=False) as ctx:
        assert ctx.system.scalar(select(Role.name).where(Role.code == "new")) == "new"
        [change] = ctx.system.scalars(select(Change).order_by(Change.id.desc()).limit(1))
        assert "rename" in str(change.reason)
        lines = ctx.system.scalars(select(Audit).where(Audit.change_id == change.id)).all()
    assert sorted((one.entity, one.action) for one in lines) == [("core.role", "create"), ("core.role", "edit")]


@pytest.mark.databases
def test_a_with_block_that_raises_leaves_nothing(site: Site) -> None:
    with site.acting() as ctx:
        session = ctx.work.elevated("rename", write=True)
        with suppress(LookupError), session as db:
            db.scalars(select(Role).where(Role.code == "auditor")).one().name = "x"
            raise LookupError
    with site.acting(write=False) as ctx:
        assert ctx.system.scalar(select(Role.name).where(Role.code == "auditor")) != "x"
        assert ctx.system.scalar(select(func.count()).select_from(Audit).where(Audit.action == "edit")) == 0


def test_a_with_block_for_reading_refuses_what_is_pending(site: Site) -> None:
    with site.acting() as ctx, pytest.raises(Refused), ctx.work.elevated("looking") as db:
        db.scalars(select(Role).where(Role.code == "auditor")).one().name = "x"
