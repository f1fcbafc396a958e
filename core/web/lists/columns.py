"""The columns of a list and their heads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from markupsafe import Markup, escape

from core.entities.listing import MOST_SORTS, told_in_order
from core.entities.ordering import META_SORTS, is_sortable
from core.entities.reader import META
from core.i18n import _, suggestion
from core.security.catalog import meta_or_field
from core.services.work import Ctx
from core.web.query import Query, wrong
from core.web.values import NUMERIC
from plugins import Column, Entity, Field

Shown: TypeAlias = Field | Column
MOST = 30


@dataclass(frozen=True)
class Head:
    """A column's head. `place` is where its cells stand on a phone; `sort` the link that sorts by it, `also`
    the one that sorts by it besides; `rank` says after how many others it does now, 0 for the first.
    """

    name: str
    title: str
    kind: str
    place: str
    sort: str = ""
    also: str = ""
    direction: str = ""
    rank: int = 0

    @property
    def style(self) -> str:
        """The classes of its cells."""
        return f"p-{self.place} num" if self.kind in NUMERIC else f"p-{self.place}"

    @cached_property
    def cell(self) -> Markup:
        """How its cells begin; the one that names a record is a head of its row."""
        name = escape(self.name)
        if self.place == "name":
            return Markup(f'<th scope="row" class="p-name" data-field="{name}">')
        return Markup(f'<td class="{self.style}" data-field="{name}">')


def name_of(shown: Shown) -> str:
    """What a column is called in the address: a field's name, a plugin's key."""
    return shown.name if isinstance(shown, Field) else shown.key


def available(ctx: Ctx, entity: Entity) -> dict[str, Shown]:
    """All columns that a list can show, by name; who sees an entity only by its public fields gets just these."""
    if entity.public and not ctx.rights.may_ever(entity, "view"):
        return {name: entity.field(name) for name in entity.public}
    found: dict[str, Shown] = {field.name: field for field in entity.fields}
    found |= {column.key: column for column in ctx.kernel.columns.values() if column.entity == entity.key}
    return found | {name: meta_or_field(entity, name) for name in META if name != "version"}


def columns(ctx: Ctx, entity: Entity, language: str, wanted: str = "") -> list[Shown]:
    """Those that the list shows: the `wanted` ones, names with commas between them, or the entity's own with
    the one that names the record first. Raises BadRequest.
    """
    known = available(ctx, entity)
    names = list(dict.fromkeys(wanted.split(","))) if wanted else _own(ctx, entity, language)
    if not wanted:
        return [known[name] for name in names if name in known]
    for name in names:
        if name not in known:
            facts = {"name": name[:80], "hint": suggestion(name, known)}
            wrong("columns", _("There is no column ${name}.${hint}", mapping=facts))
    if len(names) > MOST:
        wrong("columns", _("At most ${n} columns.", mapping={"n": MOST}))
    return [known[name] for name in names]


def _own(ctx: Ctx, entity: Entity, language: str) -> list[str]:
    names = list(entity.columns or (entity.natural_key,))
    label = entity.label.format(lang=language[:2])
    if label in names:
        names.remove(label)
        names.insert(0, label)
    return names + [column.key for column in ctx.kernel.columns.values() if column.entity == entity.key]


def heads(ctx: Ctx, entity: Entity, shown: Sequence[Shown], query: Query, path: str) -> list[Head]:
    """The heads of the columns."""
    keys = sort_keys(query.sort or entity.sort)
    places = _places([one.type.kind for one in shown])
    made = []
    for one, place in zip(shown, places, strict=True):
        name = name_of(one)
        kind = "state" if name == "state" else one.type.kind
        links = ("", "")
        if isinstance(one, Field) and may_sort(ctx, entity, one):
            links = (
                query.url(path, sort=_sorted_by(keys, name, alone=True)),
                query.url(path, sort=_sorted_by(keys, name, alone=False)),
            )
        direction = ("descending" if keys[name] else "ascending") if name in keys and links[0] else ""
        rank = list(keys).index(name) if direction else 0
        made.append(Head(name, one.title, kind, place, *links, direction, rank))
    return made


def sort_keys(sort: str) -> dict[str, bool]:
    """What a list is sorted by: names, and whether each goes down."""
    parts = [part.strip() for part in sort.split(",")]
    return {part.removeprefix("-"): part.startswith("-") for part in parts}


def _sorted_by(keys: dict[str, bool], name: str, *, alone: bool) -> str:
    """Sorted by this column, alone or after the others; the other way round where it is already."""
    turned = not keys[name] if name in keys and (not alone or next(iter(keys)) == name) else False
    left = {} if alone else dict(list(keys.items())[: MOST_SORTS if name in keys else MOST_SORTS - 1])
    return ",".join(f"-{one}" if down else one for one, down in {**left, name: turned}.items())


def sortable(ctx: Ctx, entity: Entity) -> Iterator[Field]:
    """The fields by which the actor can sort."""
    for one in available(ctx, entity).values():
        if isinstance(one, Field) and may_sort(ctx, entity, one):
            yield one


def may_sort(ctx: Ctx, entity: Entity, field: Field) -> bool:
    """Whether the list can be sorted by the field, and the actor may know what that tells."""
    if field.name in META:
        return field.name in META_SORTS and may_ask(ctx, entity, field)
    if not is_sortable(entity, field.name, ctx.catalog):
        return False
    told = [(ctx.catalog[key], name) for key, name in told_in_order(entity, field.name, ctx.catalog)]
    return all(may_ask(ctx, one, one.field(name)) for one, name in told)


def may_ask(ctx: Ctx, entity: Entity, field: Field) -> bool:
    """Asking by a field must neither be refused nor lose the rows that are seen by public fields only."""
    if field.name in META:
        return not entity.public or ctx.rights.may_ever(entity, "view")
    open_to_all = not entity.public or field.name in entity.public or ctx.rights.unlimited(entity, "view")
    return open_to_all and ctx.rights.may_ask(entity, field)


def _places(kinds: Sequence[str]) -> list[str]:
    """Where each column stands on a phone: the name, at its right a figure; below, a few more and a date."""
    places = ["name"]
    for kind in kinds[1:]:
        if kind in NUMERIC and "figure" not in places:
            places.append("figure")
        elif kind in ("moment", "date") and "when" not in places:
            places.append("when")
        else:
            places.append("below" if places.count("below") < 2 else "extra")
    return places
