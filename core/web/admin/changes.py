"""What was changed, by whom and when: one's own changes, or all of them for who reads the audit trail."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from pyramid.config import Configurator
from pyramid.request import Request
from pyramid.response import Response

from core.entities.past import BINNED, Past, PastReader
from core.entities.reader import USER, Label, Reader
from core.fields import INT_MAX
from core.i18n import _
from core.models import Audit
from core.services import history, many, records, reversal, trail
from core.services.history import Deed
from core.services.importing import store
from core.services.many import Progress
from core.services.work import Ctx
from core.web import format as formats
from core.web.addresses import record_path
from core.web.frame import frame, may_visit
from core.web.lists.many import result_path
from core.web.templating import page
from core.web.values import Display, Value, display
from core.web.words import DONE, DOORS, action_title, whose
from plugins import Entity

PATH = "/changes"
MOST, MOST_ENTRIES = 50, 100


@dataclass(frozen=True)
class Row:
    """A change: who did it, through which door, what in words; `undoes`: it set another one back."""

    at: Any
    who: str
    door: str
    what: tuple[str, ...]
    reason: str
    undoes: bool
    path: str


@dataclass(frozen=True)
class Part:
    """What was done to one record. `lines` are fields with their old and new values."""

    name: str
    path: str
    what: str
    lines: tuple[tuple[str, Value, Value], ...]


@dataclass(frozen=True)
class Source:
    """What has made a change of many records: in words, its page, and where all of it is taken back; or ""."""

    words: str
    path: str
    undo: str


def includeme(config: Configurator) -> None:
    for name, pattern, act in (("all", PATH, view), ("one", f"{PATH}/{{change:[0-9a-f-]{{36}}}}", one)):
        config.add_route(f"web.changes.{name}", pattern)
        config.add_view(act, route_name=f"web.changes.{name}", request_method="GET")


def view(context: Any, request: Request) -> Response:
    """GET, `?who=LOGIN` of one person, `?logins=1` with who came and went, `?before=` goes on."""
    ctx: Ctx = request.ctx
    who = request.GET.get("who", "").strip()
    actor = history.user_id(ctx, who) or 0 if who else None
    logins = request.GET.get("logins") == "1"
    found, more = history.deeds(ctx, MOST, _place(request, "before"), actor_id=actor, logins=logins)
    narrowed = {name: value for name, value in (("who", who), ("logins", "1" if logins else "")) if value}
    return page(
        request,
        "admin/changes",
        frame=frame(request, ctx, admin=True),
        rows=_rows(request, ctx, found),
        who=who,
        all=trail.sees_all(ctx),
        heading=_heading(request, ctx, who, actor),
        logins=logins,
        next=f"{PATH}?{urlencode({**narrowed, 'before': found[-1].number})}" if more else "",
        path=PATH,
    )


def _heading(request: Request, ctx: Ctx, who: str, actor: int | None) -> str:
    """Whose changes these are."""
    if who and actor != ctx.identity.user_id:
        known = records.reader(ctx, request.locale_name).labels(USER, [actor or 0]).get(actor or 0)
        return str(request.say(_("Changes of ${name}", mapping={"name": known.label if known else who})))
    return str(request.say(_("My changes") if who or not trail.sees_all(ctx) else _("Changes of everybody")))


def _place(request: Request, name: str) -> int | None:
    """Where a page begins; what is no number is as if nothing was said."""
    text = request.GET.get(name, "")
    return min(int(text[:11]), INT_MAX) if text.isascii() and text.isdigit() else None


def _rows(request: Request, ctx: Ctx, deeds: Sequence[Deed]) -> list[Row]:
    look = records.reader(ctx, request.locale_name)
    people = look.labels(USER, {one.actor_id for one in deeds if one.actor_id is not None})
    return [_row(request, ctx, deed, people) for deed in deeds]


def _row(request: Request, ctx: Ctx, deed: Deed, people: Mapping[int, Label]) -> Row:
    say = request.say
    by = people.get(deed.actor_id or 0)
    what = tuple(_did(request, ctx, *one) for one in deed.did)
    door = str(say(DOORS.get(deed.door, deed.door)))
    return Row(
        deed.happened_at,
        whose(say, deed.actor_id, by, deed.on_behalf),
        door,
        what,
        "; ".join(str(say(_(reason))) for reason in (deed.reason or "").split("; ") if reason),
        deed.undoes is not None,
        f"{PATH}/{deed.batch}",
    )


def _did(request: Request, ctx: Ctx, key: str, action: str, count: int) -> str:
    """`Changed: customers 3`."""
    entity = ctx.catalog.get(key)
    name = request.say(entity.plural if entity else key)
    return f"{_action(request, entity, action)}: {name}{f' {count}' if count > 1 else ''}"


def _action(request: Request, entity: Entity | None, action: str) -> str:
    return str(request.say(DONE.get(action) or action_title(entity, action)))


# --- one change ----------------------------------------------------------------------------------------------


def one(context: Any, request: Request) -> Response:
    """GET: a change with what it did to each record; `?after=` goes on."""
    ctx: Ctx = request.ctx
    deed = history.deed(ctx, request.matchdict["change"])
    rows, more = history.entries(ctx, deed.batch, MOST_ENTRIES, _place(request, "after"))
    [row] = _rows(request, ctx, [deed])
    parts = list(_parts(request, ctx, rows))
    source = _job(request, ctx, deed, rows, parts) or _import(request, ctx, deed, row)
    here = f"{PATH}/{deed.batch}"
    if source is not None:
        undo = source.undo
    else:
        undo = f"{here}/undo" if deed.transactions == 1 and _may_go_back(ctx, deed) else ""
    return page(
        request,
        "admin/change",
        frame=frame(request, ctx, admin=True),
        row=row,
        deed=deed,
        parts=parts,
        source=source,
        next=f"{here}?after={rows[-1].id}" if more else "",
        path=PATH,
        undo=undo,
    )


def _job(request: Request, ctx: Ctx, deed: Deed, rows: Sequence[Audit], parts: Sequence[Part]) -> Source | None:
    """The job that did the same to many records, if it was one: the words say what all of them have got."""
    job = many.behind(ctx, deed.batch)
    entity = ctx.catalog.get(job.entity) if job is not None else None
    if job is None or entity is None:
        return None
    path = result_path(entity.key, job.id)
    return Source(
        _in_words(
            request, entity, job, [part for row, part in zip(rows, parts, strict=True) if row.entity == entity.key]
        ),
        path if job.is_mine else "",
        f"{path}/undo" if job.can_be_taken_back else "",
    )


def _import(request: Request, ctx: Ctx, deed: Deed, row: Row) -> Source | None:
    """The import, if the actor has made it; there, what it did is taken back."""
    found = store.behind(ctx, deed.batch)
    if found is None:
        return None
    words = _("Import of ${file}: ${did}", mapping={"file": found.file, "did": "; ".join(row.what)})
    return Source(str(request.say(words)), record_path(store.KEY, found.id), "")


def _in_words(request: Request, entity: Entity, job: Progress, parts: Sequence[Part]) -> str:
    """`Edit 16 customers: Owner → Li Ming`, with each field that has got the same value wherever it was changed."""
    gaps = {
        "what": action_title(entity, job.deed.name),
        "n": formats.number(job.tally.changed, request.locale_name),
        "things": formats.noun(request.say(entity.plural), request.locale_name),
    }
    new: dict[str, set[str]] = {}
    for title, _old, value in (line for part in parts for line in part.lines):
        new.setdefault(title, set()).add(_plain(request, value))
    got = [f"{request.say(title)} → {text}" for title, texts in new.items() for text in texts if len(texts) == 1]
    if not got or job.deed.name == many.DELETE:
        return str(request.say(_("${what} ${n} ${things}", mapping=gaps)))
    return str(request.say(_("${what} ${n} ${things}: ${got}", mapping={**gaps, "got": ", ".join(got)})))


def _plain(request: Request, value: Value) -> str:
    if value.kind == "closed":
        return str(request.say(_("Restricted")))
    return ", ".join(item.text for item in value.items) or value.text or "—"


def _may_go_back(ctx: Ctx, deed: Deed) -> bool:
    """Whether nothing in it says that it is never undone."""
    entries = trail.entries_of(ctx, deed.batch)
    return bool(entries) and all(reversal.why_never(ctx.catalog, entry) is None for entry in entries)


def _parts(request: Request, ctx: Ctx, rows: Sequence[Audit]) -> Iterator[Part]:
    look, show = records.reader(ctx, request.locale_name), display(request, ctx, brief=True)
    read = PastReader(look).read([Past(row.entity, row.record_id, row.changes) for row in rows])
    look.look_up((row.entity, row.record_id) for row in rows)
    for row, lines in zip(rows, read, strict=True):
        entity = ctx.catalog.get(row.entity)
        name, path = _named(request, ctx, look, entity, row)
        yield Part(name, path, _action(request, entity, row.action), tuple(_lines(entity, show, lines)))


def _named(request: Request, ctx: Ctx, look: Reader, entity: Entity | None, row: Audit) -> tuple[str, str]:
    """What a record is called, and its page if the reader may go there."""
    title = str(request.say(entity.title)) if entity else row.entity
    if entity is None or row.record_id is None:
        return title, ""
    reference = look.reference(entity.key, row.record_id) or {}
    if "id" not in reference:
        return title, ""
    gone = reference.get("deleted") or not may_visit(ctx, entity)
    return f"{title} {reference['label']}", "" if gone else record_path(entity.key, row.record_id)


def _lines(
    entity: Entity | None, show: Display, lines: Sequence[Mapping[str, Any]]
) -> Iterator[tuple[str, Value, Value]]:
    fields = {field.name: field for field in entity.fields} if entity else {}
    for line in lines:
        field = fields.get(line["field"])
        title = field.title if field else _("Deleted at") if line["field"] == BINNED else line["field"]
        yield title, show.past(field, line["old"]), show.past(field, line["new"])
