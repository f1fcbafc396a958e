"""What the pages of all forms are made of."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import deform
from pyramid.csrf import get_csrf_token
from pyramid.request import Request
from pyramid.response import Response

from core.errors import Invalid
from core.http.paths import collection
from core.services.work import Ctx
from core.web.alike import listed
from core.web.forms.again import FormRefused
from core.web.forms.asked import condition, is_asked, is_told, named
from core.web.forms.build import drawn
from core.web.forms.texts import to_texts
from core.web.frame import frame
from core.web.templating import page
from core.web.values import Value
from plugins import Entity, Field


@dataclass(frozen=True)
class Line:
    """An input of the form, or a value that is only shown. With `asked` another input says whether it is asked for:
    scripts hide it in the meantime, and it `is_hidden` to begin with.
    """

    name: str
    title: str
    input: Any = None
    value: Value | None = None
    asked: str = ""
    is_hidden: bool = False


@dataclass(frozen=True)
class Part:
    """A titled run of lines."""

    title: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Sheet:
    """A form's page. `heading` and `submit` are translated; `back` is where one gives up to, `above` its name.

    `begun` are texts that it begins with instead of the document's. A form for a record holds its `version`, one for
    a new record the ticket by which it is made `once`. A `short` one is a fragment for a dialog.
    """

    entity: Entity
    heading: str
    submit: str
    back: str
    above: str
    groups: Sequence[tuple[str, Sequence[str]]]
    inputs: Sequence[Field]
    document: Mapping[str, Any]
    facts: Mapping[str, tuple[str, Value]]
    version: int | None = None
    once: str | None = None
    short: bool = False
    begun: Mapping[str, str] = field(default_factory=dict)


def zone_of(ctx: Ctx) -> dt.tzinfo:
    return ctx.kernel.clock.zone


def sheet_page(request: Request, ctx: Ctx, sheet: Sheet, refused: FormRefused | None) -> Response:
    """The page, with the refusal in it if there was one."""
    order = [name for _title, names in sheet.groups for name in names]
    inputs = sorted(sheet.inputs, key=lambda field: order.index(field.name))
    now = to_texts(inputs, sheet.document, zone_of(ctx))
    errors = refused.error.errors if refused else {}
    texts = now | {name: text for name, text in sheet.begun.items() if name in now}
    texts |= {name: text for name, text in refused.texts.items() if name in now} if refused else {}
    form = drawn(request, ctx, inputs, sheet.document, texts, errors, prefix="s" if sheet.short else "f")
    version = sheet.version if refused is None or sheet.version is None else refused.version
    base = now if refused is None or refused.base is None else refused.base
    around = {} if sheet.short else {"frame": frame(request, ctx, sheet.entity)}
    return page(
        request,
        "short" if sheet.short else "form",
        status=refused.error.status if refused else 200,
        **around,
        sheet=sheet,
        html=form.render(
            dict(texts),
            parts=_parts(form, sheet, texts),
            focus=_focus(form, errors, sheet.version is None),
            action=request.path_qs if sheet.short else request.path,
            short=sheet.short,
            guard=ctx.identity.user_id,
            alike=sheet.entity.rules.alike_by if sheet.once is not None else (),
            same=_same(request, sheet, refused),
            path=collection(sheet.entity.key),
            version=version,
            once=sheet.once,
            base=json.dumps(base, ensure_ascii=False) if version is not None else None,
            csrf=get_csrf_token(request),
        ),
        wrong=[child for child in form if child.error],
        general=_general(request, form, refused),
    )


def _same(request: Request, sheet: Sheet, refused: FormRefused | None) -> dict[str, Any]:
    """The others for which a new record was refused, and whether it can be created all the same."""
    told = refused.error.more if refused is not None and sheet.once is not None else {}
    if not told.get("duplicates"):
        return {}
    return {**listed(sheet.entity, told["duplicates"], request.locale_name), "allowable": told["allowable"]}


def _parts(form: deform.Form, sheet: Sheet, texts: Mapping[str, str]) -> list[Part]:
    fields = named((*sheet.entity.fields, *sheet.inputs))
    parts = []
    for title, names in sheet.groups:
        found = (_line(fields[name], fields, form, sheet, texts) for name in names)
        if lines := tuple(line for line in found if line is not None):
            parts.append(Part(title, lines))
    return parts


def _line(
    field: Field, fields: Mapping[str, Field], form: deform.Form, sheet: Sheet, texts: Mapping[str, str]
) -> Line | None:
    """A field's place in the form; None where it has none. What is wrong stands there in any case."""
    told = is_told(field, fields, sheet.document)
    if field.name not in form:
        title, value = sheet.facts.get(field.name, ("", None))
        return Line(field.name, title, value=value) if told and value is not None else None
    child = form[field.name]
    if child.error is None and field.asked_when is not None and field.asked_when[0] in form:
        hidden = not is_asked(field, fields, {**sheet.document, **texts})
        return Line(field.name, child.title, input=child, asked=condition(field), is_hidden=hidden)
    return Line(field.name, child.title, input=child) if told or child.error is not None else None


def _focus(form: deform.Form, errors: Iterable[str], is_new: bool) -> str:
    """The first input that is wrong; in an empty form, the first."""
    wrong = [child.name for child in form if child.name in errors]
    first = [child.name for child in form][:1] if is_new else []
    return (wrong or first or [""])[0]


def _general(request: Request, form: deform.Form, refused: FormRefused | None) -> list[str]:
    """What is wrong with no single input."""
    if refused is None:
        return []
    say = request.say
    error = refused.error
    stray = [message for name, messages in error.errors.items() if name not in form for message in messages]
    found = [say(message) for message in stray]
    if error.detail and (isinstance(error, Invalid) or not any(name in form for name in error.errors)):
        found.insert(0, say(error.detail))
    return found
