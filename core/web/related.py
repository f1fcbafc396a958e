"""The records that refer to a record, on its page: how many there are of each kind, and the first of them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from pyramid.request import Request

from core.http.paths import collection
from core.i18n import _
from core.security.catalog import is_business
from core.services import related
from core.services.related import MOST_COUNTED, Relation
from core.services.work import Ctx
from core.web import format as formats
from plugins import Entity


@dataclass(frozen=True)
class Count:
    """A kind of related records: its `title` is said already, `number` is short for very many."""

    relation: Relation
    title: str
    number: str
    is_none: bool
    url: str


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
    query = {"filter": json.dumps(related.condition(relation, record))}
    return f"{collection(relation.entity.key)}?{urlencode(query)}"
