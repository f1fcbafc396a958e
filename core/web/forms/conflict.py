"""Somebody saved first: what he wrote and what I wrote, side by side, to choose from and save again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import deform
from pyramid.httpexceptions import HTTPSeeOther
from pyramid.request import Request
from pyramid.response import Response

from core.errors import Forbidden
from core.i18n import _
from core.security.catalog import META_FIELDS
from core.security.judge import refusal
from core.services import records
from core.services.work import Ctx
from core.web.addresses import record_path
from core.web.forms.again import FormRefused
from core.web.forms.build import drawn
from core.web.forms.inputs import changeable
from core.web.forms.sheet import zone_of
from core.web.forms.texts import KEPT, to_texts
from core.web.forms.widgets import ChecksWidget, CheckWidget, LookupWidget, SelectWidget
from core.web.frame import frame
from core.web.record import title
from core.web.templating import page
from core.web.values import display
from plugins import Entity


@dataclass(frozen=True)
class Version:
    """A value as it is sent and as it is read."""

    text: str
    label: str


@dataclass(frozen=True)
class Difference:
    """A field that differs. `base` is what both had started from, None where that is not known."""

    name: str
    title: str
    mine: Version
    theirs: Version
    base: Version | None

    @property
    def by_both(self) -> bool:
        """Whether one has to choose."""
        return self.base is None or self.base.text not in (self.mine.text, self.theirs.text)

    @property
    def by_me(self) -> bool:
        """Whether only I have changed it."""
        return self.base is not None and self.base.text == self.theirs.text


def draw(request: Request, ctx: Ctx, refused: FormRefused | None, *, entity: Entity, number: int) -> Response:
    """The page, status 409. Its form is an edit of what differs, on the version that is stored now; to the record
    where nothing does.
    """
    assert refused is not None
    record = records.find(ctx, entity, number)
    look = records.reader(ctx, request.locale_name)
    document = look.document(entity, record)
    inputs = changeable(ctx, entity, record, look.rights_on(entity, entity.fields, record))
    if not inputs:
        raise Forbidden(refusal("edit"))
    now = to_texts(inputs, document, zone_of(ctx))
    mine = {name: text for name, text in refused.texts.items() if name in now}
    form = drawn(request, ctx, inputs, document, now, {})
    found = differences(form, mine, now, refused.base, request.say)
    if not found:  # it was sent twice, or both wrote the same
        return HTTPSeeOther(record_path(entity.key, number))
    show = display(request, ctx)
    return page(
        request,
        "conflict",
        status=refused.error.status,
        frame=frame(request, ctx, entity),
        entity=entity,
        title=title(entity, document, request.locale_name),
        path=record_path(entity.key, number),
        version=record.version,
        base=json.dumps({one.name: now[one.name] for one in found}, ensure_ascii=False),
        who=show.value(META_FIELDS["updated_by"], document["updated_by"]),
        when=show.value(META_FIELDS["updated_at"], document["updated_at"]),
        chosen=[one for one in found if one.by_both],
        merged=[one for one in found if not one.by_both],
    )


def differences(
    form: deform.Form, mine: Mapping[str, str], theirs: Mapping[str, str], base: Mapping[str, str] | None, say: Any
) -> list[Difference]:
    """The fields in which what I sent differs from what is stored."""
    found = []
    for child in form:
        name = child.name
        if name not in mine or mine[name] == theirs[name]:
            continue
        before = None if base is None or name not in base else _version(child, base[name], say)
        found.append(
            Difference(name, child.title, _version(child, mine[name], say), _version(child, theirs[name], say), before)
        )
    return found


def _version(child: Any, text: str, say: Any) -> Version:
    return Version(text, _spoken(child.widget, text, say))


def _spoken(widget: Any, text: str, say: Any) -> str:
    """What a text of a form means to people."""
    if text == KEPT:
        return str(say(_("Restricted")))
    if isinstance(widget, CheckWidget):
        return str(say(_("Yes") if text == "true" else _("No")))
    if isinstance(widget, SelectWidget):
        return _labels([one for _title, choices in widget.groups for one in choices]).get(text, text)
    if isinstance(widget, LookupWidget):
        return _labels(widget.choices).get(text, text)
    if isinstance(widget, ChecksWidget):
        known = _labels(widget.choices)
        return ", ".join(known.get(key, key) for key in text.split(",") if key)
    return text


def _labels(choices: Any) -> dict[str, str]:
    return {choice.key: choice.label for choice in choices}
