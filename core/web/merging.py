"""Two customers become one: which, whose values stay and what moves along, shown before it is done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pyramid.config import Configurator
from pyramid.httpexceptions import HTTPSeeOther
from pyramid.request import Request
from pyramid.response import Response

from core.errors import Conflict, Forbidden, Invalid
from core.http.paths import collection
from core.i18n import _
from core.security.catalog import verb_of
from core.security.judge import refusal
from core.services import allowed, merging, records
from core.services.work import Ctx
from core.web import toast
from core.web.addresses import record_path
from core.web.forms.again import FormRefused
from core.web.forms.build import read
from core.web.forms.sheet import Sheet, sheet_page
from core.web.frame import frame
from core.web.query import number
from core.web.record import name_of, record_id
from core.web.related import counts
from core.web.templating import page
from core.web.toast import Toast
from core.web.undo import offer
from core.web.values import Value, display
from core.web.verbs import arguments_of, asked_of
from plugins import Entity, Verb

_TAKE = "take."  # before the names of fields in the form


@dataclass(frozen=True)
class Choice:
    """A field in which the two differ; `takes` the other's value unless one says otherwise."""

    name: str
    title: str
    here: Value
    there: Value
    takes: bool


def includeme(config: Configurator) -> None:
    config.add_route("web.merge", f"{collection(merging.KEY)}/{{id:[1-9][0-9]*}}/merge")
    config.add_view(view, route_name="web.merge", request_method="GET")
    config.add_view(apply, route_name="web.merge", request_method="POST")


def view(context: Any, request: Request) -> Response:
    """GET: ask for the other customer; with `source` in the address show what would become of the two."""
    return _draw(request, request.ctx, None)


def apply(context: Any, request: Request) -> Response:
    """POST: on to the comparison, or, from there, merge."""
    ctx: Ctx = request.ctx
    target_id = record_id(request)
    entity, verb = _verb(ctx)
    texts = read(asked_of(verb), request)
    take = {name.removeprefix(_TAKE): side for name, side in request.POST.items() if name.startswith(_TAKE)}
    compared = number(request.POST.get("compared"))
    try:
        if not compared:
            said = records.arguments(ctx, entity, verb, arguments_of(ctx, entity, verb, texts))
            return HTTPSeeOther(_address(target_id, said["source"]))
        target, _answer = records.act(ctx, entity, target_id, verb, {"source": compared, "take": take})
    except (Invalid, Conflict, Forbidden) as error:
        raise FormRefused(_draw, error, texts | take) from error
    done = Toast("done", name_of(request, ctx, entity, target), offer(ctx))
    return toast.put(HTTPSeeOther(record_path(entity.key, target_id)), request, done)


def _verb(ctx: Ctx) -> tuple[Entity, Verb]:
    entity = ctx.catalog[merging.KEY]
    verb = verb_of(entity, "merge")
    assert verb is not None
    return entity, verb


def _address(target_id: int, source_id: int) -> str:
    return f"{record_path(merging.KEY, target_id)}/merge?source={source_id}"


def _draw(request: Request, ctx: Ctx, refused: FormRefused | None) -> Response:
    entity, verb = _verb(ctx)
    target = records.find(ctx, entity, record_id(request))
    if not allowed.may(ctx, entity, verb.right, target):
        raise Forbidden(refusal(verb.right))
    source_id = number(request.GET.get("source", ""))
    if not source_id:
        return _ask(request, ctx, refused, entity, verb, target)
    return _compare(request, ctx, refused, entity, target, records.find(ctx, entity, source_id))


def _ask(request: Request, ctx: Ctx, refused: FormRefused | None, entity: Entity, verb: Verb, target: Any) -> Response:
    asked = asked_of(verb)
    sheet = Sheet(
        entity=entity,
        heading=request.say(verb.title),
        submit=request.say(_("Continue")),
        back=record_path(entity.key, target.id),
        above=name_of(request, ctx, entity, target),
        groups=[("", [field.name for field in asked])],
        inputs=asked,
        document={},
        facts={},
    )
    return sheet_page(request, ctx, sheet, refused)


def _compare(
    request: Request, ctx: Ctx, refused: FormRefused | None, entity: Entity, target: Any, source: Any
) -> Response:
    return page(
        request,
        "merge",
        status=refused.error.status if refused else 200,
        frame=frame(request, ctx, entity),
        entity=entity,
        path=record_path(entity.key, target.id),
        action=_address(target.id, source.id),
        other_way=_address(source.id, target.id),
        source=source.id,
        names=(name_of(request, ctx, entity, target), name_of(request, ctx, entity, source)),
        choices=_choices(request, ctx, entity, target, source, refused.texts if refused else {}),
        moving=[one for one in counts(request, ctx, entity, source) if not one.is_none],
        wrong=[request.say(message) for message in refused.sentences] if refused else [],
    )


def _choices(
    request: Request, ctx: Ctx, entity: Entity, target: Any, source: Any, said: Mapping[str, str]
) -> list[Choice]:
    fields = merging.differing(ctx, entity, source, target)
    here, there = records.reader(ctx, request.locale_name, request.say).documents(
        entity, [target, source], [field.name for field in fields]
    )
    show = display(request, ctx)
    return [
        Choice(
            field.name,
            field.title,
            show.shown(field, here),
            show.shown(field, there),
            said.get(field.name, "source" if here.get(field.name) is None else "target") == "source",
        )
        for field in fields
    ]
