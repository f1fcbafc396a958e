"""What is written down of each transaction, and that nobody can alter it unnoticed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import Connection, delete, func, insert, select, text, update
from sqlalchemy.exc import IntegrityError

from core.db.guard import ALL, TABLES
from core.models import Audit, ChainHead, Change, Term, User
from core.services import chain, records
from core.services.chain import Broken, verify
from core.services.journal import GENESIS, link
from core.services.work import Work
from tests.db.threads import at_once

pytestmark = pytest.mark.databases


def verified(site: Any) -> Broken | None:
    with site.kernel.work(write=False) as work:
        return verify(work)


def last_change(site: Any) -> tuple[Change, list[Audit]]:
    with site.kernel.work(write=False) as work:
        change = work.system.scalars(select(Change).order_by(Change.number.desc()).limit(1)).one()
        rows = work.system.scalars(select(Audit).where(Audit.change_id == change.id).order_by(Audit.seq))
        return change, list(rows)


# --- what is written -----------------------------------------------------------------------------------


def test_a_transaction_is_one_change_with_a_row_for_each_record(site):
    with site.acting() as ctx:
        customer = ctx.catalog["core.customer"]
        one = records.create(ctx, customer, {"name": "客户𠮷", "annual_revenue": "12345678901234.5678"})
        two = records.create(ctx, customer, {"name": "第二"})
        records.change(ctx, customer, one.id, {"name": "新名字", "employees": 5}, 1)
        moment, uuid, ids = ctx.now, ctx.journal.uuid, (one.id, two.id)
    change, rows = last_change(site)
    assert (change.uuid, change.batch, change.happened_at, change.door) == (uuid, uuid, moment, "test")
    with site.kernel.work(write=False) as work:
        admin = work.system.scalar(select(User.id))
    assert change.actor_id == admin
    assert [(row.seq, row.action, row.entity, row.record_id) for row in rows] == [
        (1, "create", "core.customer", ids[0]),
        (2, "create", "core.customer", ids[1]),
        (3, "edit", "core.customer", ids[0]),
    ]
    assert {"field": "name", "old": None, "new": "客户𠮷"} in rows[0].changes
    assert {"field": "annual_revenue", "old": None, "new": "12345678901234.5678"} in rows[0].changes
    assert rows[2].changes == [
        {"field": "name", "old": "客户𠮷", "new": "新名字"},
        {"field": "employees", "old": None, "new": 5},
    ]


def test_deleting_and_restoring_are_called_so(site):
    record_id = site.customer("一")
    entity = site.kernel.catalog["core.customer"]
    site.run(lambda ctx: records.delete(ctx, entity, record_id, 1))
    _change, (row,) = last_change(site)
    assert (row.action, row.record_id) == ("delete", record_id)
    restore = next(verb for verb in entity.verbs if verb.name == "restore")
    site.run(lambda ctx: records.act(ctx, entity, record_id, restore, {}))
    _change, (row,) = last_change(site)
    assert (row.action, row.record_id) == ("restore", record_id)


def test_a_transaction_that_changes_nothing_writes_nothing(site):
    record_id = site.customer("一")
    before, _rows = last_change(site)
    entity = site.kernel.catalog["core.customer"]
    site.run(lambda ctx: records.change(ctx, entity, record_id, {"name": "一"}, 1))
    site.run(lambda ctx: records.find(ctx, entity, record_id))
    assert last_change(site)[0].number == before.number


def test_each_change_follows_the_one_before(site):
    for name in "一二三":
        site.customer(name)
    with site.kernel.work(write=False) as work:
        changes = list(work.system.scalars(select(Change).order_by(Change.number)))
        head = work.system.scalars(select(ChainHead)).one()
    assert [change.number for change in changes] == list(range(1, len(changes) + 1))
    assert changes[0].prev_hash == GENESIS
    assert [(one.hash, two.prev_hash) for one, two in pairwise(changes) if one.hash != two.prev_hash] == []
    assert (head.number, head.hash) == (len(changes), changes[-1].hash)
    assert verified(site) is None


def test_writers_at_once_make_one_chain(site):
    def make(writer: int) -> Callable[[], list[int]]:
        return lambda: [site.customer(f"{writer}-{number}") for number in range(5)]

    before = last_change(site)[0].number or 0
    outcomes = at_once([make(writer) for writer in range(4)])
    assert all(isinstance(outcome, list) for outcome in outcomes), outcomes
    assert last_change(site)[0].number == before + 20
    assert verified(site) is None


def test_a_long_chain_is_walked_in_batches(site, monkeypatch):
    for number in range(7):
        site.customer(str(number))
    for batch in (1, 2, 8, 9):
        monkeypatch.setattr(chain, "BATCH", batch)
        assert verified(site) is None


# --- what is found out -----------------------------------------------------------------------------------

FIRST, LAST = 1, 7  # the set-up, then five customers and an edit of two records


@pytest.fixture(scope="module")
def chained(shared_site):
    """A chain of seven changes; the last but one has two audit rows."""
    made = [shared_site.customer(f"客户{number}") for number in range(4)]
    entity = shared_site.kernel.catalog["core.customer"]

    def edit(ctx: Any) -> None:
        for record_id in made[:2]:
            records.change(ctx, entity, record_id, {"employees": 7}, 1)

    shared_site.run(edit)
    shared_site.customer("最后")
    assert verified(shared_site) is None
    return shared_site


class Tampering:
    """A connection on which the trail is altered, and what then comes out. Nothing is committed."""

    def __init__(self, site: Any, connection: Connection) -> None:
        self.site, self.connection = site, connection.execution_options(**{TABLES: ALL})

    def do(self, statement: Any) -> Any:
        return self.connection.execute(statement)

    def change(self, number: int, /, **values: Any) -> None:
        done = self.do(update(Change).where(Change.number == number).values(**values))
        assert done.rowcount == 1

    def row(self, number: int, seq: int = 1, /, **values: Any) -> None:
        done = self.do(update(Audit).where(Audit.change_id == self.id(number), Audit.seq == seq).values(**values))
        assert done.rowcount == 1

    def id(self, number: int) -> int:
        return int(self.do(select(Change.id).where(Change.number == number)).scalar_one())

    def uuid(self, number: int) -> str:
        return str(self.do(select(Change.uuid).where(Change.number == number)).scalar_one())

    def remove(self, number: int) -> None:
        self.do(delete(Audit).where(Audit.change_id == self.id(number)))
        self.do(delete(Change).where(Change.number == number))

    def swap(self, one: int, other: int, *names: str) -> None:
        """Let two changes change places, and let what stands in the columns `names` stay where it was."""
        columns = [getattr(Change, name) for name in names]
        first, second = (
            dict(self.do(select(Change.id, *columns).where(Change.number == number)).mappings().one())
            for number in (one, other)
        )
        ids = first.pop("id"), second.pop("id")
        self.do(update(Change).where(Change.id == ids[0]).values(number=None))
        self.do(update(Change).where(Change.id == ids[1]).values(number=one, **first))
        self.do(update(Change).where(Change.id == ids[0]).values(number=other, **second))

    def relink(self, number: int) -> None:
        """Calculate the hash of a change anew, as one would who knows how."""
        ((change, rows),) = chain._read(self.work(), number - 1, 1)
        self.change(number, hash=link(change["prev_hash"], {n: change[n] for n in chain._OF_CHANGE}, rows))

    def add(self, number: int | None, **values: Any) -> None:
        moment = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
        self.do(insert(Change).values(uuid="forged", batch="forged", happened_at=moment, door="web",
                                      number=number, **values))  # fmt: skip

    def work(self) -> Work:
        return Work(self.site.kernel, self.connection, write=False)

    def verify(self) -> Broken | None:
        return verify(self.work())


@pytest.fixture
def trail(chained) -> Iterator[Tampering]:
    with undone(chained) as connection:
        yield Tampering(chained, connection)
    assert verified(chained) is None


@contextmanager
def undone(site: Any) -> Iterator[Connection]:
    engine = site.kernel.database.engine
    with engine.connect() as connection, connection.begin() as transaction:
        yield connection
        transaction.rollback()


Act = Callable[[Tampering], Any]
MOMENT = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)


def any_row(trail: Tampering, number: int) -> dict[str, Any]:
    """A row that would belong to a change, copies and all."""
    copied = select(Change.batch, Change.happened_at, Change.actor_id, Change.door).where(Change.number == number)
    copies = dict(trail.do(copied).mappings().one())
    return {"change_id": trail.id(number), "action": "edit", "entity": "core.customer", "record_id": 1,
            "changes": [], **copies}  # fmt: skip


ALTERED: dict[str, tuple[int, Act]] = {
    "reason": (3, lambda t: t.change(3, reason="别的原因")),
    "moment": (3, lambda t: t.change(3, happened_at=dt.datetime(2020, 1, 1, tzinfo=dt.UTC))),
    "actor": (3, lambda t: t.change(3, actor_id=4711)),
    "no actor": (3, lambda t: t.change(3, actor_id=None)),
    "on behalf": (3, lambda t: t.change(3, on_behalf="经理")),
    "door": (3, lambda t: t.change(3, door="cli")),
    "address": (3, lambda t: t.change(3, address="10.0.0.1")),
    "session": (3, lambda t: t.change(3, session_id=1)),
    "token": (3, lambda t: t.change(3, token_id=1)),
    "batch": (3, lambda t: t.change(3, batch="another")),
    "uuid": (3, lambda t: t.change(3, uuid="another")),
    "undoes": (3, lambda t: t.change(3, undoes="another")),
    "hash": (3, lambda t: t.change(3, hash="0" * 64)),
    "no hash": (3, lambda t: t.change(3, hash=None)),
    "prev_hash": (3, lambda t: t.change(3, prev_hash="0" * 64)),
    "first prev_hash": (FIRST, lambda t: t.change(FIRST, prev_hash="1" * 64)),
    "last change": (LAST, lambda t: t.change(LAST, reason="x")),
    "old and new": (3, lambda t: t.row(3, changes=[{"field": "name", "old": None, "new": "无"}])),
    "no fields": (3, lambda t: t.row(3, changes=[])),
    "record": (3, lambda t: t.row(3, record_id=4711)),
    "entity": (3, lambda t: t.row(3, entity="core.user")),
    "action": (3, lambda t: t.row(3, action="view")),
    "copied batch": (3, lambda t: t.row(3, batch="another")),
    "copied moment": (3, lambda t: t.row(3, happened_at=MOMENT)),
    "copied actor": (3, lambda t: t.row(3, actor_id=None)),
    "copied door": (3, lambda t: t.row(3, door="cli")),
    "second row": (6, lambda t: t.row(6, 2, action="view")),
    "number of a row": (3, lambda t: t.row(3, seq=2)),
    "row removed": (6, lambda t: t.do(delete(Audit).where(Audit.change_id == t.id(6), Audit.seq == 2))),
    "first row removed": (6, lambda t: t.do(delete(Audit).where(Audit.change_id == t.id(6), Audit.seq == 1))),
    "only row removed": (3, lambda t: t.do(delete(Audit).where(Audit.change_id == t.id(3)))),
    "row moved": (3, lambda t: t.row(3, change_id=t.id(5), seq=2)),
    "row added": (
        3,
        lambda t: t.do(insert(Audit).values(seq=2, **any_row(t, 3))),
    ),
    "places swapped": (3, lambda t: t.swap(3, 4)),
    "places and hashes swapped": (3, lambda t: t.swap(3, 4, "prev_hash", "hash")),
    "places and links swapped": (3, lambda t: t.swap(3, 4, "prev_hash")),
}


@pytest.mark.parametrize(("number", "act"), ALTERED.values(), ids=ALTERED)
def test_the_altered_change_is_named(trail, number, act):
    act(trail)
    broken = trail.verify()
    assert broken is not None
    assert (broken.number, broken.uuid) == (number, trail.uuid(number))
    assert str(broken).startswith(f"The audit trail is broken at change {number} ({trail.uuid(number)}): ")


OTHER_VALUES: dict[str, Any] = {"Integer": 4711, "Unicode": "x", "UtcDateTime": MOMENT, "JsonText": ["x"]}


@pytest.mark.parametrize("model", [Change, Audit])
def test_no_column_can_be_altered_unnoticed(trail, model):
    number = (
        trail.id(3) if model is Change else trail.do(select(Audit.id).where(Audit.change_id == trail.id(3))).scalar()
    )
    for column in model.__table__.columns:
        if model is Audit and column.name == "id":
            continue  # says nothing that the change and `seq` do not say
        attempt = trail.connection.begin_nested()
        try:
            other = OTHER_VALUES[type(column.type).__name__]
            trail.do(update(model).where(model.id == number).values({column: other}))
        except IntegrityError:
            assert column.foreign_keys or column.name == "id"
        else:
            assert trail.verify() is not None, column.name
        attempt.rollback()
    assert trail.verify() is None


@pytest.mark.parametrize("number", [FIRST, 3, LAST])
def test_a_removed_change_is_named(trail, number):
    trail.remove(number)
    broken = trail.verify()
    assert (broken.number, broken.uuid) == (number, None)
    assert "it is missing" in str(broken)


def test_rows_swapped_within_a_change_are_noticed(trail):
    trail.row(6, 1, seq=9)
    trail.row(6, 2, seq=1)
    trail.row(6, 9, seq=2)
    assert trail.verify().number == 6


def test_an_altered_change_that_was_linked_anew_does_not_fit_the_next(trail):
    trail.change(3, reason="别的原因")
    trail.relink(3)
    broken = trail.verify()
    assert (broken.number, broken.uuid) == (4, trail.uuid(4))
    assert "does not follow the change before it" in broken.problem


def test_a_chain_rewritten_to_its_end_does_not_fit_the_head(trail):
    trail.change(3, reason="别的原因")
    for number in range(3, LAST + 1):
        trail.relink(number)
        if number < LAST:
            trail.change(number + 1, prev_hash=trail.do(select(Change.hash).where(Change.number == number)).scalar())
    broken = trail.verify()
    assert (broken.number, broken.uuid) == (LAST, trail.uuid(LAST))
    assert "head of the chain" in broken.problem


def test_a_forged_change_at_the_end_is_noticed(trail):
    last = trail.do(select(ChainHead.hash)).scalar()
    trail.add(LAST + 1, prev_hash=last)
    trail.relink(LAST + 1)
    broken = trail.verify()
    assert broken.number == LAST + 1
    assert f"counts {LAST} changes" in broken.problem


def test_a_forged_change_in_the_middle_is_noticed(trail):
    for number in range(LAST, 3, -1):
        trail.change(number, number=number + 1)
    trail.add(4, prev_hash=trail.do(select(Change.hash).where(Change.number == 3)).scalar())
    trail.relink(4)
    assert (trail.verify().number, trail.verify().uuid) == (5, trail.uuid(5))


def test_a_change_that_was_never_linked_is_noticed(trail):
    trail.add(None)
    broken = trail.verify()
    assert (broken.number, broken.uuid) == (None, "forged")
    assert str(broken) == "The audit trail is broken outside the chain (forged): it was never linked to the others."


@pytest.mark.parametrize(
    "values", [{"hash": "0" * 64}, {"number": LAST - 1}, {"number": LAST + 1}], ids=["hash", "behind", "ahead"]
)
def test_a_moved_head_is_noticed(trail, values):
    trail.do(update(ChainHead).values(**values))
    assert "head of the chain" in trail.verify().problem


def test_a_missing_head_is_noticed(trail):
    trail.do(delete(ChainHead))
    assert (trail.verify().number, trail.verify().uuid) == (LAST, trail.uuid(LAST))


@pytest.mark.databases("sqlite")  # which takes any text for JSON and for a moment
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE core_audit SET changes = '[{' WHERE change_id = (SELECT id FROM core_change WHERE number = 3)",
        "UPDATE core_change SET happened_at = 'yesterday' WHERE number = 3",
    ],
)
def test_what_cannot_be_read_is_named(trail, statement):
    trail.do(text(statement))
    broken = trail.verify()
    assert (broken.number, broken.uuid) == (3, None)
    assert "cannot be read" in broken.problem


def test_unaudited_rows_are_no_part_of_it(trail):
    trail.do(update(Term).values(label_en="x"))
    assert trail.verify() is None
    assert trail.do(select(func.count()).select_from(Change)).scalar() == LAST
