"""A record's page, and what its buttons do."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.request import Request
from pyramid.response import Response

from core.db.base import Binnable
from core.entities.reader import META
from core.errors import Conflict, Forbidden, Invalid
from core.http.paths import collection
from core.security.catalog import META_FIELDS, is_business
from core.security.grants import READABLE
from core.services import allowed, composing, favourites, records
from core.services.agenda import ACTIVITY
from core.services.attached import follows
from core.services.work import Ctx
from core.web import toast
from core.web.addresses import record_path
from core.web.composer import composer, sent
from core.web.facets import STATE, states
from core.web.forms.again import FormRefused
from core.web.forms.asked import is_told, named
from core.web.forms.inputs import changeable
from core.web.frame import frame
from core.web.panels import blocks
from core.web.record import grouped, label_name, name_of, page_around, record_id, telling, title, version
from core.web.related import counts, lists
from core.web.templating import page
from core.web.timeline import view_of
from core.web.toast import Toast
from core.web.track import track
from core.web.undo import offer
from core.web.values import Display, Value, display
from core.web.verbs import offered
from plugins import Entity, Field

RESTORE = "restore"
TABS = ("time", "facts", "relations")


@dataclass(frozen=True)
class Fact:
    """One field of the record. `editable`: in place, too."""

    name: str
    title: str
    value: Value
    editable: bool = False


@dataclass(frozen=True)
class Section:
    """A titled run of facts."""

    title: str
    facts: tuple[Fact, ...]


def view(entity: Entity, request: Request) -> Response:
    """GET."""
    return draw(request, request.ctx, None, entity=entity, number=record_id(request))


def draw(request: Request, ctx: Ctx, refused: FormRefused | None, *, entity: Entity, number: int) -> Response:
    """The page, with what its composer was refused for."""
    record = records.find(ctx, entity, number)
    look = records.reader(ctx, request.locale_name, request.say)
    document = look.document(entity, record)
    rights = look.rights_on(entity, entity.fields, record)
    show = display(request, ctx)
    state = str(document.get(STATE))
    kind = states(entity)
    steps = track(kind, state) if state in kind.choices and rights[STATE] in READABLE else ()
    hidden = {label_name(entity, request.locale_name), *((STATE,) if steps else ()), *_unspoken(entity, rights)}
    verbs, counted = offered(ctx, entity, record), counts(request, ctx, entity, record)
    # What leads on in its states is seen at once; in settings, where no state is, what has a page of its own.
    seen = [verb for verb in verbs if (verb.leads_on and steps) or (verb.has_page and not is_business(entity))]
    inputs = frozenset(field.name for field in changeable(ctx, entity, record, rights))
    return page(
        request,
        "record",
        status=refused.error.status if refused else 200,
        frame=frame(request, ctx, entity),
        entity=entity,
        list_path=collection(entity.key),
        path=record_path(entity.key, record.id),
        record=record,
        title=_called(request, entity, document, show),
        track=steps,
        sections=sections(entity, document, rights, show, hidden, inputs),
        made=[Fact(name, META_FIELDS[name].title, show.shown(META_FIELDS[name], document)) for name in META[2:]],
        counts=counted,
        composer=composer(request, ctx, entity, record, refused),
        timeline=view_of(request, ctx, entity, record),
        blocks=[
            *lists(request, ctx, entity, record, counted, document.get(entity.natural_key)),
            *blocks(request, ctx, entity, record),
        ],
        shown=_shown(request),
        is_business=is_business(entity),
        most_telling=_telling(entity, document, show),
        is_favourite=(entity.key, record.id) in ctx.identity.favourites,
        may_edit=bool(inputs),
        may_delete=allowed.may(ctx, entity, "delete", record),
        steps=seen,
        verbs=[verb for verb in verbs if verb not in seen],
    )


def _shown(request: Request) -> str:
    """The tab that a phone shows."""
    asked = request.GET.get("show", "")
    return asked if asked in TABS else TABS[0]


def _called(request: Request, entity: Entity, document: Mapping[str, Any], show: Display) -> str:
    """What the record is called, in words where it is called by a key."""
    label = label_name(entity, request.locale_name)
    name = title(entity, document, request.locale_name)
    return show.text(entity.field(label), name) if document.get(label) == name else name


def _telling(entity: Entity, document: Mapping[str, Any], show: Display) -> list[Fact]:
    """What stands beside the name."""
    found = [Fact(one.name, one.title, show.shown(one, document)) for one in telling(entity)]
    return [fact for fact in found if fact.value.kind in ("link", "text")]


def _unspoken(entity: Entity, rights: Mapping[str, str]) -> set[str]:
    """The fields of a record that is seen by its public ones only: to list what is closed would say nothing."""
    others = {field.name for field in entity.fields} - set(entity.public)
    return others if entity.public and all(rights[name] == "none" for name in others) else set()


def sections(
    entity: Entity,
    document: Mapping[str, Any],
    rights: Mapping[str, str],
    show: Display,
    hidden: set[str],
    inputs: Collection[str],
) -> list[Section]:
    """The record's facts in the entity's groups; what no group names comes last. `inputs` can be edited. What is
    empty and is not asked for is no fact.
    """
    fields = named(entity.fields)

    def fact(field: Field) -> Fact:
        value = show.whole(field, document, rights[field.name])
        return Fact(field.name, field.title, value, field.name in inputs)

    made = []
    for heading, names in grouped(entity):
        told = (name for name in names if name not in hidden and is_told(fields[name], fields, document))
        facts = tuple(fact(fields[name]) for name in told)
        if facts:
            made.append(Section(heading, facts))
    return made


def write_down(entity: Entity, request: Request) -> Response:
    """POST what was done with the record, and the next step; back to the record."""
    ctx: Ctx = request.ctx
    number = record_id(request)
    record = records.find(ctx, entity, number)
    texts, said = sent(request, ctx, entity)
    try:
        made = composing.write_down(ctx, entity, record, said)
    except (Invalid, Conflict, Forbidden) as error:
        raise FormRefused(partial(draw, entity=entity, number=number), error, texts) from error
    response = HTTPSeeOther(record_path(entity.key, number))
    name = name_of(request, ctx, ctx.catalog[ACTIVITY], made)
    return toast.put(response, request, Toast("created", name, offer(ctx)))


def favour(entity: Entity, request: Request) -> Response:
    """POST `on`: the record is one of the actor's favourites, or is none any more."""
    number = record_id(request)
    favourites.mark(request.ctx, entity, number, on=bool(request.POST.get("on")))
    return HTTPSeeOther(record_path(entity.key, number))


def delete(entity: Entity, request: Request) -> Response:
    """POST with the version that the page showed; the list offers to undo it."""
    ctx: Ctx = request.ctx
    number = record_id(request)
    record = records.find(ctx, entity, number)
    name = name_of(request, ctx, entity, record)
    records.delete(ctx, entity, number, version(request))
    undo = ""
    if issubclass(entity.model, Binnable) and any(verb.name == RESTORE for verb in entity.verbs):
        undo = f"{record_path(entity.key, number)}/actions/{RESTORE}"
    back = page_around(request, entity, record) if follows(entity) else collection(entity.key)
    return toast.put(HTTPSeeOther(back), request, Toast("deleted", name, undo))
