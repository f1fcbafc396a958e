"""Money, moments, documents and text mean the same on every database."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest
from sqlalchemy import Column, Connection, Engine, Integer, MetaData, Table, func, insert, select
from sqlalchemy.exc import IntegrityError, StatementError

from core.db.types import MONEY_MAX, JsonText, Money, UtcDateTime, boolean, long_text, text

pytestmark = pytest.mark.databases

metadata = MetaData()
things = Table(
    "things",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("amount", Money),
    Column("at", UtcDateTime),
    Column("document", JsonText),
    Column("label", text(40), unique=True),
    Column("prose", long_text()),
    Column("on_show", boolean()),
)
amount, at, document, label = things.c.amount, things.c.at, things.c.document, things.c.label

EAST_8 = dt.timezone(dt.timedelta(hours=8))


@pytest.fixture(scope="module", autouse=True)
def tables(engine: Engine) -> None:
    metadata.create_all(engine)


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    """A connection whose work is undone after the test."""
    with engine.connect() as connection:
        yield connection


def stored(connection: Connection, column: Column, *values: Any) -> list[Any]:
    """The values as they come back, in the order in which they went in."""
    connection.execute(insert(things), [{column.name: value} for value in values])
    return list(connection.scalars(select(column).order_by(things.c.id)))


# --- money -----------------------------------------------------------------------------------------

AMOUNTS = [
    Decimal(text)
    for text in ("12345678901234.5678", "0.0001", "-0.0001", "0", "1.10", "-12345678901234.5678", "99.9999", "0.1")
] + [MONEY_MAX, -MONEY_MAX]


def test_amounts_come_back_to_the_last_decimal(connection):
    assert stored(connection, amount, *AMOUNTS, None) == [*AMOUNTS, None]


def test_amounts_are_added_up_exactly_in_sql(connection):
    stored(connection, amount, Decimal("0.1"), Decimal("0.2"), None)
    total = func.sum(amount)
    assert connection.scalar(select(total)) == Decimal("0.3")
    assert connection.execute(select(total).having(total == Decimal("0.3"))).all()
    large = [Decimal("12345678901234.5678"), Decimal("0.0001"), Decimal("-0.0002")]
    stored(connection, amount, *large)
    assert connection.scalar(select(total)) == sum(large, Decimal("0.3"))
    assert connection.scalar(select(total).where(things.c.id < 0)) is None


def test_amounts_are_compared_as_numbers_in_sql(connection):
    stored(connection, amount, *AMOUNTS)
    assert list(connection.scalars(select(amount).order_by(amount))) == sorted(AMOUNTS)
    assert list(connection.scalars(select(amount).order_by(amount.desc()))) == sorted(AMOUNTS, reverse=True)
    for bound in AMOUNTS:
        above = connection.scalars(select(amount).where(amount > bound))
        assert sorted(above) == sorted(one for one in AMOUNTS if one > bound)
        assert connection.scalars(select(amount).where(amount == bound)).all() == [bound]
    middle = connection.scalars(select(amount).where(amount.between(Decimal("-0.0001"), Decimal("1.1"))))
    assert sorted(middle) == [Decimal(text) for text in ("-0.0001", "0", "0.0001", "0.1", "1.1")]
    assert connection.scalar(select(func.max(amount))) == MONEY_MAX
    assert connection.scalar(select(func.min(amount))) == -MONEY_MAX


def test_an_amount_plus_an_amount_is_an_amount(connection):
    stored(connection, amount, Decimal("0.1"))
    assert connection.scalar(select(amount + Decimal("0.2"))) == Decimal("0.3")
    assert connection.scalar(select(amount - amount)) == 0
    assert connection.scalar(select(-amount)) == Decimal("-0.1")


def test_products_of_amounts_are_not_left_to_sql():
    for product in (lambda: amount * 2, lambda: 2 * amount, lambda: amount / 3, lambda: amount * things.c.id):
        with pytest.raises(TypeError):
            product()


@pytest.mark.parametrize(
    "wrong",
    [
        "0.00001",
        "12345678901234.56789",
        "1.00000000000000000000000000000000000001",  # more digits than decimal calculates with
        "100000000000000",
        "-100000000000000",
        "1e30",
        "NaN",
        "sNaN",
        "Infinity",
        "-Infinity",
    ],
)
def test_what_no_amount_can_hold_is_refused(connection, wrong):
    with pytest.raises(StatementError) as refused:
        connection.execute(insert(things), {"amount": Decimal(wrong)})
    assert isinstance(refused.value.orig, ValueError)
    with pytest.raises(StatementError):
        connection.execute(select(things.c.id).where(amount > Decimal(wrong)))


def test_whole_numbers_and_texts_are_amounts_too(connection):
    assert stored(connection, amount, 5, "12.50") == [Decimal(5), Decimal("12.5")]


# --- moments ---------------------------------------------------------------------------------------

MOMENTS = [
    dt.datetime(2026, 6, 30, 9, 0, 0, 1, dt.UTC),
    dt.datetime(2026, 6, 30, 9, 0, 0, 999_999, dt.UTC),
    dt.datetime(2026, 6, 30, 9, 0, 0, 0, dt.UTC),
    dt.datetime(1949, 10, 1, 7, 0, 0, 120_000, dt.UTC),
    dt.datetime(9999, 12, 31, 23, 59, 59, 999_999, dt.UTC),
]


def test_moments_keep_their_microseconds(connection):
    found = stored(connection, at, *MOMENTS, None)
    assert found == [*MOMENTS, None]
    assert {moment.tzinfo for moment in found if moment} == {dt.UTC}


def test_moments_of_any_zone_are_stored_in_utc(connection):
    local = dt.datetime(2026, 1, 1, 7, 30, 0, 5, EAST_8)
    assert stored(connection, at, local) == [local]
    assert connection.scalar(select(at)).isoformat() == "2025-12-31T23:30:00.000005+00:00"
    assert connection.scalar(select(func.count()).where(at == local)) == 1


def test_moments_without_a_zone_are_refused(connection):
    with pytest.raises(StatementError) as refused:
        connection.execute(insert(things), {"at": dt.datetime(2026, 1, 1)})
    assert isinstance(refused.value.orig, ValueError)


def test_moments_are_ordered_in_sql(connection):
    stored(connection, at, *MOMENTS)
    assert list(connection.scalars(select(at).order_by(at))) == sorted(MOMENTS)
    bound = MOMENTS[0].astimezone(EAST_8)
    assert sorted(connection.scalars(select(at).where(at > bound))) == sorted(m for m in MOMENTS if m > bound)
    assert connection.scalar(select(func.min(at))) == min(MOMENTS)


# --- documents and truth -----------------------------------------------------------------------------

DOCUMENTS = [
    {"名称": "客户𠮷", "emoji": "🙂", "note": None, "deep": [1, [2, {"a": [True, False]}]]},
    [],
    {},
    "",
    "null",
    0,
    False,
    2**53 + 1,
    0.1,
    "back\\slash \"quotes\" 'single' \n\t\x7f",
]


def test_documents_come_back_as_they_went_in(connection):
    found = stored(connection, document, *DOCUMENTS)
    assert found == DOCUMENTS
    assert [type(value) for value in found] == [type(value) for value in DOCUMENTS]


def test_no_document_is_null_in_sql(connection):
    assert stored(connection, document, None, {"a": None}) == [None, {"a": None}]
    assert connection.scalar(select(func.count()).where(document.is_(None))) == 1


def test_documents_are_stored_readably(connection, database_kind):
    stored(connection, document, {"名": "客户𠮷"})
    kind = {"sqlite": "TEXT", "postgresql": "TEXT", "mariadb": "CHAR"}[database_kind]
    raw = connection.exec_driver_sql(f"SELECT CAST(document AS {kind}) FROM things").scalar()
    assert raw == '{"名":"客户𠮷"}'


def test_true_and_false(connection):
    on_show = things.c.on_show
    assert stored(connection, on_show, True, False, None) == [True, False, None]
    assert connection.scalar(select(func.count()).where(on_show)) == 1
    assert connection.scalar(select(func.count()).where(~on_show)) == 1


# --- text ------------------------------------------------------------------------------------------

# Each differs from all others, whatever a database's own collation would say of them.
LABELS = ["", " ", "a", "A", "á", "a\u0301", "a ", " a", "ａ", "ß", "ss"]
LABELS += ["客户𠮷", "客户吉", "客户", "\U0001f642", "\ue000"]


def test_text_comes_back_as_it_went_in(connection):
    assert stored(connection, label, *LABELS) == LABELS
    prose = ["客户𠮷\r\n第二行\n" + "长" * 70_000, "", " "]
    connection.execute(things.delete())
    assert stored(connection, things.c.prose, *prose) == prose


def test_text_is_equal_only_to_itself(connection):
    stored(connection, label, *LABELS)
    for one in LABELS:
        assert connection.scalars(select(label).where(label == one)).all() == [one]
        assert connection.scalars(select(label).where(label.in_([one, "nowhere"]))).all() == [one]
    distinct = connection.scalars(select(label).distinct()).all()
    assert sorted(distinct) == sorted(LABELS)


def test_text_is_ordered_by_code_point(connection):
    stored(connection, label, *LABELS)
    assert list(connection.scalars(select(label).order_by(label))) == sorted(LABELS)
    for bound in LABELS:
        above = connection.scalars(select(label).where(label > bound))
        assert sorted(above) == sorted(one for one in LABELS if one > bound)


def test_long_text_compares_by_code_point_too(connection):
    prose = things.c.prose
    stored(connection, prose, *LABELS)
    for one, other in permutations(["", " ", "a", "A", "á", "a "], 2):
        found = connection.scalars(select(prose).where(prose == one)).all()
        assert found == [one]
        assert other not in found
    assert list(connection.scalars(select(prose).order_by(prose))) == sorted(LABELS)


def test_unique_means_the_same_code_points(connection):
    stored(connection, label, *LABELS)
    for one in ("a", "a ", "", "客户𠮷"):
        with pytest.raises(IntegrityError), connection.begin_nested():
            connection.execute(insert(things), {"label": one})
    connection.execute(insert(things), [{"label": None}, {"label": None}, {"label": "Á"}])
    assert connection.scalar(select(func.count()).select_from(things)) == len(LABELS) + 3
