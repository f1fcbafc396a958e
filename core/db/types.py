"""Column types that mean the same on every database.

SQLite, PostgreSQL and MariaDB are run by the tests; the DDL compiles for Oracle, SQL Server and DB2.
Text compares by code point everywhere: binary collations, never the database's own.
"""

from __future__ import annotations

import datetime as dt
import json
import operator
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    DateTime,
    Numeric,
    SmallInteger,
    String,
    Text,
    Unicode,
    UnicodeText,
)
from sqlalchemy.dialects import mssql, mysql, oracle
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

_MARIADB_COLLATION = "utf8mb4_nopad_bin"
_DB2 = "ibm_db_sa"  # the dialect's name, not the driver's
_NATIVE_JSON = {"sqlite", "postgresql", "mysql", "mariadb"}

MONEY_SCALE = 4
MONEY_UNIT = Decimal(10) ** MONEY_SCALE
MONEY_MAX = Decimal("99999999999999.9999")


def text(length: int) -> TypeEngine[str]:
    """A Unicode string of at most `length` characters, compared by code point."""
    mariadb = mysql.VARCHAR(length, collation=_MARIADB_COLLATION)
    kind = (
        Unicode(length)
        .with_variant(Unicode(length, collation="C"), "postgresql")
        .with_variant(mariadb, "mysql", "mariadb")
        .with_variant(String(4 * length), _DB2)
    )
    return _known_as(kind, f"text({length})")


def long_text() -> TypeEngine[str]:
    """Unicode text without a length limit of its own; not for indexes."""
    kind = (
        UnicodeText()
        .with_variant(UnicodeText(collation="C"), "postgresql")
        .with_variant(mysql.LONGTEXT(collation=_MARIADB_COLLATION), "mysql", "mariadb")
        .with_variant(Text(), _DB2)
    )
    return _known_as(kind, "long_text()")


def boolean() -> TypeEngine[bool]:
    """True or false; a small integer on Oracle, which had no boolean before 23ai."""
    return _known_as(Boolean().with_variant(SmallInteger(), "oracle"), "boolean()")


def _known_as(kind: TypeEngine[Any], spelling: str) -> TypeEngine[Any]:
    # How a generated migration writes the type, instead of all its variants.
    kind.kehu_spelling = spelling  # type: ignore[attr-defined]
    return kind


class Money(TypeDecorator[Decimal]):
    """An exact amount with four decimals: NUMERIC(18,4), on SQLite an integer of 1/10 000.

    SQLite would keep NUMERIC as a binary float, and lose cents. In SQL amounts are added, compared
    and aggregated; products and quotients are calculated in Python, where they are rounded as meant.
    """

    impl = Numeric(18, MONEY_SCALE)
    cache_ok = True

    class comparator_factory(TypeDecorator.Comparator):  # noqa: N801, the name that SQLAlchemy asks for
        def operate(self, op: Any, *other: Any, **kwargs: Any) -> Any:
            return super().operate(_no_product(op), *other, **kwargs)

        def reverse_operate(self, op: Any, other: Any, **kwargs: Any) -> Any:
            return super().reverse_operate(_no_product(op), other, **kwargs)

    def is_scaled(self, dialect: Dialect) -> bool:
        """Whether the database holds integers of 1/10 000."""
        return dialect.name == "sqlite"

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if self.is_scaled(dialect):
            return dialect.type_descriptor(BigInteger())
        return dialect.type_descriptor(Numeric(18, MONEY_SCALE))

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        if value is None:
            return None
        amount = Decimal(value)
        if not amount.is_finite() or abs(amount) > MONEY_MAX:
            raise ValueError(f"{amount} is not an amount of at most {MONEY_MAX}")
        if amount != round(amount, MONEY_SCALE):
            raise ValueError(f"{amount} has more than {MONEY_SCALE} decimals")
        return int(amount * MONEY_UNIT) if self.is_scaled(dialect) else amount

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        if value is None:
            return None
        return Decimal(value) / MONEY_UNIT if self.is_scaled(dialect) else Decimal(value)


class ScaledMoney(Money):
    """An amount inside a JSON document: an integer of 1/10 000 on every database."""

    cache_ok = True

    def is_scaled(self, dialect: Dialect) -> bool:
        return True


class IsoDate(TypeDecorator[dt.date]):
    """A day inside a JSON document: text, in whose order days are."""

    impl = Unicode(10)
    cache_ok = True

    @property
    def python_type(self) -> type[dt.date]:
        return dt.date

    def process_bind_param(self, value: dt.date | None, dialect: Dialect) -> str | None:
        return None if value is None else value.isoformat()

    def process_result_value(self, value: str | None, dialect: Dialect) -> dt.date | None:
        return None if value is None else dt.date.fromisoformat(value)


def _no_product(op: Any) -> Any:
    """The operator, unless its result would be off by the scale of SQLite's integers."""
    if op in (operator.mul, operator.truediv, operator.floordiv, operator.mod):
        raise TypeError("multiply and divide amounts in Python: SQL would do it on scaled integers")
    return op


class UtcDateTime(TypeDecorator[dt.datetime]):
    """A moment: aware in Python, naive UTC with microseconds in the database."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        special: dict[str, TypeEngine[Any]] = {
            "mysql": mysql.DATETIME(fsp=6),
            "mariadb": mysql.DATETIME(fsp=6),
            "oracle": oracle.TIMESTAMP(),
            "mssql": mssql.DATETIME2(6),
        }
        return dialect.type_descriptor(special.get(dialect.name, DateTime()))

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a time zone")
        return value.astimezone(dt.UTC).replace(tzinfo=None)

    def process_result_value(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        return None if value is None else value.replace(tzinfo=dt.UTC)


class JsonText(TypeDecorator[Any]):
    """A JSON document: the database's own type where it has one, else text."""

    impl = UnicodeText
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name in _NATIVE_JSON:
            return dialect.type_descriptor(JSON(none_as_null=True))
        return dialect.type_descriptor(long_text())

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        if value is None or dialect.name in _NATIVE_JSON:
            return value
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        return json.loads(value) if isinstance(value, str) and dialect.name not in _NATIVE_JSON else value


class JsonValues(JsonText):
    """A JSON object out of which statements read values: kept parsed where the database can."""

    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(JSONB(none_as_null=True))
        return super().load_dialect_impl(dialect)
