"""Business verbs on a record's page: a button where nothing is asked, a form where something is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.request import Request
from pyramid.response import Response

from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.security.catalog import is_own, verb_of
from core.security.judge import refusal
from core.services import allowed, records
from core.services.attached import follows
from core.services.work import Ctx
from core.web import toast
from core.web.addresses import record_path
from core.web.forms.again import FormRefused
from core.web.forms.build import read
from core.web.forms.sheet import Sheet, sheet_page, zone_of
from core.web.forms.texts import to_json, to_services
from core.web.record import name_of, page_around, record_id, visible_path
from core.web.toast import Toast
from core.web.undo import offer
from plugins import Entity, Field, Verb


@dataclass(frozen=True)
class Offer:
    """A verb that the actor may do on a record. `asks`: it has a form. `leads_on`: it is there in some states only;
    `has_page`: it is done on a page of its own.
    """

    name: str
    title: str
    path: str
    asks: bool
    leads_on: bool
    has_page: bool


def offered(ctx: Ctx, entity: Entity, record: Any) -> list[Offer]:
    """The verbs for the record's page."""
    path = record_path(entity.key, record.id)
    return [
        Offer(
            verb.name,
            verb.title,
            verb.page.format(id=record.id) or f"{path}/actions/{verb.name}",
            bool(verb.page or asked_of(verb)),
            verb.when is not None,
            bool(verb.page),
        )
        for verb in entity.verbs
        if not verb.on_binned
        and (verb.when is None or verb.when(record))
        and allowed.may(ctx, entity, verb.right, record)
    ]


def asked_of(verb: Verb) -> list[Field]:
    """The arguments that a form can ask for; what only programs can write is left out."""
    return [field for field in verb.arguments if field.required or not _is_written_by_programs(field)]


def _is_written_by_programs(field: Field) -> bool:
    return field.type.kind == "document" and field.type.options is None  # type: ignore[attr-defined]


def _verb(entity: Entity, request: Request) -> Verb:
    found = verb_of(entity, request.matchdict["verb"])
    if found is None:
        raise NotFound
    return found


def ask(entity: Entity, request: Request) -> Response:
    """GET: the verb's form, filled in with the arguments of the address."""
    verb, number = _verb(entity, request), record_id(request)
    if not asked_of(verb) or verb.on_binned:
        raise NotFound
    return _draw(request, request.ctx, None, entity=entity, number=number, verb=verb)


def act(entity: Entity, request: Request) -> Response:
    """POST: do it, and back to the record."""
    ctx: Ctx = request.ctx
    verb, number = _verb(entity, request), record_id(request)
    asked = asked_of(verb)
    texts = read(asked, request)
    try:
        arguments = arguments_of(ctx, entity, verb, texts)
        record, _answer = records.act(ctx, entity, number, verb, arguments)
    except (Invalid, Conflict, Forbidden) as error:
        if not asked:
            raise
        raise FormRefused(partial(_draw, entity=entity, number=number, verb=verb), error, texts) from error
    said = Toast("restored" if verb.on_binned else "done", name_of(request, ctx, entity, record), offer(ctx))
    back = page_around(request, entity, record) if follows(entity) else visible_path(ctx, entity, number)
    return toast.put(HTTPSeeOther(back), request, said)


def arguments_of(ctx: Ctx, entity: Entity, verb: Verb, texts: Mapping[str, str]) -> dict[str, Any]:
    """The verb's arguments in JSON, out of the texts of its form. Raises Invalid."""
    asked = asked_of(verb)
    return to_json(asked, to_services(asked, texts, zone_of(ctx))) | _emptied(entity, asked, texts)


def _emptied(entity: Entity, asked: list[Field], texts: Mapping[str, str]) -> dict[str, None]:
    """What the verb is about, if it is a field of the record and was made empty: nothing in its place."""
    return {one.name: None for one in asked[:1] if texts.get(one.name) == "" and is_own(entity, one)}


def _draw(
    request: Request, ctx: Ctx, refused: FormRefused | None, *, entity: Entity, number: int, verb: Verb
) -> Response:
    record = records.find(ctx, entity, number)
    if not allowed.may(ctx, entity, verb.right, record):
        raise Forbidden(refusal(verb.right))
    say = request.say
    asked = asked_of(verb)
    # What the verb is about begins as it is; the rest is left to the verb unless it is filled in.
    own = [one.name for one in asked[:1] if is_own(entity, one)]
    [document] = records.reader(ctx, request.locale_name).documents(entity, [record], own)
    document = {one.name: one.default(ctx) for one in asked if one.default is not None} | document
    sheet = Sheet(
        entity=entity,
        heading=say(verb.title),
        submit=say(verb.title),
        back=record_path(entity.key, number),
        above=name_of(request, ctx, entity, record),
        groups=[("", [field.name for field in asked])],
        inputs=asked,
        document=document,
        begun={name: text for name, text in request.GET.items() if refused is None},
        facts={},
    )
    return sheet_page(request, ctx, sheet, refused)
