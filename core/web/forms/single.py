"""One field of a record, edited where its value stands: a fragment with the field's own widget."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from pyramid.csrf import get_csrf_token
from pyramid.request import Request
from pyramid.response import Response

from core.errors import Conflict, Forbidden, Invalid, NotFound, Stale
from core.i18n import _
from core.services import records
from core.services.intake import Intake
from core.services.work import Ctx
from core.web.addresses import record_path
from core.web.forms import conflict
from core.web.forms.again import FormRefused
from core.web.forms.build import drawn, read
from core.web.forms.inputs import changeable
from core.web.forms.sheet import zone_of
from core.web.forms.texts import to_services, to_texts
from core.web.forms.views import base_of
from core.web.record import record_id, version
from core.web.templating import page
from plugins import Entity, Field


def named(entity: Entity, request: Request) -> Field:
    """The field in the address. Raises NotFound."""
    try:
        return entity.field(request.matchdict["field"])
    except KeyError:
        raise NotFound from None


def ask(entity: Entity, request: Request) -> Response:
    """GET: the form with the field as it is now."""
    number, field = record_id(request), named(entity, request)
    return _draw(request, request.ctx, None, entity=entity, number=number, field=field)


def stored(entity: Entity, request: Request) -> Any:
    """The record after what was sent for the field in the address.

    What others have changed meanwhile does not matter as long as it is not this field; else one has to choose.
    """
    ctx: Ctx = request.ctx
    number, field, seen = record_id(request), named(entity, request), version(request)
    texts, base = read([field], request), base_of(request)
    draw = partial(_draw, entity=entity, number=number, field=field)
    try:
        sent = to_services([field], texts, zone_of(ctx))
        intake = Intake(ctx, entity, text=True)
        try:
            return records.change(ctx, entity, number, sent, seen, intake=intake)
        except Stale as stale:
            if base is None or base.get(field.name) != _now(request, ctx, entity, stale.record, field):
                raise
            return records.change(ctx, entity, number, sent, stale.record.version, intake=intake)
    except Stale as error:
        raise FormRefused(partial(conflict.draw, entity=entity, number=number), error, texts, base) from error
    except (Invalid, Conflict, Forbidden) as error:
        raise FormRefused(draw, error, texts, base, seen) from error


def _now(request: Request, ctx: Ctx, entity: Entity, record: Any, field: Field) -> str:
    [document] = records.reader(ctx, request.locale_name).documents(entity, [record], [field.name])
    return to_texts([field], document, zone_of(ctx))[field.name]


def _draw(
    request: Request, ctx: Ctx, refused: FormRefused | None, *, entity: Entity, number: int, field: Field
) -> Response:
    record = records.find(ctx, entity, number)
    look = records.reader(ctx, request.locale_name)
    document = look.document(entity, record)
    if field not in changeable(ctx, entity, record, look.rights_on(entity, entity.fields, record)):
        raise Forbidden(entity.rules.closed or _("This cannot be changed here."))
    now = to_texts([field], document, zone_of(ctx))
    texts = now | (dict(refused.texts) if refused else {})
    form = drawn(request, ctx, [field], document, texts, refused.error.errors if refused else {}, prefix="c")
    return page(
        request,
        "single",
        status=refused.error.status if refused else 200,
        action=request.path_qs,
        edit=f"{record_path(entity.key, number)}/edit",
        csrf=get_csrf_token(request),
        version=record.version if refused is None else refused.version,
        base=json.dumps(now if refused is None or refused.base is None else refused.base, ensure_ascii=False),
        child=form[field.name],
        problems=_problems(request, form[field.name], refused),
    )


def _problems(request: Request, child: Any, refused: FormRefused | None) -> list[str]:
    """What is wrong with the field, or with the whole of the record because of it."""
    if refused is None:
        return []
    if child.error:
        return [str(message) for message in child.error.messages()]
    return [request.say(message) for message in refused.error.reasons]
