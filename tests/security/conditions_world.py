"""A small world with every kind of field: models, entities, nasty rows, and its Python twin."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass, field
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast

from sqlalchemy import Column, Connection, ForeignKey, MetaData, Table, insert, inspect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from core.db.extension import ExtensionOf
from core.db.folding import search_fold
from core.db.phones import phone_fold
from core.db.types import JsonText, JsonValues, Money, UtcDateTime, boolean, long_text, text
from core.fields import BadValue, Choice, Date, Document, Integer, Moment, Reference, References, Text
from core.fields import Boolean as BooleanType
from core.fields import Money as MoneyType
from core.security.catalog import Catalog, attribute_name
from core.security.conditions import Resolver, SqlContext
from core.security.others import customized, extended
from plugins import Entity, Extension, Field

TODAY = dt.date(2026, 3, 1)
ZONE = "Asia/Shanghai"  # its day begins at 16:00 UTC of the day before
CONTEXT = SqlContext(me=2, my_unit=2, my_units=(2, 4), today=TODAY, zone=ZONE, scoped=False)


# --- models ---------------------------------------------------------------------------------------


class Base(DeclarativeBase):
    metadata = MetaData()


class Unit(Base):
    __tablename__ = "t_unit"
    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(text(32))
    parent_id: Mapped[int | None]


class User(Base):
    __tablename__ = "t_user"
    id: Mapped[int] = mapped_column(primary_key=True)
    login: Mapped[str] = mapped_column(text(32))
    unit_id: Mapped[int | None]


class Term(Base):
    __tablename__ = "t_term"
    id: Mapped[int] = mapped_column(primary_key=True)
    list_name: Mapped[str] = mapped_column(text(32))
    code: Mapped[str] = mapped_column(text(32))
    parent_id: Mapped[int | None]


thing_user = Table(
    "t_thing_user",
    Base.metadata,
    Column("thing_id", ForeignKey("t_thing.id"), primary_key=True),
    Column("user_id", ForeignKey("t_user.id"), primary_key=True),
)


class Thing(Base):
    __tablename__ = "t_thing"
    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(text(32))
    name: Mapped[str | None] = mapped_column(text(200))
    name_folded: Mapped[str | None] = mapped_column(text(800))
    phone: Mapped[str | None] = mapped_column(text(64))
    phone_folded: Mapped[str | None] = mapped_column(text(64), info={"fold": "phone"})
    raw: Mapped[str | None] = mapped_column(text(200))
    body: Mapped[str | None] = mapped_column(long_text())
    count: Mapped[int | None]
    flag: Mapped[bool | None] = mapped_column(boolean())
    amount: Mapped[Decimal | None] = mapped_column(Money)
    day: Mapped[dt.date | None]
    happened_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    state: Mapped[str | None] = mapped_column(text(16))
    doc: Mapped[Any] = mapped_column(JsonText, nullable=True)
    region_id: Mapped[int | None]
    owner_id: Mapped[int | None]
    unit_id: Mapped[int | None]
    parent_id: Mapped[int | None]
    people: Mapped[list[User]] = relationship(secondary=thing_user)
    custom: Mapped[Any] = mapped_column(JsonValues, nullable=True)


class Beside(ExtensionOf(Thing), Base):  # type: ignore[misc]
    """What a plugin keeps of some things."""

    __tablename__ = "t_beside"
    note: Mapped[str | None] = mapped_column(text(200))
    amount: Mapped[Decimal | None] = mapped_column(Money)
    flag: Mapped[bool | None] = mapped_column(boolean())
    friend_id: Mapped[int | None]


# --- entities -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Raw:
    """Text that is not trimmed, so that conditions hold blanks and empty strings too."""

    kind = "text"

    def parse(self, value: Any) -> str | None:
        if value is not None and not isinstance(value, str):
            raise BadValue("Give text.")
        return value


STATES = {"new": "New", "old": "Old", "odd": "Odd"}
REGION = Reference("core.term", (("list", "region"),))


def _entity(key: str, model: type, *fields: Field, natural_key: str = "code") -> Entity:
    return Entity(key=key, model=model, title=key, plural=key, fields=fields, natural_key=natural_key)


UNIT = _entity(
    "core.unit",
    Unit,
    Field("code", Text(32), "Code"),
    Field("parent", Reference("core.unit"), "Parent"),
)
USER = _entity(
    "core.user",
    User,
    Field("login", Text(32), "Login"),
    Field("unit", Reference("core.unit"), "Unit"),
    natural_key="login",
)
TERM = _entity(
    "core.term",
    Term,
    Field("list", Text(32), "List", column="list_name"),
    Field("code", Text(32), "Code"),
    Field("parent", Reference("core.term"), "Parent"),
)
THING = _entity(
    "test.thing",
    Thing,
    Field("code", Text(32), "Code"),
    Field("name", Text(200), "Name", searchable=True),
    Field("phone", Text(64), "Phone", searchable=True),
    Field("raw", Raw(), "Raw"),
    Field("body", Text(4000, lines=True), "Body", searchable=True),
    Field("count", Integer(-1000, 1000), "Count"),
    Field("flag", BooleanType(), "Flag"),
    Field("amount", MoneyType(), "Amount"),
    Field("day", Date(), "Day"),
    Field("at", Moment(), "At", column="happened_at"),
    Field("state", Choice(STATES), "State"),
    Field("doc", Document(lambda value: value), "Document"),
    Field("region", REGION, "Region"),
    Field("owner", Reference("core.user"), "Owner"),
    Field("unit", Reference("core.unit"), "Unit"),
    Field("parent", Reference("test.thing"), "Parent"),
    Field("people", References("core.user"), "People"),
    Field("lost", Reference("gone.entity"), "Lost", column="parent_id"),
)
THING = extended(
    THING,
    "plug",
    Extension(
        of=THING.key,
        model=Beside,
        title="Plug",
        fields=(
            Field("note", Raw(), "Note"),
            Field("amount", MoneyType(), "Amount"),
            Field("flag", BooleanType(), "Flag"),
            Field("friend", Reference("test.thing"), "Friend"),
        ),
    ),
)
KINDS = ("text", "number", "money", "date", "choice", "boolean")
DEFINITIONS = [
    SimpleNamespace(
        id=number,
        name=kind,
        kind=kind,
        label_zh=kind,
        label_en=kind,
        required=False,
        position=0,
        choices=[{"code": code, "label_zh": code, "label_en": code, "active": True} for code in STATES],
    )
    for number, kind in enumerate(KINDS, 1)
]
THING = customized(THING, DEFINITIONS)
CATALOG = Catalog([UNIT, USER, TERM, THING])


def table_of(entity_key: str) -> Table:
    return cast(Table, inspect(CATALOG[entity_key].model).local_table)


# --- rows -----------------------------------------------------------------------------------------

Row = dict[Any, Any]

ODD_TEXTS = ("a", "A", "á", "a\u0301", "İ", "ß", "%", "_", "\\", "𠮷", "客户𠮷", "\ufffd")
WORDS = (*ODD_TEXTS, "i̇", "ss", "ａ", "ﬁ", "'", "客户", "a b", "·", "a-b", "ø")
RAW_TEXTS = (*ODD_TEXTS, "", " ", "a ", " a", "aa", "\\%", "\n")
PHONES = (
    "138 0000",
    "+86-138",
    "１３８",
    "0",
    "138",
    "ext",
    "010-6243 1234",
    "+86 10 62431234",
    "+44 (0)20 7946 0958 x2",
)
MIDNIGHT = dt.datetime(2026, 2, 28, 16, tzinfo=dt.UTC)  # the first moment of TODAY in ZONE
TICK = dt.timedelta(microseconds=1)
MOMENTS = (
    MIDNIGHT - TICK,
    MIDNIGHT,
    MIDNIGHT + dt.timedelta(hours=9),
    MIDNIGHT + dt.timedelta(days=1) - TICK,
    MIDNIGHT + dt.timedelta(days=1),
    dt.datetime(1999, 12, 31, 23, 59, 59, 999999, dt.UTC),
)
DAYS = (TODAY, TODAY - dt.timedelta(days=1), TODAY + dt.timedelta(days=1), dt.date(2024, 2, 29))
NUMBERS = tuple(map(Decimal, ("0", "0.1", "-0.5", "3", "99999999999.9999", "-99999999999.9999")))
AMOUNTS = tuple(map(Decimal, ("0", "0.1", "0.3", "-0.0001", "1234.5", "99999999999999.9999")))


@dataclass
class World(Resolver):
    """All rows, by entity key and id."""

    rows: dict[str, dict[int, Row]] = field(default_factory=dict)

    def load(self, entity_key: str, id: int) -> Row | None:
        return self.rows[entity_key].get(id)

    def find(self, entity_key: str, natural_key: str, within: tuple[tuple[str, str], ...]) -> int | None:
        entity = CATALOG[entity_key]
        wanted = {**dict(within), entity.natural_key: natural_key}
        facts = {attribute_name(entity.field(name)): value for name, value in wanted.items()}
        rows = self.rows[entity_key].items()
        return next((id for id, row in rows if all(row[name] == value for name, value in facts.items())), None)

    def linked(self, entity_key: str, id: int, attribute: str) -> frozenset[int]:
        return frozenset(self.rows[entity_key][id][attribute])

    def add(self, entity_key: str, **values: Any) -> Row:
        table = self.rows.setdefault(entity_key, {})
        row: Row = dict.fromkeys(table_of(entity_key).columns.keys()) | {"id": len(table) + 1} | values
        table[row["id"]] = row
        return row

    def add_thing(self, **values: Any) -> Row:
        number = len(self.rows.get("test.thing", {})) + 1
        row = self.add("test.thing", **{"code": f"t{number}", "people": frozenset(), **values})
        row[Beside] = None
        row["name_folded"] = None if row["name"] is None else search_fold(row["name"])
        row["phone_folded"] = None if row["phone"] is None else phone_fold(row["phone"])
        return row

    def put_beside(self, row: Row, **values: Any) -> None:
        row[Beside] = dict.fromkeys(("note", "amount", "flag", "friend_id")) | {"id": row["id"]} | values

    def store(self, connection: Connection) -> None:
        """Create the tables and write the rows."""
        Base.metadata.create_all(connection)
        for key, rows in self.rows.items():
            table = table_of(key)
            names = table.columns.keys()
            connection.execute(table.insert(), [{name: row[name] for name in names} for row in rows.values()])
        rows_beside = [row[Beside] for row in self.rows["test.thing"].values() if row[Beside]]
        if rows_beside:
            connection.execute(insert(Beside), rows_beside)
        links = [
            {"thing_id": id, "user_id": user_id}
            for id, row in self.rows["test.thing"].items()
            for user_id in row["people"]
        ]
        if links:
            connection.execute(thing_user.insert(), links)


def small_world() -> World:
    """Units hq(1) > east(2) > shop(4), west(3), and a ring 5 ⇄ 6; users, regions, and no thing yet."""
    world = World()
    for code, parent in (("hq", None), ("east", 1), ("west", 1), ("shop", 2), ("ring", 6), ("back", 5)):
        world.add("core.unit", code=code, parent_id=parent)
    for login, unit in (("li", 1), ("me", 2), ("Li", 4), ("nobody", None)):
        world.add("core.user", login=login, unit_id=unit)
    for list_name, code, parent in (
        ("region", "cn", None),
        ("region", "310000", 1),
        ("level", "cn", None),
        ("region", "客户𠮷", 2),
    ):
        world.add("core.term", list_name=list_name, code=code, parent_id=parent)
    return world


def custom(rng: random.Random) -> dict[str, Any]:
    """Custom values as JSON keeps them, some left out, and one of a field that is gone."""
    values = {
        "1": rng.choice([word for word in RAW_TEXTS if word]),
        "2": int(rng.choice(NUMBERS) * 10_000),
        "3": int(rng.choice(AMOUNTS) * 10_000),
        "4": rng.choice(DAYS).isoformat(),
        "5": rng.choice(list(STATES)),
        "6": rng.choice((True, False)),
        "7": "gone",
    }
    return {key: value for key, value in values.items() if rng.random() < 0.7}


def random_world(rng: random.Random, things: int) -> World:
    """A small world with so many things, a third of all their values null."""
    world = small_world()

    def some(values: Any) -> Any:
        return None if rng.random() < 0.33 else rng.choice(values)

    def phrase() -> str:
        return "".join(rng.choices(WORDS, k=rng.randint(1, 3))).strip()

    for number in range(1, things + 1):
        row = world.add_thing(
            name=some([phrase(), phrase()]),
            phone=some(PHONES),
            raw=some(RAW_TEXTS),
            body=some([phrase(), ""]),
            count=some([-1, 0, 1, 2, 1000]),
            flag=some([True, False]),
            amount=some(AMOUNTS),
            day=some(DAYS),
            happened_at=some(MOMENTS),
            state=some(list(STATES)),
            doc=some([{"a": 1}, [], 0]),
            region_id=some([1, 2, 3, 4]),
            owner_id=some([1, 2, 3, 4]),
            unit_id=some([1, 2, 3, 4, 5, 6]),
            parent_id=some(range(1, things + 1)),
            people=frozenset(rng.sample([1, 2, 3, 4], rng.randint(0, 3)) if number % 3 else ()),
            custom=some([custom(rng), custom(rng)]),
        )
        if rng.random() < 0.7:
            world.put_beside(
                row,
                note=some(RAW_TEXTS),
                amount=some(AMOUNTS),
                flag=some([True, False]),
                friend_id=some(range(1, things + 1)),
            )
    return world
