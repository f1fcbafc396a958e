"""A savepoint that is rolled back leaves nothing behind, in the rows or in what is written about them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from sqlalchemy import event, func, select, update

from core.errors import Conflict, Forbidden, Invalid
from core.models import Audit, Customer, Epoch, Term, Unit
from core.services import records, writes
from core.services.work import Ctx

pytestmark = pytest.mark.databases


class Undo(Exception):
    """Raised to leave a savepoint."""


@contextmanager
def undone(ctx: Ctx) -> Iterator[None]:
    """A savepoint that is rolled back when the block ends."""
    with suppress(Undo), ctx.savepoint():
        yield
        raise Undo


def create(ctx: Ctx, name: str, **values: Any) -> Customer:
    made: Customer = records.create(ctx, ctx.catalog["core.customer"], {"name": name, **values})
    return made


def change(ctx: Ctx, record: Customer, **values: Any) -> None:
    records.change(ctx, ctx.catalog["core.customer"], record.id, values, record.version)


def stored(site: Any) -> dict[str, int]:
    """Version by name of all customers, as another transaction sees them."""
    with site.kernel.work(write=False) as work:
        rows = work.system.execute(select(Customer.name, Customer.version))
        return {row.name: row.version for row in rows}


def audited(site: Any) -> list[tuple[str, int | None, list[str]]]:
    """(action, record, changed fields) of what was written down of customers."""
    with site.kernel.work(write=False) as work:
        rows = work.system.execute(
            select(Audit.action, Audit.record_id, Audit.changes)
            .where(Audit.entity == "core.customer")
            .order_by(Audit.change_id, Audit.seq)
        )
        return [(action, record, [one["field"] for one in changes]) for action, record, changes in rows]


def test_only_what_was_done_inside_is_undone(site):
    with site.acting() as ctx:
        first = create(ctx, "第一")
        with undone(ctx):
            create(ctx, "第二")
            change(ctx, first, note="inside")
        third = create(ctx, "第三")
        made = [first.id, third.id]
    assert stored(site) == {"第一": 1, "第三": 1}
    assert [(action, record) for action, record, _ in audited(site)] == [("create", one) for one in made]


def test_a_savepoint_that_ends_well_keeps_all(site):
    with site.acting() as ctx:
        first = create(ctx, "第一")
        with ctx.savepoint():
            second = create(ctx, "第二")
            change(ctx, first, note="inside")
        made = [first.id, second.id, first.id]
    assert stored(site) == {"第一": 1, "第二": 1}
    assert [record for _, record, _ in audited(site)] == made


def test_a_version_that_did_not_rise_inside_rises_afterwards(site):
    record_id = site.customer("一")
    with site.acting() as ctx:
        record = records.find(ctx, ctx.catalog["core.customer"], record_id)
        with undone(ctx):
            change(ctx, record, name="二")
            assert record.version == 2
        assert (record.name, record.version, record.sort_key) == ("一", 1, "yi1\t一")
        change(ctx, record, name="三")
    assert stored(site) == {"三": 2}
    assert audited(site)[1:] == [("edit", record_id, ["name"])]


def test_a_violated_constraint_undoes_the_savepoint_only(site):
    with site.acting() as ctx:
        first = create(ctx, "一", code="A")
        with pytest.raises(Conflict):
            _take_the_same_code(ctx, first)
        create(ctx, "四", code="B")
    assert set(stored(site)) == {"一", "四"}
    assert len(audited(site)) == 2


def _take_the_same_code(ctx: Ctx, first: Customer) -> None:
    with ctx.savepoint():
        create(ctx, "二")
        twin = Customer(code="A", name="三", kind="company", state="target", secrecy=1)
        twin.unit_id, twin.owner_id = first.unit_id, first.owner_id
        ctx.db.add(twin)
        writes.flush(ctx)


def test_many_rows_one_savepoint_each(site):
    with site.acting() as ctx:
        for number in range(20):
            try:
                with ctx.savepoint():
                    create(ctx, f"{number:02}", kind="nonsense" if number % 3 == 0 else "company")
            except Invalid:
                continue
    assert sorted(stored(site)) == [f"{number:02}" for number in range(20) if number % 3]
    assert len(audited(site)) == len(stored(site))


def test_savepoints_nest(site):
    with site.acting() as ctx:
        with ctx.savepoint():
            create(ctx, "outer")
            with undone(ctx):
                create(ctx, "inner")
            with ctx.savepoint():
                create(ctx, "second inner")
        with undone(ctx), ctx.savepoint():
            create(ctx, "kept by the inner only")
    assert set(stored(site)) == {"outer", "second inner"}
    assert len(audited(site)) == 2


def test_what_was_pending_before_is_kept(site):
    record_id = site.customer("一")
    with site.acting() as ctx:
        record = records.find(ctx, ctx.catalog["core.customer"], record_id)
        record.note = "pending"
        with undone(ctx):
            record.note = "inside"
        assert record.note == "pending"
    assert stored(site) == {"一": 2}
    assert audited(site)[1:] == [("edit", record_id, ["note"])]


def test_elevated_work_inside_is_undone_with_its_reason_and_its_epoch(site):
    with site.acting() as ctx:
        outside = ctx.work.elevated("outside", write=True)
        hq = outside.scalars(select(Unit).where(Unit.code == "hq")).one()
        with undone(ctx):
            hq.name = "另一个"
            inside = ctx.work.elevated("inside", write=True)
            inside.add(Term(list_name="level", code="Z", label_zh="子", label_en="Z"))
            ctx.work.system.scalars(select(Term)).all()
        assert hq.name == "总部"
        epoch = ctx.work.system.scalar(select(Epoch.number).where(Epoch.name == "rights"))
        assert ctx.journal.reason == "outside"
        create(ctx, "一")
    with site.kernel.work(write=False) as work:
        assert work.system.scalar(select(Epoch.number).where(Epoch.name == "rights")) == epoch
        assert work.system.scalar(select(func.count()).where(Term.code == "Z")) == 0
        assert work.system.scalar(select(Unit.name)) == "总部"
    assert len(audited(site)) == 1


def test_elevated_work_inside_that_ends_well_is_stored(site):
    with site.acting() as ctx:
        with ctx.savepoint():
            inside = ctx.work.elevated("inside", write=True)
            inside.add(Term(list_name="level", code="Z", label_zh="子", label_en="Z"))
        before = ctx.work.system.scalar(select(Epoch.number).where(Epoch.name == "rights"))
    with site.kernel.work(write=False) as work:
        assert work.system.scalar(select(func.count()).where(Term.code == "Z")) == 1
        assert work.system.scalar(select(Epoch.number).where(Epoch.name == "rights")) == before + 1
        last = work.system.execute(select(Audit.entity, Audit.action).order_by(Audit.id.desc())).first()
        assert last == ("core.term", "create")


def test_a_named_action_of_a_savepoint_is_forgotten_with_it(site):
    record_id = site.customer("一")
    with site.acting() as ctx:
        record = records.find(ctx, ctx.catalog["core.customer"], record_id)
        with undone(ctx):
            ctx.journal.call(record, "assign")
        change(ctx, record, name="二")
    assert audited(site)[1:] == [("edit", record_id, ["name"])]


def test_a_session_without_objects_needs_no_savepoint_of_its_own(site):
    sent: list[str] = []
    engine = site.kernel.database.engine
    event.listen(engine, "before_cursor_execute", lambda _c, _cursor, statement, *_rest: sent.append(statement))
    with site.acting() as ctx:
        for number in range(3):
            create(ctx, f"{number}")  # each takes its number in elevated work
        sent.clear()
        with undone(ctx):
            create(ctx, "undone")
    begun = [statement for statement in sent if statement.startswith("SAVEPOINT")]
    assert len(begun) == 1
    assert set(stored(site)) == {"0", "1", "2"}


def test_a_refused_flush_undoes_the_savepoint_only(site):
    site.user("rep")
    with site.acting("rep") as ctx:
        for name, owner in (("一", "admin"), ("二", "rep"), ("三", "admin"), ("四", "rep")):
            with suppress(Forbidden), ctx.savepoint():
                create(ctx, name, owner=owner)
    assert stored(site) == {"二": 1, "四": 1}
    assert len(audited(site)) == 2


def test_a_savepoint_can_be_the_first_thing(site):
    with site.acting() as ctx:
        with undone(ctx):
            create(ctx, "undone")
            ctx.db.add(Customer(name="pending"))
        assert list(ctx.db) == []
        with ctx.savepoint():
            create(ctx, "kept")
        with undone(ctx):
            create(ctx, "undone again")
    assert stored(site) == {"kept": 1}
    assert len(audited(site)) == 1


def test_what_others_write_first_inside_is_undone_too(site):
    """The person's own session sets its savepoint although it is not the first to write."""
    with site.acting() as ctx, undone(ctx):
        ctx.work.elevated("test", write=True).execute(update(Unit).values(name="changed"))
    with site.kernel.work(write=False) as work:
        assert work.system.scalars(select(Unit.name)).all() == ["总部"]
