"""Paging by key: every record once, in one order on every database, whatever the cursor says."""

from __future__ import annotations

import base64
import datetime as dt
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, delete, insert, select

from core.db.guard import ALL, TABLES
from core.entities.listing import ask
from core.errors import BadRequest
from core.models import Customer, Unit
from core.services import login
from core.services.records import Page, listing
from core.services.work import Ctx, Work

pytestmark = pytest.mark.databases

UTC = dt.UTC
TEXTS = ["", " ", "a", "A", "á", "ab", "a ", "Z", "é", "客户", "客户𠮷", "\ue000", "\U0001f642"]
MOMENTS = [dt.datetime(2026, 6, 30, 9, 0, 0, microsecond, UTC) for microsecond in (0, 1, 999_999)]
MOMENTS += [dt.datetime(1999, 12, 31, 23, 59, 59, 5, UTC)]
AMOUNTS = [Decimal(text) for text in ("-0.0001", "0", "0.1", "0.3", "12345678901234.5678", "12345678901234.5679")]
DAYS = [dt.date(2026, 2, 28), dt.date(1949, 10, 1), dt.date(2026, 3, 1)]

# What to sort by: the column behind each field, and whether it may be null.
VALUES: dict[str, tuple[str, Sequence[Any], bool]] = {
    "name": ("sort_key", TEXTS, False),
    "short_name": ("short_name", TEXTS, True),
    "kind": ("kind", ["company", "person"], False),
    "employees": ("employees", [0, 1, 2, 2**31 - 1, -5], True),
    "annual_revenue": ("annual_revenue", AMOUNTS, True),
    "founded_on": ("founded_on", DAYS, True),
    "created_at": ("created_at", MOMENTS, False),
}
FIELDS = (*VALUES, "id")

rows = st.lists(
    st.fixed_dictionaries(
        {
            column: st.sampled_from([*values, None] if nullable else values)
            for column, values, nullable in VALUES.values()
        }
    ),
    max_size=14,
)
sorts = st.lists(st.sampled_from(FIELDS), min_size=1, max_size=4, unique=True).flatmap(
    lambda names: st.tuples(*(st.sampled_from([name, f"-{name}"]) for name in names)).map(",".join)
)


@contextmanager
def acting(site: Any, *values: Mapping[str, Any]) -> Iterator[Ctx]:
    """The administrator in a transaction that is undone, with customers of these values."""
    with site.kernel.database.engine.connect() as connection, connection.begin() as transaction:
        work = Work(site.kernel, connection, write=False)
        store(work, values)
        yield work.act_as(login.by_login(work, "admin", door="test"))
        transaction.rollback()


def store(work: Work, values: Sequence[Mapping[str, Any]], prefix: str = "X") -> None:
    """Customers of these values, past all services."""
    defaults = {
        "name": "x", "kind": "company", "state": "target", "secrecy": 1, "version": 1, "sort_key": "",
        "created_at": MOMENTS[0], "updated_at": MOMENTS[0], "unit_id": work.system.scalar(select(Unit.id)),
    }  # fmt: skip
    made = [{**defaults, "code": f"{prefix}{number}", **row} for number, row in enumerate(values)]
    if made:
        past_the_guard(work).execute(insert(Customer), made)


def past_the_guard(work: Work) -> Connection:
    return work.connection.execution_options(**{TABLES: ALL})


def page(ctx: Ctx, sort: str, limit: int, cursor: str | None = None) -> Page:
    entity = ctx.catalog["core.customer"]
    return listing(ctx, ask(ctx.rights, entity, sort=sort, limit=limit, cursor=cursor))


def pages(ctx: Ctx, sort: str, limit: int) -> list[list[Any]]:
    """All pages, one after the other."""
    found = [page(ctx, sort, limit)]
    while found[-1].next is not None:
        assert len(found) < 100, "the pages do not end"
        found.append(page(ctx, sort, limit, found[-1].next))
    return [one.records for one in found]


def in_order(records: Sequence[Any], sort: str) -> list[Any]:
    """Sorted by Python: nulls last whichever way, then by id."""
    ordered = sorted(records, key=lambda record: record.id)
    for part in reversed(sort.split(",")):
        name, descending = part.removeprefix("-"), part.startswith("-")
        column = VALUES[name][0] if name in VALUES else name
        there = [record for record in ordered if getattr(record, column) is not None]
        there.sort(key=lambda record: getattr(record, column), reverse=descending)
        ordered = there + [record for record in ordered if getattr(record, column) is None]
    return ordered


@given(rows=rows, sort=sorts, limit=st.integers(1, 6))
def test_the_pages_show_each_record_once_in_order(shared_site, rows, sort, limit):
    with acting(shared_site, *rows) as ctx:
        found = pages(ctx, sort, limit)
        records = [record for records in found for record in records]
        assert [record.id for record in records] == [record.id for record in in_order(records, sort)]
        assert len({record.id for record in records}) == len(records) == len(rows)
        assert all(len(records) == limit for records in found[:-1])


def test_the_order_is_the_one_that_is_written_here(shared_site):
    """The same for every database, so it is the same on all of them."""
    names = ["", " ", "A", "Z", "a", "a ", "ab", "á", "é", "客户", "客户𠮷", "\ue000", "\U0001f642"]
    with acting(shared_site, *({"sort_key": name} for name in TEXTS)) as ctx:
        assert [record.sort_key for record in page(ctx, "name", 50).records] == names
        assert [record.sort_key for record in page(ctx, "-name", 50).records] == names[::-1]


def test_nulls_come_last_both_ways(shared_site):
    some = [{"employees": number} for number in (None, 2, 1, None, 3)]
    with acting(shared_site, *some) as ctx:
        assert [record.employees for record in page(ctx, "employees", 50).records] == [1, 2, 3, None, None]
        assert [record.employees for record in page(ctx, "-employees", 50).records] == [3, 2, 1, None, None]


def test_a_page_follows_even_when_its_place_has_gone(shared_site):
    with acting(shared_site, *({"sort_key": letter} for letter in "abcdef")) as ctx:
        first = page(ctx, "name", 2)
        past_the_guard(ctx.work).execute(delete(Customer).where(Customer.sort_key == "b"))  # the page ended there
        store(ctx.work, [{"sort_key": "a"}], prefix="Y")
        second = page(ctx, "name", 50, first.next)
        assert [record.sort_key for record in second.records] == list("cdef")


def test_the_last_page_says_that_it_is(shared_site):
    with acting(shared_site, {}, {}, {}) as ctx:
        assert page(ctx, "id", 3).next is None
        assert page(ctx, "id", 2).next is not None
        assert page(ctx, "-id", 1, page(ctx, "-id", 2).next).next is None


# --- cursors from elsewhere --------------------------------------------------------------------------------

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
plausible = st.sampled_from(
    [
        *TEXTS,
        *map(str, AMOUNTS),
        *(moment.isoformat() for moment in MOMENTS),
        *(
            "2026-06-30",
            "0001-01-01",
            "9999-12-31",
            "2026-W01-1",
            "1E+2",
            "1_000",
            "NaN",
            "x" * 300,
            "a\x00b",
            "\ud800",
        ),
        *(0, 1, -1, 2**31, 2**63, 1.5, True, None, [0, [1], 0]),
    ]
)
CHECKED = ("name", "short_name", "kind", "employees", "founded_on", "id")


def encoded(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def try_cursor(ctx: Ctx, sort: str, cursor: str) -> None:
    """Either the cursor is refused or it is one; nothing else may happen."""
    with suppress(BadRequest):
        assert len(page(ctx, sort, 2, cursor).records) <= 2


@given(cursor=st.text(max_size=60) | json_values.map(encoded) | st.binary(max_size=40).map(base64.urlsafe_b64encode))
def test_nonsense_is_refused(shared_site, cursor):
    text = cursor.decode() if isinstance(cursor, bytes) else cursor
    with acting(shared_site) as ctx, pytest.raises(BadRequest) as refused:
        page(ctx, "name", 2, text)
    assert list(refused.value.errors) == ["cursor"]


@given(
    st.lists(st.tuples(st.sampled_from(CHECKED), st.booleans(), json_values | plausible), min_size=1, max_size=3,
             unique_by=lambda key: key[0]),
    plausible,
)  # fmt: skip
def test_a_cursor_that_looks_right_is_one_or_is_refused(shared_site, keys, last):
    sort = ",".join(f"-{name}" if descending else name for name, descending, _value in keys)
    names = [[VALUES[name][0] if name in VALUES else name, descending] for name, descending, _value in keys]
    values = [value for _name, _descending, value in keys]
    if "id" not in sort:
        values.append(last)
    with acting(shared_site, {"sort_key": "a"}, {"sort_key": "客户", "employees": 1}) as ctx:
        try_cursor(ctx, sort, encoded([names, values]))


@pytest.mark.parametrize(
    ("sort", "value"),
    [
        ("annual_revenue", "0.00001"),
        ("annual_revenue", "100000000000000"),
        ("annual_revenue", "1e30"),
        ("created_at", "0001-01-01T00:00:00+14:00"),
        ("created_at", "9999-12-31T23:59:59-14:00"),
        ("id", None),
    ],
)
def test_values_that_no_record_can_have_are_refused(shared_site, sort, value):
    with acting(shared_site, {}) as ctx:
        try_cursor(ctx, sort, encoded([[[sort, False]], [value] if sort == "id" else [value, 1]]))


def test_a_cursor_of_another_order_is_refused(shared_site):
    with acting(shared_site, {}, {}, {}) as ctx:
        cursor = page(ctx, "name", 1).next
        assert cursor is not None
        for other in ("-name", "employees", "name,employees", "id"):
            with pytest.raises(BadRequest):
                page(ctx, other, 1, cursor)
        for position in range(0, len(cursor), 3):
            changed = cursor[:position] + ("A" if cursor[position] != "A" else "B") + cursor[position + 1 :]
            try_cursor(ctx, "name", changed)
        for length in range(len(cursor)):
            try_cursor(ctx, "name", cursor[:length])
