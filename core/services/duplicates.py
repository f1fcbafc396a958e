"""Customers that may be one and the same (M58): certain, high or possible, seen or not.

certain: the same tax number, or the same phone and core name · high: the same core name ·
possible: core names much alike, the same phone, or mailboxes of one company.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select, union_all

from core.db.names import core_name, mail_domain, tax_key
from core.db.phones import phone_key
from core.errors import Conflict, TooMany
from core.i18n import _
from core.models import Audit, Change, Customer, User
from core.services import records
from core.services.work import Ctx, Work

LEVELS = ("certain", "high", "possible")
PROBE = "probe"  # the audit's word for a check that met a customer whom the asker may not see
_KINDS = ("tax_key", "core_name", "phone_key", "mail_domain")
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


def keys_of(values: Mapping[str, Any]) -> dict[str, str]:
    """What a customer with these values is found by, by the column that holds it."""
    found = {
        "tax_key": tax_key(values.get("tax_no") or ""),
        "core_name": core_name(values.get("name") or ""),
        "phone_key": phone_key(values.get("phone") or ""),
        "mail_domain": mail_domain(values.get("email") or ""),
    }
    return {kind: key for kind, key in found.items() if key}


def marks(values: Mapping[str, Any]) -> Iterator[Hashable]:
    """What a row of a file would refuse another one by; a name alone only warns."""
    keys = keys_of(values)
    yield from ((kind, keys[kind]) for kind in ("tax_key", "phone_key") if kind in keys)


def prefetch(ctx: Ctx, rows: Sequence[Mapping[str, Any]]) -> None:
    """Look up at once what `find` is going to ask for these rows."""
    wanted: dict[str, set[str]] = {kind: set() for kind in _BATCH}
    for row in rows:
        for kind, key in keys_of(row).items():
            if kind in wanted:
                wanted[kind].add(key)
    for kind, keys in wanted.items():
        found: dict[str, list[Row]] = {key: [] for key in keys}
        for same in ctx.system.execute(_same(kind, keys)) if keys else ():
            found[getattr(same, kind)].append(same)
        ctx.facts[_FACT, kind] = found


def find(ctx: Ctx, values: Mapping[str, Any]) -> list[Hit]:
    """Customers like this one, whoever may see them; the surest first."""
    keys = keys_of(values)
    hits: dict[int, Hit] = {}
    for row in _candidates(ctx, keys):
        hit = _judge(row, keys)
        known = hits.get(row.id)
        if known is None or LEVELS.index(hit.level) < LEVELS.index(known.level):
            hits[row.id] = hit
    return sorted(hits.values(), key=lambda hit: (LEVELS.index(hit.level), hit.customer_id))


def _candidates(ctx: Ctx, keys: Mapping[str, str]) -> list[Row]:
    if not keys:
        return []
    known = [ctx.facts.get((_FACT, kind)) for kind in _BATCH]
    if all(known_of is not None for known_of in known):
        return [
            row
            for kind, known_of in zip(_BATCH, known, strict=True)
            if kind in keys
            for row in (known_of or {}).get(keys[kind], ())
        ]
    arms = [_same(kind, {key}).limit(_MOST).subquery() for kind, key in keys.items()]
    return list(ctx.system.execute(union_all(*(select(arm) for arm in arms))))


def _same(kind: str, keys: Iterable[str]) -> Any:
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


def refuse_certain(ctx: Ctx, values: Mapping[str, Any], *, anyway: bool) -> None:
    """Conflict `DUPLICATE` for a customer that is there already; others are noted as warnings.

    `anyway` creates it all the same, for who holds the right to merge customers.
    """
    hits = find(ctx, values)
    if not hits:
        return
    certain = [hit for hit in hits if hit.level == "certain"]
    overruled = anyway and ctx.rights.may_ever(ctx.catalog["core.customer"], "merge")
    if certain and not overruled:
        shown = described(ctx, certain)
        error = Conflict(_said(shown[0]), code="DUPLICATE", more={"duplicates": shown})
        if any("hidden" in one for one in shown):
            error.aftermath = _noting(ctx, certain)
        raise error
    if (_FACT, _KINDS[0]) not in ctx.facts:  # rows of a file are told of one by one only when they are refused
        ctx.work.warnings.extend(described(ctx, hits))


def described(ctx: Ctx, hits: Sequence[Hit]) -> list[dict[str, Any]]:
    """The hits as the actor may know them: of a hidden customer only the unit, and its owner's name
    where the site says so (`kehu.duplicates.reveal = owner`).
    """
    labels = records.reader(ctx).labels("core.customer", [hit.customer_id for hit in hits])
    hidden = [hit.customer_id for hit in hits if hit.customer_id not in labels]
    if hidden:
        _not_too_often(ctx)
    places = _places(ctx, hidden)
    return [
        {"level": hit.level, "by": hit.by, "hidden": True, **places[hit.customer_id]}
        if hit.customer_id in places
        else {"level": hit.level, "by": hit.by, **labels[hit.customer_id].to_json()}
        for hit in hits
        if hit.customer_id in places or hit.customer_id in labels
    ]


def _places(ctx: Ctx, ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    if not ids:
        return {}
    statement = (
        select(Customer.id, Customer.unit_id, User.name)
        .outerjoin(User, User.id == Customer.owner_id)
        .where(Customer.id.in_(ids))
    )
    tell_owner = ctx.kernel.settings.duplicates_reveal == "owner"
    return {
        customer_id: {"unit": ctx.work.org.nodes[unit_id].name} | ({"owner": owner} if tell_owner else {})
        for customer_id, unit_id, owner in ctx.system.execute(statement)
    }


def _said(shown: Mapping[str, Any]) -> str:
    if "hidden" in shown:
        return _("A customer of ${unit} that you may not see is the same.", mapping={"unit": shown["unit"]})
    return _("This customer is there already: ${label} (${key}).", mapping=dict(shown))


def check(ctx: Ctx, values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What is like a customer with these values, for who is about to enter one. Meeting what one may not
    see is audited, and limited to so many times an hour (429).
    """
    hits = find(ctx, values)
    shown = described(ctx, hits)
    if any("hidden" in one for one in shown):
        _noting(ctx, hits)(ctx.work)
    return shown


def _noting(ctx: Ctx, hits: Sequence[Hit]) -> Any:
    identity, ids = ctx.identity, [hit.customer_id for hit in hits]

    def note(work: Work) -> None:
        work.journal.identity = identity
        for customer_id in ids:
            work.journal.note(PROBE, "core.customer", customer_id)

    return note


def _not_too_often(ctx: Ctx) -> None:
    since = ctx.now - _HOUR
    statement = (
        select(func.count(Change.id.distinct()))
        .select_from(Change)
        .join(Audit, Audit.change_id == Change.id)
        .where(Change.actor_id == ctx.identity.user_id, Change.happened_at > since, Audit.action == PROBE)
    )
    if (ctx.system.scalar(statement) or 0) >= ctx.kernel.settings.duplicate_probes:
        raise TooMany(_("You have met many customers that you may not see. Try again in an hour."), 3600)
