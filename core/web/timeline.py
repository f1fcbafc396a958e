"""The timeline on a record's page: plans, what happened, and what changed, each in the same shape."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.request import Request
from pyramid.response import Response

from core.clock import local
from core.entities.past import BINNED, Past, PastReader
from core.entities.reader import USER, Label
from core.errors import BadRequest, NotFound
from core.i18n import _
from core.security.catalog import META_FIELDS, attribute_name, meta_or_field
from core.services import allowed, history, records, timeline, undo
from core.services.history import Fact
from core.services.media import IMAGES
from core.services.reversal import UNDO
from core.services.timeline import Entry, Source
from core.services.work import Ctx
from core.web import format as formats
from core.web import toast
from core.web.addresses import came_from, record_path
from core.web.record import label_name, name_of, record_id, version, visible_path
from core.web.toast import Toast
from core.web.undo import offer
from core.web.values import EMPTY, Value, display
from core.web.words import DONE, action_title, whose
from plugins import Entity, Field

NEXT, TODAY, WEEK, EARLIER = _("Next"), _("Today"), _("Last seven days"), _("Earlier")
_MOST_LINES = 6  # of one change, before the rest is folded away
_LONGEST = 160  # characters of an old or new value
_DONE: Mapping[str, str] = {
    "create": _("created this"),
    "edit": _("changed"),
    "delete": _("deleted this"),
    "restore": _("restored this"),
}


@dataclass(frozen=True)
class Diff:
    """A field of a change: its value before and after."""

    title: str
    old: Value
    new: Value


@dataclass(frozen=True)
class Line:
    """An entry as it is shown. `what` is a word or two, `title` the record's name that leads to `path`; `undo` and
    `done` are where its button posts, `tone` is the colour of the time of a plan.
    """

    key: str
    icon: str
    who: str
    what: str
    when: str
    moment: str
    title: str = ""
    path: str = ""
    tone: str = ""
    about: tuple[Value, ...] = ()
    text: tuple[Value, ...] = ()
    picture: str = ""
    diff: tuple[Diff, ...] = ()
    undo: str = ""
    done: str = ""
    version: int = 0


@dataclass(frozen=True)
class Choice:
    """A link that narrows the timeline to one source."""

    title: str
    url: str
    on: bool


@dataclass(frozen=True)
class View:
    """What the template draws. `groups` are titles with lines; `older` is where the next page is."""

    choices: list[Choice]
    groups: list[tuple[str, list[Line]]]
    older: str
    more_plans: bool
    is_first: bool


def view_of(request: Request, ctx: Ctx, entity: Entity, record: Any) -> View:
    """The page of the timeline that the address asks for, `?only=SOURCE&before=CURSOR`."""
    path = record_path(entity.key, record.id)
    offered = timeline.sources(ctx, entity, record)
    only, before = request.GET.get("only", ""), request.GET.get("before", "")
    among = [one for one in offered if one.key == only] if only else offered
    if only and not among:
        raise BadRequest(_("The query cannot be read."), errors={"only": [_("There is nothing of this kind here.")]})
    found = timeline.timeline(ctx, entity, record, among, timeline.cursor(before) if before else None)
    narrow = f"only={only}&" if only else ""
    drawn = _Drawing(request, ctx, entity, record)
    groups = [(NEXT, drawn.lines(found.plans, planned=True))] if found.plans else []
    groups += [
        (title, list(some)) for title, some in groupby(drawn.lines(found.entries), lambda line: _age(ctx, line.moment))
    ]
    return View(
        choices=[Choice(_("All"), path, not only), *(_choice(one, path, only) for one in offered)]
        if len(offered) > 1
        else [],
        groups=groups,
        older=f"{path}?{narrow}before={found.next}" if found.next else "",
        more_plans=found.more_plans,
        is_first=not before,
    )


def _choice(source: Source, path: str, only: str) -> Choice:
    title = source.entity.plural if source.entity else _("Changes")
    return Choice(title, f"{path}?only={source.key}", source.key == only)


def _age(ctx: Ctx, moment: str) -> str:
    day = ctx.kernel.clock.day(dt.datetime.fromisoformat(moment))
    if day >= ctx.today:
        return TODAY
    return WEEK if (ctx.today - day).days < 7 else EARLIER


class _Drawing:
    """Makes lines of entries; looks up what they name together."""

    def __init__(self, request: Request, ctx: Ctx, entity: Entity, record: Any) -> None:
        self.request, self.ctx, self.entity, self.record = request, ctx, entity, record
        self.here = record_path(entity.key, record.id)  # what is shown need not be named
        self.look = records.reader(ctx, request.locale_name, request.say)
        self.show = display(request, ctx)

    def lines(self, entries: Sequence[Entry], *, planned: bool = False) -> list[Line]:
        """A line for each, in their order."""
        by_source: dict[str, list[Entry]] = {}
        for entry in entries:
            by_source.setdefault(entry.source.key, []).append(entry)
        made: dict[tuple[str, int], Line] = {}
        for key, some in by_source.items():
            source = some[0].source
            drawn = self._changes(some) if source.entity is None else self._records(source.entity, some, planned)
            made |= {(key, entry.id): line for entry, line in zip(some, drawn, strict=True)}
        return [made[entry.source.key, entry.id] for entry in entries]

    def _when(self, entry: Entry) -> tuple[str, str]:
        """The moment in short words, and for machines."""
        request, clock = self.request, self.ctx.kernel.clock
        there = local(entry.at, clock.zone)
        declared = entry.source.entity.timeline if entry.source.entity else None
        is_day = declared and meta_or_field(entry.source.entity, declared.at).type.kind == "date"  # type: ignore[arg-type]
        if is_day:
            return formats.short_day(there.date(), request.locale_name, self.ctx.today), there.isoformat()
        text = formats.short_day_and_time(entry.at, request.locale_name, clock.zone, self.ctx.now)
        return text, there.isoformat()

    # --- records -------------------------------------------------------------------------------------

    def _records(self, entity: Entity, entries: Sequence[Entry], planned: bool) -> list[Line]:
        declared = entity.timeline
        assert declared is not None
        label = label_name(entity, self.request.locale_name)
        names = {label, declared.kind, declared.who, declared.due, declared.done, *declared.text} - {""}
        documents = self.look.documents(entity, [entry.record for entry in entries], sorted(names))
        found = []
        for entry, document in zip(entries, documents, strict=True):
            when, moment = self._when(entry)
            kind = document.get(declared.kind) if declared.kind else None
            said = [one for name in declared.text if (one := self._said(entity, name, document)).path != self.here]
            path = record_path(entity.key, entry.id)
            line = Line(
                key=f"{entity.key}/{entry.id}",
                icon=(declared.icons or {}).get(str(kind), entity.icon),
                who=self._said(entity, declared.who, document).text,
                what=self._said(entity, declared.kind, document).text if kind else self.request.say(entity.title),
                when=when,
                moment=moment,
                title=self._said(entity, label, document).text or f"#{entry.id}",
                path=path,
                about=tuple(one for one in said if one.kind not in ("lines", "empty")),
                text=tuple(one for one in said if one.kind == "lines"),
                picture=f"{path}/content?inline=1" if getattr(entry.record, "media_type", "") in IMAGES else "",
                version=entry.record.version,
            )
            found.append(self._as_plan(entity, entry, line) if planned else line)
        return found

    def _as_plan(self, entity: Entity, entry: Entry, line: Line) -> Line:
        """With the time in its colour, and a button for who may say that it is done."""
        ctx, declared = self.ctx, entity.timeline
        assert declared is not None
        day: dt.date | None = None
        if declared.due and getattr(entry.record, attribute_name(entity.field(declared.at))) is None:
            day = getattr(entry.record, attribute_name(entity.field(declared.due)))
        if entry.at == timeline.NEVER:
            when, tone = "", ""
        else:
            when = formats.short_day(day, self.request.locale_name, ctx.today) if day else line.when
            there = day or ctx.kernel.clock.day(entry.at)
            tone = "overdue" if entry.at < ctx.now else "today" if there == ctx.today else "later"
        may = allowed.may(ctx, entity, "edit", entry.record, self.look.resolver)
        return replace(line, when=when, tone=tone, done=f"{line.path}/done" if may else "")

    def _said(self, entity: Entity, name: str, document: Mapping[str, Any]) -> Value:
        if name not in document:
            return EMPTY
        return self.show.shown(META_FIELDS.get(name) or entity.field(name), document)

    # --- changes -------------------------------------------------------------------------------------

    def _changes(self, entries: Sequence[Entry]) -> list[Line]:
        facts = [entry.fact for entry in entries if entry.fact is not None]
        pasts = [Past(one.entry.entity, one.entry.record_id, one.entry.lines) for one in facts]
        read = PastReader(self.look).read(pasts)
        people = self.look.labels(USER, {one.entry.actor_id for one in facts if one.entry.actor_id is not None})
        rights = self.look.rights_on(self.entity, self.entity.fields, self.record)
        found = []
        for entry, fact, lines in zip(entries, facts, read, strict=True):
            when, moment = self._when(entry)
            path = f"{record_path(self.entity.key, self.record.id)}/changes/{fact.entry.uuid}/undo"
            found.append(
                Line(
                    key=fact.entry.uuid,
                    icon="edit" if fact.entry.action == "edit" else "history",
                    who=self._whose(fact, people),
                    what=self._deed(fact),
                    when=when,
                    moment=moment,
                    diff=() if fact.entry.action == "create" else tuple(self._diffs(lines, rights)),
                    undo=path if fact.why_not is None and fact.entry.action != "create" else "",
                )
            )
        return found

    def _whose(self, fact: Fact, people: Mapping[int, Label]) -> str:
        by = people.get(fact.entry.actor_id or 0)
        return whose(self.request.say, fact.entry.actor_id, by, fact.on_behalf)

    def _deed(self, fact: Fact) -> str:
        """What was done, in words."""
        say, action = self.request.say, fact.entry.action
        if fact.entry.undoes is not None or action.startswith(UNDO):
            return str(say(_("undid a change")))
        if action in _DONE:
            return str(say(_DONE[action]))
        return str(say(DONE.get(action) or action_title(self.entity, action)))

    def _diffs(self, lines: Sequence[Mapping[str, Any]], rights: Mapping[str, str]) -> Iterator[Diff]:
        for line in lines:
            if line["field"] == BINNED or line["field"] not in rights:
                continue
            one = self.entity.field(line["field"])
            old, new = (self._past(one, line[name], rights[one.name]) for name in ("old", "new"))
            yield Diff(one.title, old, new)

    def _past(self, one: Field, value: Any, right: str) -> Value:
        if right == "mask" and value is not None:
            return Value("masked", str(value))
        shown = self.show.past(one, value)
        if shown.kind in ("text", "lines") and len(shown.text) > _LONGEST:
            return Value(shown.kind, f"{shown.text[:_LONGEST]}…")
        return shown


# --- what its buttons do -----------------------------------------------------------------------------


def take_back(entity: Entity, request: Request) -> Response:
    """POST: set a change of the record back; one of a batch for this record alone."""
    ctx: Ctx = request.ctx
    number, uuid = record_id(request), request.matchdict["change"]
    record = records.find(ctx, entity, number)
    if history.is_part(ctx, uuid):
        undo.undo_one(ctx, uuid, (entity.key, record.id))
    else:
        undo.undo(ctx, uuid)
    ctx.work.flush()
    return toast.put(HTTPSeeOther(visible_path(ctx, entity, number)), request, Toast("undone", undo=offer(ctx)))


def done(entity: Entity, request: Request) -> Response:
    """POST with the version that the page showed: what was planned is done. Back to where the button was."""
    ctx: Ctx = request.ctx
    if entity.timeline is None or not entity.timeline.done:
        raise NotFound
    number = record_id(request)
    record = records.change(ctx, entity, number, {entity.timeline.done: True}, version(request))
    back = came_from(request, record_path(entity.key, number))
    return toast.put(HTTPSeeOther(back), request, Toast("done", name_of(request, ctx, entity, record), offer(ctx)))
