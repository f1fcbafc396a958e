"""The records that refer to a record, on its page: how many there are of each kind, and the first of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlencode

from pyramid.renderers import render
from pyramid.request import Request

from core.entities.reader import META
from core.http.paths import collection
from core.i18n import _
from core.security.catalog import is_business
from core.services import records, related
from core.services.related import MOST_COUNTED, Relation
from core.services.work import Ctx
from core.web import format as formats
from core.web.addresses import record_path
from core.web.forms.inputs import may_begin
from core.web.isolation import isolated
from core.web.panels import Block
from core.web.query import behind
from core.web.record import label_name, title
from core.web.values import Value, display
from plugins import Entity

TEMPLATE = "core.web:templates/record/related.jinja2"
MOST_LISTS = 6
_LINES = 3  # values below a name
_LINKS = ("away",)


@dataclass(frozen=True)
class Count:
    """A kind of related records: its `title` is said already, `number` is short for very many."""

    relation: Relation
    title: str
    number: str
    is_none: bool
    url: str


@dataclass(frozen=True)
class Row:
    """A related record: its name, a figure beside it, what else is known, and how to reach it."""

    key: str
    path: str
    name: str
    figure: str
    tags: tuple[str, ...]
    facts: tuple[Value, ...]
    links: tuple[Value, ...]


def counts(request: Request, ctx: Ctx, entity: Entity, record: Any) -> list[Count]:
    """All kinds for a record of the business; of others, whose kinds are many, those that there are."""
    found = related.relations(ctx, entity)
    numbers = related.counted(ctx, found, record)
    return [
        Count(one, _title(request, one), _number(number, request.locale_name), not number, _url(one, record))
        for one, number in zip(found, numbers, strict=True)
        if number or is_business(entity)
    ]


def _title(request: Request, relation: Relation) -> str:
    say = request.say
    if relation.is_only:
        return str(say(relation.title))
    facts = {"things": say(relation.title), "field": say(relation.field.title)}
    return str(say(_("${things}: ${field}", mapping=facts)))


def _number(number: int, language: str) -> str:
    shown = formats.number(number, language)
    return f"{shown}+" if number == MOST_COUNTED else shown


def _url(relation: Relation, record: Any) -> str:
    return behind(relation.entity.key, related.condition(relation, record))


def lists(
    request: Request, ctx: Ctx, entity: Entity, record: Any, counted: Sequence[Count], natural_key: Any
) -> list[Block]:
    """The first of each kind, for records of the business. What is planned and done stands on the timeline already.

    By its `natural_key` the record is named in the form for one more; None where the actor does not see it.
    """
    if not is_business(entity):
        return []
    found: list[Block] = []
    for one in sorted(counted, key=lambda count: count.is_none):  # what there is comes first
        other = one.relation.entity
        if other.timeline is not None and other.timeline.done:
            continue
        new = _new(ctx, one.relation, natural_key)
        if (one.is_none and not new) or len(found) == MOST_LISTS:
            continue
        draw = partial(_list, request, ctx, one, record)
        html, incident = isolated(ctx, f"related {one.relation.key}", draw) if not one.is_none else ("", "")
        path = collection(other.key)
        found.append(Block(one.relation.key, one.title, html or "", incident, one.number, one.url, f"{path}/new", new))
    return found


def _new(ctx: Ctx, relation: Relation, natural_key: Any) -> str:
    """Where a further one is made, with the reference filled in; "" for who makes none."""
    other = relation.entity
    if natural_key is None or relation.field.read_only or not may_begin(ctx, other):
        return ""
    return urlencode({relation.field.name: natural_key})


def _list(request: Request, ctx: Ctx, counted: Count, record: Any) -> str:
    relation = counted.relation
    other, language = relation.entity, request.locale_name
    label = label_name(other, language)
    fields = [other.field(name) for name in other.columns if name not in META and name != relation.field.name]
    found = related.first(ctx, relation, record)
    look = records.reader(ctx, language, request.say)
    show = display(request, ctx)
    names = [label, *(field.name for field in fields)]
    documents = look.documents(other, found, names)
    rows = []
    for one, document in zip(found, documents, strict=True):
        shown = {field.name: show.shown(field, document) for field in fields if field.name != label}
        flags = [field.title for field in fields if field.type.kind == "boolean" and document.get(field.name)]
        figures = [shown[field.name].text for field in fields if field.type.kind == "money" and field.name in shown]
        said = [
            shown[field.name] for field in fields if field.name in shown and field.type.kind not in ("boolean", "money")
        ]
        path = record_path(other.key, one.id)
        rows.append(
            Row(
                f"{other.key}/{one.id}",
                path,
                title(other, document, language),
                figures[0] if figures else "",
                tuple(request.say(flag) for flag in flags),
                tuple(value for value in said if value.kind not in ("empty", "closed", *_LINKS))[:_LINES],
                tuple(value for value in said if value.kind in _LINKS),
            )
        )
    return str(render(TEMPLATE, {"rows": rows}, request=request))
