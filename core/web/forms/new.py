"""The form for a new record: whole on a page of its own, short in a dialog over whatever page needs the record."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.request import Request
from pyramid.response import Response

from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.http.paths import collection
from core.i18n import _
from core.security.catalog import is_business
from core.security.judge import refusal
from core.services import records
from core.services.intake import Intake
from core.services.work import Ctx
from core.web import toast
from core.web.format import noun
from core.web.forms.again import FormRefused
from core.web.forms.build import read
from core.web.forms.inputs import addable, may_begin
from core.web.forms.once import Once, ticket
from core.web.forms.sheet import Sheet, sheet_page, zone_of
from core.web.forms.texts import to_services, without_blanks
from core.web.frame import frame, is_written, may_visit
from core.web.record import grouped, label_name, name_of, visible_path
from core.web.templating import page
from core.web.toast import Toast
from core.web.undo import offer
from plugins import Entity, Field

# Switches of rules that tell records apart, see `core.services.duplicates`.
ALLOW, ASK = "allow_duplicate", "ask_if_alike"
SHORT = 6  # fields that a short form has, if no more are needed


def new(entity: Entity, request: Request) -> Response:
    """GET: the form, filled in with the fields of the address. `?form=short`: as a fragment for a dialog."""
    return draw_new(request, request.ctx, None, entity=entity)


def create(entity: Entity, request: Request) -> Response:
    """POST: the record, and on to its page; from a short form, what it is called, as JSON."""
    ctx: Ctx = request.ctx
    texts = read(entity.fields, request)
    once = Once(request, texts)
    if not _is_short(request, entity) and (led := once.begin(ctx, texts)) is not None:
        return led
    try:
        sent = without_blanks(entity, to_services(entity.fields, texts, zone_of(ctx))) | _answered(request, entity)
        record = records.create(ctx, entity, sent, intake=Intake(ctx, entity, text=True))
    except (Invalid, Conflict, Forbidden) as error:
        raise FormRefused(partial(draw_new, entity=entity), error, texts) from error
    name = name_of(request, ctx, entity, record)
    others = tuple(dict.fromkeys(_named(request, one) for one in ctx.work.warnings))
    said = Toast("created", name, offer(ctx), others)
    if _is_short(request, entity):
        [document] = records.reader(ctx, request.locale_name).documents(entity, [record], [entity.natural_key])
        made = {"id": record.id, "key": document.get(entity.natural_key), "label": name}
        return toast.put(Response(json_body=made, status=201), request, said)
    if getattr(record, "secret", None):
        once.keep(ctx, collection(entity.key))
        around = frame(request, ctx, entity)
        return page(request, "secret", frame=around, entity=entity, record=record, path=collection(entity.key))
    path = visible_path(ctx, entity, record.id)
    once.keep(ctx, path)
    return toast.put(HTTPSeeOther(path), request, said)


def _answered(request: Request, entity: Entity) -> dict[str, str]:
    """What the form says to others that may be the same: it asks, until somebody has answered."""
    switch = ALLOW if ALLOW in request.POST else ASK
    return {switch: "true"} if switch in entity.rules.switches else {}


def _named(request: Request, alike: Mapping[str, Any]) -> str:
    """A record that may be the same as the new one; of a hidden one only its unit is known."""
    if "hidden" in alike:
        return str(request.say(_("a customer of ${unit}", mapping={"unit": alike["unit"]})))
    return str(alike["label"])


def _is_short(request: Request, entity: Entity) -> bool:
    """Of the business alone: what administration makes may have something to show, such as a secret."""
    return is_business(entity) and request.GET.get("form") == "short"


def draw_new(request: Request, ctx: Ctx, refused: FormRefused | None, *, entity: Entity) -> Response:
    if not may_begin(ctx, entity):
        if entity.rules.closed and may_visit(ctx, entity):
            raise Forbidden(entity.rules.closed)
        raise Forbidden(refusal("create")) if may_visit(ctx, entity) and is_written(entity) else NotFound
    say = request.say
    inputs = addable(ctx, entity)
    short = _is_short(request, entity)
    groups = grouped(entity)
    if short:
        inputs = _few(entity, inputs, [label_name(entity, request.locale_name), *request.GET])
        groups = [("", tuple(name for _title, names in groups for name in names))]
    sheet = Sheet(
        entity=entity,
        heading=say(_("New ${thing}", mapping={"thing": noun(say(entity.title), request.locale_name)})),
        submit=say(_("Create")),
        back=collection(entity.key),
        above=say(entity.plural),
        groups=groups,
        inputs=inputs,
        document=_begun(request, ctx, entity, inputs),
        facts={},
        once=ticket(),
        short=short,
    )
    return sheet_page(request, ctx, sheet, refused)


def _few(entity: Entity, inputs: list[Field], first: list[str]) -> list[Field]:
    """What a record cannot be without, what it is called, and what its list shows first."""
    wanted = [field.name for field in inputs if field.required and field.default is None]
    wanted += [name for name in (*first, *entity.columns) if name not in wanted]
    known = {field.name: field for field in inputs}
    found = [known[name] for name in dict.fromkeys(wanted) if name in known]
    needed = sum(field.required and field.default is None for field in found)
    return found[: max(SHORT, needed)]


def _begun(request: Request, ctx: Ctx, entity: Entity, inputs: list[Field]) -> dict[str, Any]:
    """The values that the form begins with, as a document: defaults, and what the address says."""
    values = {field.name: field.default(ctx) for field in entity.fields if field.default is not None}
    given = {field.name: request.GET[field.name] for field in inputs if field.name in request.GET}
    sent = to_services(inputs, given, zone_of(ctx))
    values |= Intake(ctx, entity, text=True).take(sent).values if sent else {}
    look = records.reader(ctx, request.locale_name)
    document: dict[str, Any] = dict.fromkeys(field.name for field in entity.fields)
    for field in entity.fields:
        value, kind = values.get(field.name), field.type
        if value is None:
            continue
        if kind.kind in ("reference", "references"):
            ids = value if isinstance(value, list) else [value]
            labels = look.labels(kind.entity, ids)  # type: ignore[attr-defined]
            named = [labels[one].to_json() for one in ids if one in labels]
            document[field.name] = named if isinstance(value, list) else named[0] if named else None
        else:
            document[field.name] = kind.to_json(value)  # type: ignore[attr-defined]
    return document
