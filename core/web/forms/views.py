"""The form for a record's fields."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.request import Request
from pyramid.response import Response

from core.errors import Conflict, Forbidden, Invalid, Stale
from core.i18n import _
from core.security.judge import refusal
from core.services import records
from core.services.intake import Intake
from core.services.work import Ctx
from core.web import toast
from core.web.addresses import record_path
from core.web.format import noun
from core.web.forms import conflict
from core.web.forms.again import FormRefused
from core.web.forms.build import read
from core.web.forms.inputs import changeable
from core.web.forms.sheet import Sheet, sheet_page, zone_of
from core.web.forms.texts import to_services
from core.web.record import grouped, name_of, record_id, title, version, visible_path
from core.web.toast import Toast
from core.web.undo import offer
from core.web.values import display
from plugins import Entity


def edit(entity: Entity, request: Request) -> Response:
    """GET: the form."""
    return draw_edit(request, request.ctx, None, entity=entity, number=record_id(request))


def change(entity: Entity, request: Request) -> Response:
    """POST: what differs is stored. A version that is not the stored one any more leads to a choice."""
    ctx: Ctx = request.ctx
    number, seen = record_id(request), version(request)
    texts, base = read(entity.fields, request), base_of(request)
    draw = partial(draw_edit, entity=entity, number=number)
    try:
        sent = to_services(entity.fields, texts, zone_of(ctx))
        record = records.change(ctx, entity, number, sent, seen, intake=Intake(ctx, entity, text=True))
    except Stale as error:
        raise FormRefused(partial(conflict.draw, entity=entity, number=number), error, texts, base) from error
    except (Invalid, Conflict, Forbidden) as error:
        raise FormRefused(draw, error, texts, base, seen) from error
    response = HTTPSeeOther(visible_path(ctx, entity, number))
    return toast.put(response, request, Toast("saved", name_of(request, ctx, entity, record), offer(ctx)))


def draw_edit(request: Request, ctx: Ctx, refused: FormRefused | None, *, entity: Entity, number: int) -> Response:
    record = records.find(ctx, entity, number)
    look = records.reader(ctx, request.locale_name)
    document = look.document(entity, record)
    rights = look.rights_on(entity, entity.fields, record)
    inputs = changeable(ctx, entity, record, rights)
    if not inputs:
        raise Forbidden(entity.rules.closed or refusal("edit"))
    show, say = display(request, ctx), request.say
    sheet = Sheet(
        entity=entity,
        heading=say(_("Edit ${thing}", mapping={"thing": noun(say(entity.title), request.locale_name)})),
        submit=say(_("Save")),
        back=record_path(entity.key, number),
        above=title(entity, document, request.locale_name),
        groups=grouped(entity),
        inputs=inputs,
        document=document,
        facts={
            field.name: (field.title, show.shown(field, document, rights[field.name]))
            for field in entity.fields
            if field not in inputs
        },
        version=record.version,
    )
    return sheet_page(request, ctx, sheet, refused)


def base_of(request: Request) -> dict[str, str] | None:
    """What the form had held when it was opened; None where that is not known."""
    try:
        found = json.loads(request.POST.get("base", ""))
    except (ValueError, TypeError, RecursionError):
        return None
    if not isinstance(found, Mapping) or not all(isinstance(text, str) for text in found.values()):
        return None
    return dict(found)
