"""The composer on a record's page: a note, a call, a visit, a mail, a meeting or a task, with the next step."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pyramid.request import Request

from core.errors import BadRequest
from core.i18n import _
from core.security.catalog import is_business
from core.services import agenda, composing
from core.services.activities import FOLLOW_UP, KEY
from core.services.work import Ctx
from core.web.forms.again import FormRefused
from core.web.forms.choices import Choice, Chooser
from core.web.forms.sheet import zone_of
from core.web.forms.texts import from_local
from plugins import Entity

FIRST = "note"
ASKED = "log"  # in the address of a record: what kind of activity is to be written down
KEYS = {"call": "l", "note": "n", "visit": "v", "task": "t"}
_PLAIN = ("kind", "text", "at", "due", "next_step", "next_kind")
_NEXT = ("next_pick", "next_due", "next_time")  # a day out of those that are offered, or any, and a time if it has one


@dataclass(frozen=True)
class Kind:
    """A kind of activity, and the key that opens the composer with it."""

    code: str
    title: str
    icon: str
    key: str


@dataclass(frozen=True)
class Companion:
    """A field for one of what is of the record, such as a customer's contact."""

    name: str
    title: str
    choices: tuple[Choice, ...]


@dataclass(frozen=True)
class Composer:
    """The form: `texts` is what it holds, `errors` what is wrong by field, `general` what is wrong besides."""

    kinds: tuple[Kind, ...]
    following: tuple[Kind, ...]  # what the next step may be
    days: tuple[tuple[dt.date, str], ...]  # that are offered for it
    companions: tuple[Companion, ...]
    texts: Mapping[str, str]
    errors: Mapping[str, list[str]]
    general: str
    is_asked: bool = False  # whoever comes to write something down finds it open

    @property
    def is_open(self) -> bool:
        return bool(self.is_asked or self.errors or self.general or self.texts.get("text"))


def composer(request: Request, ctx: Ctx, entity: Entity, record: Any, refused: FormRefused | None) -> Composer | None:
    """The form for a record that the actor sees; None where he writes down nothing."""
    activity = ctx.catalog[KEY]
    if (
        entity is activity
        or not is_business(entity)
        or ctx.identity.read_only
        or not ctx.rights.may_ever(activity, "create")
    ):
        return None
    kind: Any = activity.field("kind").type
    icons = (activity.timeline.icons if activity.timeline else None) or {}
    kinds = sorted(kind.choices, key=lambda code: code != FIRST)  # the others in their order
    say, error = request.say, refused.error if refused else None
    asked = request.GET.get(ASKED, "")
    first = asked if asked in kind.choices else FIRST
    offered = [Kind(code, kind.choices[code], icons.get(code, activity.icon), KEYS.get(code, "")) for code in kinds]
    companions = tuple(_companions(request, ctx, activity, entity, record))
    only = {one.name: one.choices[0].key for one in companions if len(one.choices) == 1}
    return Composer(
        tuple(offered),
        tuple(sorted((one for one in offered if one.code != FIRST), key=lambda one: one.code != FOLLOW_UP)),
        tuple(agenda.days_ahead(ctx.today)),
        companions,
        {"kind": first, **only, **(refused.texts if refused else {})},
        {name: [say(one) for one in messages] for name, messages in error.errors.items()} if error else {},
        say(error.detail) if error and error.detail and not error.errors else "",
        asked in kind.choices,
    )


def _companions(request: Request, ctx: Ctx, activity: Entity, entity: Entity, record: Any) -> list[Companion]:
    chooser, entities = Chooser(ctx, request.locale_name), {one.key: one for one in ctx.catalog}
    found = []
    for field, way in composing.companions(activity, entity, entities):
        if ctx.rights.may_ask(entities[field.type.entity], way):  # type: ignore[attr-defined]
            choices = chooser.all(field.type.entity, ((way.name, record.id),)).choices  # type: ignore[attr-defined]
            found.append(Companion(field.name, field.title, choices))
    return [one for one in found if one.choices]


def sent(request: Request, ctx: Ctx, entity: Entity) -> tuple[dict[str, str], dict[str, Any]]:
    """What the form sent, as texts and as what the service takes. Raises BadRequest."""
    activity, entities = ctx.catalog[KEY], {one.key: one for one in ctx.catalog}
    names = [field.name for field, _way in composing.companions(activity, entity, entities)]
    texts = {name: _text(request, name) for name in (*_PLAIN, *_NEXT, *names)}
    said: dict[str, Any] = {name: texts[name] for name in (*_PLAIN, *names) if texts[name].strip()}
    if "at" in said:
        said["at"] = from_local(said["at"], zone_of(ctx))
    said |= _when(ctx, texts)
    if not said.keys() & {"next_step", "next_due", "next_at"}:
        said.pop("next_kind", None)  # it always says something
    return texts, said


def _when(ctx: Ctx, texts: Mapping[str, str]) -> dict[str, str]:
    """When the next step is due: a day is enough, and a time alone is of today."""
    day, time = texts["next_due"].strip() or texts["next_pick"].strip(), texts["next_time"].strip()
    if time:
        return {"next_at": from_local(f"{day or ctx.today}T{time}", zone_of(ctx))}
    return {"next_due": day} if day else {}


def _text(request: Request, name: str) -> str:
    value = request.POST.get(name, "")
    if not isinstance(value, str):
        raise BadRequest(_("The form cannot be read. Reload the page and try again."))
    return value.replace("\r\n", "\n")
