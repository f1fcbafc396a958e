"""Customers that may be one and the same (M58): certain, high or possible, seen or not.

certain: the same tax number, or the same phone and core name · high: the same core name ·
possible: core names much alike (`likeness`), the same phone, or mailboxes of one company.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import bindparam, func, select, union_all

from core.db.names import core_name, mail_domain, tax_key
from core.db.phones import phone_key
from core.errors import Conflict, TooMany
from core.i18n import _
from core.models import Audit, Change, Customer, User
from core.services import records, writes
from core.services.likeness import alike
from core.services.trail import PROBE
from core.services.work import Ctx, Work

KEY = "core.customer"
FIELDS = ("name", "phone", "tax_no", "email")  # by which customers are met; under the first a form tells of them
LEVELS = ("certain", "high", "possible")
# By the column that holds a key: the field behind it, and what makes it.
_KEYS: Mapping[str, tuple[str, Callable[[str], str | None]]] = {
    "tax_key": ("tax_no", tax_key),
    "core_name": ("name", core_name),
    "phone_key": ("phone", phone_key),
    "mail_domain": ("email", mail_domain),
}
_KINDS = tuple(_KEYS)
_BATCH = _KINDS[:3]  # what rows of a file are checked by; mailboxes only ever warn
_FACT = "kehu_duplicates"
_MOST = 100  # customers looked at for one key
_HOUR = dt.timedelta(hours=1)

Row = Any  # id, and the four keys


@dataclass(frozen=True)
class Hit:
    """Another customer, how sure it is that it is the same, and by what: `tax_no`, `name`, `phone`, `email`."""

    customer_id: int
    level: str
    by: str

    @property
    def betrays(self) -> tuple[str, ...]:
        """The fields of which it tells that their values are the same."""
        return ("name", "phone") if (self.level, self.by) == ("certain", "name") else (self.by,)


def keys_of(values: Mapping[str, Any], kinds: Sequence[str] = _KINDS) -> dict[str, str]:
    """What a customer with these values is found by, by the column that holds it."""
    found = {}
    for kind in kinds:
        name, make = _KEYS[kind]
        if key := make(values.get(name) or ""):
            found[kind] = key
    return found


def marks(values: Mapping[str, Any]) -> Iterator[Hashable]:
    """What a row of a file would refuse another one by; a name alone only warns."""
    yield from keys_of(values, ("tax_key", "phone_key")).items()


def prefetch(ctx: Ctx, rows: Sequence[Mapping[str, Any]]) -> None:
    """Look up at once what `find` is going to ask for these rows."""
    wanted: dict[str, set[str]] = {kind: set() for kind in _BATCH}
    for row in rows:
        for kind, key in keys_of(row, _BATCH).items():
            wanted[kind].add(key)
    for kind, keys in wanted.items():
        found: dict[str, list[Row]] = {key: [] for key in keys}
        for same in ctx.system.execute(_same(kind, keys)) if keys else ():
            found[getattr(same, kind)].append(same)
        ctx.facts[_FACT, kind] = found


def find(ctx: Ctx, values: Mapping[str, Any]) -> list[Hit]:
    """Customers like this one, whoever may see them; the surest first, the likest names at the end.

    Three statements. Of rows of a file, whose look-ups are prefetched, names that are only alike are left out.
    """
    keys = keys_of(values)
    hits: dict[int, Hit] = {}
    for row in _candidates(ctx, keys):
        hit = _judge(row, keys)
        known = hits.get(row.id)
        if known is None or LEVELS.index(hit.level) < LEVELS.index(known.level):
            hits[row.id] = hit
    found = sorted(hits.values(), key=lambda hit: (LEVELS.index(hit.level), hit.customer_id))
    if "core_name" in keys and not _is_prefetched(ctx):
        found += [Hit(one, "possible", "name") for one in alike(ctx, keys["core_name"]) if one not in hits]
    return found


def _is_prefetched(ctx: Ctx) -> bool:
    return (_FACT, _BATCH[0]) in ctx.facts


def _candidates(ctx: Ctx, keys: Mapping[str, str]) -> list[Row]:
    if not keys:
        return []
    if _is_prefetched(ctx):
        return [row for kind in _BATCH if kind in keys for row in ctx.facts[_FACT, kind].get(keys[kind], ())]
    return list(ctx.system.execute(_same_by_any(tuple(keys)), {kind: [key] for kind, key in keys.items()}))


@lru_cache
def _same_by_any(kinds: tuple[str, ...]) -> Any:
    """Customers with the same keys of any of these kinds, of each kind at most so many."""
    arms = [_same(kind, bindparam(kind, expanding=True)).limit(_MOST).subquery() for kind in kinds]
    return union_all(*(select(arm) for arm in arms))


def _same(kind: str, keys: Any) -> Any:
    columns = [getattr(Customer, one) for one in ("id", *_KINDS)]
    return select(*columns).where(getattr(Customer, kind).in_(keys), Customer.deleted_at.is_(None))


def _judge(row: Row, keys: Mapping[str, str]) -> Hit:
    same = {kind for kind, key in keys.items() if getattr(row, kind) == key}
    if "tax_key" in same:
        return Hit(row.id, "certain", "tax_no")
    if "core_name" in same:
        return Hit(row.id, "certain" if "phone_key" in same else "high", "name")
    return Hit(row.id, "possible", "phone" if "phone_key" in same else "email")


# --- what the asker learns of them -------------------------------------------------------------------


def check(ctx: Ctx, values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What is like a customer with these values, for who is about to enter one. Meeting what one may not
    see is audited, and limited to so many times an hour (429).
    """
    shown, hidden = _described(ctx, find(ctx, values))
    if hidden:
        _not_too_often(ctx)
        _noting(ctx, hidden)(ctx.work)
    return shown


def refuse_certain(ctx: Ctx, values: Mapping[str, Any], *, anyway: bool, ask: bool = False) -> None:
    """Conflict `DUPLICATE` for a customer that is there already; others are noted as warnings. With `ask` also for one
    that is very likely there: forms ask so, once.

    `anyway` creates it all the same, one that is certainly there for who holds the right to merge customers; whether
    that would do is told with the refusal (`allowable`). Who has met too many that he may not see is not warned of
    them, but may go on: that other customers are alike is no fault of his.
    """
    hits = find(ctx, values)
    if not hits:
        return
    certain = [hit for hit in hits if hit.level == "certain"]
    may_overrule = not certain or ctx.rights.may_ever(ctx.catalog[KEY], "merge")
    refused = [hit for hit in hits if hit.level == "certain" or (ask and hit.level == "high")]
    if refused and not (anyway and may_overrule):
        shown, hidden = _described(ctx, refused)
        more = {"duplicates": shown, "allowable": may_overrule}
        error = Conflict(_said(shown[0]), code="DUPLICATE", more=more)
        if hidden:
            _not_too_often(ctx)
            error.aftermath = _noting(ctx, hidden)
        raise error
    if not _is_prefetched(ctx):  # rows of a file are told of one by one only when they are refused
        shown, hidden = _described(ctx, hits)
        if hidden and _is_too_often(ctx):
            shown, hidden = [one for one in shown if "hidden" not in one], []
        ctx.work.warnings.extend(shown)
        _noting(ctx, hidden)(ctx.work)


def _described(ctx: Ctx, hits: Sequence[Hit]) -> tuple[list[dict[str, Any]], list[int]]:
    """The hits as the actor may know them, and the ids of those that he may not see: of such only the unit
    and the day since which it is there are told, and its owner's name where the site says so
    (`kehu.duplicates.reveal = owner`). One that was met by a field that is closed to him is told of as if he did
    not see it, else he could guess the value; by the day he could tell which one it is, so he is told of none.
    """
    labels = dict(records.reader(ctx).labels(KEY, [hit.customer_id for hit in hits]))
    for customer_id in _closed(ctx, [hit for hit in hits if hit.customer_id in labels]):
        del labels[customer_id]
    hidden = [hit.customer_id for hit in hits if hit.customer_id not in labels]
    places = _places(ctx, hidden, day=not _ruled(ctx))
    shown = [
        {"level": hit.level, "by": hit.by, "hidden": True, **places[hit.customer_id]}
        if hit.customer_id in places
        else {"level": hit.level, "by": hit.by, **labels[hit.customer_id].to_json()}
        for hit in hits
        if hit.customer_id in places or hit.customer_id in labels
    ]
    return shown, list(places)


def _closed(ctx: Ctx, hits: Sequence[Hit]) -> set[int]:
    """Those of the customers on which the actor may not read the fields by which they were met."""
    entity, ruled = ctx.catalog[KEY], _ruled(ctx)
    asked = {hit.customer_id: hit.betrays for hit in hits if not ruled.isdisjoint(hit.betrays)}
    if not asked:
        return set()
    look = records.reader(ctx)
    found = records.find_all(ctx, entity, list(asked), lock=False)
    hidden = {one: writes.hidden(look.rights_on(entity, entity.fields, record)) for one, record in found.items()}
    return {one for one, names in asked.items() if one not in hidden or not set(names).isdisjoint(hidden[one])}


def _ruled(ctx: Ctx) -> set[str]:
    """The fields by which customers are met that are closed to the actor on some."""
    return {rule.field for rule in ctx.rights.field_rights(ctx.catalog[KEY])}.intersection(FIELDS)


def _places(ctx: Ctx, ids: Sequence[int], *, day: bool) -> dict[int, dict[str, Any]]:
    if not ids:
        return {}
    statement = (
        select(Customer.id, Customer.unit_id, Customer.created_at, User.name)
        .outerjoin(User, User.id == Customer.owner_id)
        .where(Customer.id.in_(ids))
    )
    tell_owner = ctx.kernel.settings.duplicates_reveal == "owner"
    return {
        customer_id: {"unit": ctx.work.org.nodes[unit_id].name}
        | ({"since": ctx.kernel.clock.day(made).isoformat()} if day else {})
        | ({"owner": owner} if tell_owner else {})
        for customer_id, unit_id, made, owner in ctx.system.execute(statement)
    }


def _said(shown: Mapping[str, Any]) -> str:
    if shown["level"] == "high" and "hidden" not in shown:
        return _("A customer of this name is there already: ${label} (${key}).", mapping=dict(shown))
    if "hidden" in shown and shown["level"] == "high":
        return _("A customer of ${unit} that you may not see has this name.", mapping={"unit": shown["unit"]})
    if "hidden" in shown:
        return _("A customer of ${unit} that you may not see is the same.", mapping={"unit": shown["unit"]})
    return _("This customer is there already: ${label} (${key}).", mapping=dict(shown))


def _noting(ctx: Ctx, ids: Sequence[int]) -> Callable[[Work], None]:
    identity = ctx.identity

    def note(work: Work) -> None:
        work.journal.identity = identity
        for customer_id in ids:
            work.journal.note(PROBE, KEY, customer_id)

    return note


def _not_too_often(ctx: Ctx) -> None:
    if _is_too_often(ctx):
        raise TooMany(_("You have met many customers that you may not see. Try again in an hour."), 3600)


def _is_too_often(ctx: Ctx) -> bool:
    since = ctx.now - _HOUR
    statement = (
        select(func.count(Change.id.distinct()))
        .select_from(Change)
        .join(Audit, Audit.change_id == Change.id)
        .where(Change.actor_id == ctx.identity.user_id, Change.happened_at > since, Audit.action == PROBE)
    )
    return (ctx.system.scalar(statement) or 0) >= ctx.kernel.settings.duplicate_probes
