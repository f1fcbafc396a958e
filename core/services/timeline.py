"""The timeline of a record: what became of it, and the records that say they belong there, newest first.

Each source is asked for its own page by key; the pages are merged by moment. Rights, masks and the past are those
of lists and of the history, as the same readers read them.
"""

from __future__ import annotations

import datetime as dt
import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, NoReturn

from sqlalchemy import ColumnElement, and_, func, or_, select

from core.db.types import UtcDateTime
from core.entities.reader import META
from core.errors import BadRequest, NotFound
from core.fields import INT_MAX
from core.i18n import _
from core.models import Audit
from core.security import places
from core.security.catalog import attribute, is_business
from core.security.scope import ATTACHED, FOR
from core.services import history
from core.services.attached import follows, record_at
from core.services.history import Fact
from core.services.periods import begins
from core.services.work import Ctx
from plugins import Entity, Field, Timeline

LIMIT = 30
MOST_PLANS = 50
CHANGES = "changes"
NEVER = dt.datetime(9999, 1, 1, tzinfo=dt.UTC)  # for which there are no plans: what has no day stands there


@dataclass(frozen=True)
class Source:
    """Where entries come from: an entity's records, which refer to the record in any of these fields; none of
    those: they hang on it. Without an entity: the record's own changes.
    """

    key: str
    entity: Entity | None = None
    of: tuple[Field, ...] = ()

    @property
    def declared(self) -> Timeline:
        assert self.entity is not None
        assert self.entity.timeline is not None
        return self.entity.timeline


@dataclass(frozen=True)
class Entry:
    """One entry: a record of a source's entity or a step of the record's past."""

    at: dt.datetime
    id: int
    source: Source
    record: Any = None
    fact: Fact | None = None


@dataclass(frozen=True)
class Cursor:
    """The entry after which a page begins."""

    at: dt.datetime
    source: str
    id: int

    def __str__(self) -> str:
        return f"{self.at.astimezone(dt.UTC).replace(tzinfo=None).isoformat()}Z~{self.source}~{self.id}"


@dataclass(frozen=True)
class Page:
    """A page: what is planned, soonest first, and whether there is more of it than is shown; what was, newest
    first; where the next page begins.
    """

    plans: list[Entry]
    more_plans: bool
    entries: list[Entry]
    next: Cursor | None


def cursor(text: str) -> Cursor:
    """A cursor as it stands in an address. Raises BadRequest."""
    try:
        moment, source, number = text.split("~")
        at = dt.datetime.fromisoformat(moment)
        if at.tzinfo is None or not (number.isascii() and number.isdigit() and int(number[:11]) <= INT_MAX):
            raise ValueError
        return Cursor(at.astimezone(dt.UTC), source, int(number))
    except (ValueError, OverflowError):
        _not_ours()


def _not_ours() -> NoReturn:
    wrong = _("This cursor is not from this list. Start without one.")
    raise BadRequest(_("The query cannot be read."), errors={"before": [wrong]}) from None


def sources(ctx: Ctx, entity: Entity, record: Any) -> list[Source]:
    """What the actor may read on the timeline of a record that he sees; its changes come last."""
    found = [one for other in ctx.catalog if (one := _source(ctx, other, entity, record)) is not None]
    return found if entity.rules.closed else [*found, Source(CHANGES)]


def _source(ctx: Ctx, other: Entity, entity: Entity, record: Any) -> Source | None:
    if other.timeline is None:
        return None
    if follows(other):
        return Source(other.key, other) if _holds_things(ctx, entity, record) else None
    if not ctx.rights.may_ever(other, "view"):
        return None
    named = [other.field(name) for name in other.timeline.of]
    # By a field that is closed to the actor somewhere nothing may be found.
    of = tuple(field for field in named if _leads_to(field, entity) and ctx.rights.may_ask(other, field))
    return Source(other.key, other, of) if of else None


def _leads_to(field: Field, entity: Entity) -> bool:
    kind: Any = field.type
    return (kind.kind == "any" and is_business(entity)) or (kind.kind == "reference" and kind.entity == entity.key)


def _holds_things(ctx: Ctx, entity: Entity, record: Any) -> bool:
    """Whether the actor sees what hangs on the record: not if he sees it by its public fields alone."""
    if not is_business(entity):
        return False
    if entity.public:
        try:
            record_at(ctx, entity.key, record.id)
        except NotFound:
            return False
    return True


def timeline(
    ctx: Ctx, entity: Entity, record: Any, among: Sequence[Source], before: Cursor | None = None, limit: int = LIMIT
) -> Page:
    """A page of the timeline of a record that the actor has found, of some of its `sources`.

    Plans are on the first page. Raises BadRequest for a cursor that names none of the sources.
    """
    keys = [one.key for one in among]
    if before is not None and before.source not in keys:
        _not_ours()
    pages = [
        _of_source(ctx, entity, record, one, _placed(before, keys, place), limit + 1) for place, one in enumerate(among)
    ]
    merged = heapq.merge(*pages, key=lambda entry: entry.at, reverse=True)  # of the same moment, in order of sources
    found = list(islice(merged, limit + 1))
    last = found[limit - 1] if len(found) > limit else None
    plans = [] if before is not None else _plans(ctx, entity, record, among)
    return Page(
        plans[:MOST_PLANS],
        len(plans) > MOST_PLANS,
        found[:limit],
        Cursor(last.at, last.source.key, last.id) if last else None,
    )


@dataclass(frozen=True)
class _After:
    """Where one source goes on: after the moment, `with_it` if its entries of that moment are still to come, or
    after one `id` of them.
    """

    at: dt.datetime
    with_it: bool = False
    id: int | None = None


def _placed(before: Cursor | None, keys: list[str], place: int) -> _After | None:
    if before is None:
        return None
    here = keys.index(before.source)
    return _After(before.at, place > here, before.id if place == here else None)


def _of_source(ctx: Ctx, entity: Entity, record: Any, source: Source, after: _After | None, limit: int) -> list[Entry]:
    if source.entity is None:
        where = _beyond(Audit.happened_at, Audit.id, after)
        facts, _more = history.facts(ctx, entity, record, limit, *where, order=Audit.happened_at)
        return [Entry(fact.entry.happened_at, fact.entry.id, source, fact=fact) for fact in facts]
    declared = source.declared
    model: Any = source.entity.model
    where = [*_belongs(source, entity, record), *([_is_done(source)] if declared.done else [])]
    column = _column(source.entity, declared.at)
    if isinstance(column.type, UtcDateTime):
        when = func.coalesce(column, model.created_at)
        where += _beyond(when, model.id, after)
    else:
        when = column
        where += [column.is_not(None), *_beyond_day(ctx, column, model.id, after)]
    statement = select(model).where(*where).order_by(when.desc(), model.id.desc()).limit(limit)
    found = ctx.db.scalars(statement, execution_options=_options(source, entity, record)).all()
    return [Entry(_moment(ctx, source, one), one.id, source, one) for one in found]


def _plans(ctx: Ctx, entity: Entity, record: Any, among: Iterable[Source]) -> list[Entry]:
    """What is planned and not done, the soonest first."""
    plans: list[tuple[dt.datetime, Entry]] = []
    for source in among:
        if source.entity is None or not source.declared.done:
            continue
        model: Any = source.entity.model
        where = [*_belongs(source, entity, record), ~_is_done(source)]
        statement = select(model).where(*where).order_by(model.id.desc()).limit(MOST_PLANS + 1)
        for one in ctx.db.scalars(statement, execution_options=_options(source, entity, record)):
            at = _planned(ctx, source, one)
            plans.append((at, Entry(at, one.id, source, one)))
    return [entry for _at, entry in sorted(plans, key=lambda plan: (plan[0], plan[1].id))]


# --- which rows ------------------------------------------------------------------------------------------


def _options(source: Source, entity: Entity, record: Any) -> dict[str, Any]:
    if not source.of:
        return {ATTACHED: (entity.key, record.id)}
    return {FOR: source.entity.model}  # type: ignore[union-attr]


def _belongs(source: Source, entity: Entity, record: Any) -> list[ColumnElement[bool]]:
    """The rows that are of the record; what hangs on it is found by the option alone."""
    model: Any = source.entity.model  # type: ignore[union-attr]
    found = []
    for field in source.of:
        if field.type.kind == "any":
            found.append(and_(model.about_entity == entity.key, model.about_id == record.id))
        else:
            found.append(attribute(model, field) == record.id)
    return [or_(*found)] if found else []


def _is_done(source: Source) -> ColumnElement[bool]:
    assert source.entity is not None
    found: ColumnElement[bool] = _column(source.entity, source.declared.done).is_(True)
    return found


def _column(entity: Entity, name: str) -> Any:
    return getattr(entity.model, name) if name in META else attribute(entity.model, entity.field(name))


# --- when --------------------------------------------------------------------------------------------------


def _beyond(when: Any, number: Any, after: _After | None) -> list[ColumnElement[bool]]:
    if after is None:
        return []
    if after.with_it:
        return [when <= after.at]
    if after.id is None:
        return [when < after.at]
    return [or_(when < after.at, and_(when == after.at, number < after.id))]


def _beyond_day(ctx: Ctx, day: Any, number: Any, after: _After | None) -> list[ColumnElement[bool]]:
    """The same where there is only a day: it stands at its first moment."""
    if after is None:
        return []
    there = after.at.astimezone(ctx.kernel.clock.zone)
    if _first_moment(ctx, there.date()) != after.at or after.with_it:
        return [day <= there.date()]
    earlier: ColumnElement[bool] = day < there.date()
    return [earlier if after.id is None else or_(earlier, and_(day == there.date(), number < after.id))]


def _first_moment(ctx: Ctx, day: dt.date) -> dt.datetime:
    return begins(day, ctx.kernel.clock.zone).astimezone(dt.UTC)


def _moment(ctx: Ctx, source: Source, record: Any) -> dt.datetime:
    value = _value(source, record, source.declared.at) or record.created_at
    return value if isinstance(value, dt.datetime) else _first_moment(ctx, value)


def _planned(ctx: Ctx, source: Source, record: Any) -> dt.datetime:
    """The moment for which something is planned; what is due on a day, at its end; without either, last."""
    at = _value(source, record, source.declared.at)
    if isinstance(at, dt.datetime) and source.declared.at not in META:
        return at
    day = at if isinstance(at, dt.date) and not isinstance(at, dt.datetime) else None
    day = day or (_value(source, record, source.declared.due) if source.declared.due else None)
    return NEVER if day is None else _first_moment(ctx, day + dt.timedelta(days=1))


def _value(source: Source, record: Any, name: str) -> Any:
    assert source.entity is not None
    return getattr(record, name) if name in META else places.get(record, source.entity.field(name))
