"""What people type into a search box, as criteria: exact ones on the record, and a way in through the index.

A record is found by any searchable field that holds the text, and by a name that sounds like it. The
index only narrows: what it offers is compared with the stored text, so that it may hold too much.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Boolean, ColumnElement, Integer, Unicode, and_, literal, or_, select, union_all
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.functions import FunctionElement

from core.db.guard import never, unlimited
from core.db.pinyin import spellings
from core.db.tokens import Range, choices
from core.models import SearchToken
from core.security.catalog import Catalog, attribute_name
from core.security.conditions.sql import Position
from core.security.conditions.syntax import NEEDLES, Every, Matches, Node, Some
from core.security.rights import Rights
from plugins import Entity, Field

VERSION = 1  # of the tokens and of the folded texts; another one makes `kehu db upgrade` build them anew
SPOKEN = "spoken"


@dataclass(frozen=True)
class Indexed:
    """One form of a searchable field that is in the index: `column` is the model's attribute that keeps it."""

    number: int
    entity: str
    field: Field
    form: str  # "text", "phone" or "spoken"
    column: str

    def needles(self, text: str) -> list[str]:
        """What to look for in the column, as it stands there; nothing if the text folds to nothing."""
        if self.form != SPOKEN:
            needle = NEEDLES[self.form](text)
            return [needle] if needle else []
        letters = NEEDLES["text"](text)
        if len(letters) < 2 or not (letters.isascii() and letters.isalnum()):
            return []
        return [letters.upper(), *(spellings(letters) if letters.isalpha() else ())]


@lru_cache(maxsize=1000)
def indexed(catalog: Catalog, key: str) -> tuple[Indexed, ...]:
    """The forms in which the entity's searchable fields are in the index: those that its model keeps folded."""
    entity, found = catalog[key], []
    for field in entity.fields:
        if not field.searchable:
            continue
        name = attribute_name(field)
        folded = getattr(entity.model, f"{name}_folded", None)
        if not isinstance(folded, InstrumentedAttribute):
            continue
        form = folded.property.columns[0].info.get("fold", "text")
        found.append(Indexed(_number(key, field, form), key, field, form, f"{name}_folded"))
        if hasattr(entity.model, f"{name}_spoken"):
            found.append(Indexed(_number(key, field, SPOKEN), key, field, SPOKEN, f"{name}_spoken"))
    return tuple(found)


def _number(key: str, field: Field, form: str) -> int:
    """The same in every process, without a look into the database."""
    return zlib.crc32(f"{VERSION} {key} {field.name} {form}".encode()) & 0x7FFFFFFF


def may_search(rights: Rights, entity: Entity, field: Field) -> bool:
    """Whether a reader searches by the field: never by one that some row hides from him."""
    return field.searchable and rights.may_ask(entity, field) and (not entity.public or field.name in entity.public)


def sounds_like(text: str, rights: Rights, entity: Entity) -> ColumnElement[bool]:
    """Rows with a name that sounds like the text."""
    found = [
        and_(column.is_not(None), Position(column, literal(needle, Unicode())) > 0)
        for one in indexed(rights.catalog, entity.key)
        if one.form == SPOKEN and may_search(rights, entity, one.field)
        for column in (getattr(entity.model, one.column),)
        for needle in one.needles(text)
    ]
    return or_(never(), *found)


# --- the way in ----------------------------------------------------------------------------------


Place = tuple[int, Range]  # a field's number, and a stretch of its tokens
Ways = list[list[list[Place]]]  # of each part of an alternative, the choices; each choice is in one of its places


def ways_of_text(text: str, rights: Rights, entity: Entity) -> Ways | None:
    """The ways to the records that `q` finds; None if the index does not lead to all of them."""
    searched = [field for field in entity.fields if may_search(rights, entity, field)]
    forms = [one for one in indexed(rights.catalog, entity.key) if one.field in searched]
    if {field.name for field in searched} - {one.field.name for one in forms}:
        return None
    return _ways((one, needle) for one in forms for needle in one.needles(text))


def ways_of_condition(node: Node, catalog: Catalog, entity: Entity) -> Ways | None:
    """The ways to the rows for which the condition can be true; None if the index knows none."""
    match node:
        case Matches(path) if len(path) == 1 and node.fold:
            forms = [one for one in indexed(catalog, entity.key) if one.field == path[0].field and one.form != SPOKEN]
            needles = node.beginnings if node.prefix else (node.needle,)
            return _ways((one, needle) for one in forms for needle in needles if node.needle) if forms else None
        case Every(parts):
            found = [ways_of_condition(part, catalog, entity) for part in parts]
            return next((ways for ways in found if ways is not None), None)
        case Some(parts):
            alternatives = [ways_of_condition(part, catalog, entity) for part in parts]
            return None if None in alternatives else [way for ways in alternatives for way in ways or ()]
    return None


def _ways(needles: Iterable[tuple[Indexed, str]]) -> Ways | None:
    found: Ways = []
    for one, needle in needles:
        into = choices(one.form, needle)
        if not into:
            return None
        found.append([[(one.number, each) for each in choice] for choice in into])
    return found


class Offered(FunctionElement[bool]):
    """The index has the record at one of the places.

    It writes its own subquery, so that a statement learns nothing of the index but which of the rows
    that it may see could fit.
    """

    type = Boolean()
    inherit_cache = True

    def __init__(self, record_id: Any, places: Sequence[Place]) -> None:
        parts: list[Any] = [record_id]
        for number, stretch in places:
            parts += [literal(number, Integer())]
            parts += [literal(text, Unicode()) for text in (stretch.low, stretch.high, stretch.inner)]
        super().__init__(*parts)

    def self_group(self, against: Any = None) -> Any:
        return self  # bare: `(id IN (…)) = 1`, as SQLAlchemy would write it for SQLite, uses no index


def _offers(element: Offered) -> tuple[Any, Any]:
    """The record's id, and the select of the ids that are offered."""
    record_id, *rest = element.clauses
    table = unlimited(SearchToken)
    arms = [
        select(table.c.record_id).where(
            table.c.field == number, table.c.token >= low, table.c.token < high, Position(table.c.token, inner) > 0
        )
        for number, low, high, inner in zip(*(rest[at::4] for at in range(4)), strict=True)
    ]
    return record_id, union_all(*arms)


@compiles(Offered)
def _in_offers(element: Offered, compiler: Any, **kw: Any) -> str:
    record_id, offers = _offers(element)
    return str(compiler.process(record_id.in_(offers), **kw))


@compiles(Offered, "postgresql")
def _any_of_offers(element: Offered, compiler: Any, **kw: Any) -> str:
    # As an array: it is read first, and the planner has nothing to guess about.
    record_id, offers = _offers(element)
    return f"{compiler.process(record_id, **kw)} = ANY (ARRAY({compiler.process(offers, **kw)}))"


@compiles(Offered, "mariadb")
@compiles(Offered, "mysql")
def _in_derived_offers(element: Offered, compiler: Any, **kw: Any) -> str:
    # A UNION by itself would be asked again for each row.
    record_id, offers = _offers(element)
    return str(compiler.process(record_id.in_(select(offers.subquery("kehu_offers").c.record_id)), **kw))
