"""Brings the demo data in through the services, so that it is checked and audited like any other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import astuple, dataclass
from functools import partial
from operator import itemgetter
from random import Random
from typing import Any

from sqlalchemy import select

from core.demo.contacts import contacts
from core.demo.customers import Demo, customers
from core.demo.dealings import SEALED, activities, state, trades
from core.demo.people import PASSWORD, PEOPLE, UNITS, Person
from core.errors import Conflict
from core.security.catalog import attribute, verb_of
from core.security.identity import Identity
from core.services import bulk, records, writes
from core.services.chunks import chunked, stored
from core.services.users import set_password
from core.services.work import Ctx, Kernel, Work
from plugins import Entity


@dataclass
class Added:
    """How many were new."""

    units: int = 0
    people: int = 0
    customers: int = 0
    shares: int = 0
    contacts: int = 0
    activities: int = 0
    trades: int = 0

    def __add__(self, other: Added) -> Added:
        return Added(*(one + more for one, more in zip(astuple(self), astuple(other), strict=True)))


def load(
    kernel: Kernel, who: Callable[[Work], Identity], count: int, seed: int, *, progress: Callable[[int], None]
) -> Added:
    """Add what is not there yet by code or login, deleted records included, as `who` finds out.
    `progress` hears how many customers more are through.

    Raises Conflict on a production site.
    """
    if kernel.settings.production:
        raise Conflict("demo data does not belong on a production site; load it into another one")
    added = stored(kernel, lambda work: _add_organisation(work.act_as(who(work))))
    for chunk in chunked(customers(count, seed)):
        added += stored(kernel, partial(_add_customers, who=who, chunk=chunk, seed=seed))
        progress(len(chunk))
    return added


def _add_organisation(ctx: Ctx) -> Added:
    return Added(units=_add_units(ctx), people=_add_people(ctx))


def _add_units(ctx: Ctx) -> int:
    entity = ctx.catalog["core.unit"]
    known = _known(ctx, entity, [code for code, *_rest in UNITS])
    for code, name, kind, parent in UNITS:
        if code not in known:
            records.create(ctx, entity, {"code": code, "name": name, "kind": kind, "parent": parent})
    return len(UNITS) - len(known)


def _add_people(ctx: Ctx) -> int:
    entity = ctx.catalog["core.user"]
    known = _known(ctx, entity, [person.login for person in PEOPLE])
    for person in PEOPLE:
        if person.login not in known:
            user = records.create(ctx, entity, _values(person))
            set_password(ctx, user, {"password": PASSWORD})
            writes.flush(ctx)
    return len(PEOPLE) - len(known)


def _values(person: Person) -> Mapping[str, Any]:
    return {
        "login": person.login,
        "name": person.name,
        "email": f"{person.login}@kehu.example.com",
        "unit": person.unit,
        "roles": [person.role],
        "language": person.language,
        "clearance": person.clearance,
    }


def _add_customers(work: Work, who: Callable[[Work], Identity], chunk: list[Demo], seed: int) -> Added:
    ctx = work.act_as(who(work))
    entity = ctx.catalog["core.customer"]
    known = _known(ctx, entity, [demo.values["code"] for demo in chunk])
    new = [demo for demo in chunk if demo.values["code"] not in known]
    ids = _store(ctx, entity.key, [demo.values for demo in new])
    shares = [(record_id, demo.share) for record_id, demo in zip(ids, new, strict=True) if demo.share is not None]
    for record_id, share in shares:
        _act(ctx, record_id, "share", share)
    return Added(customers=len(new), shares=len(shares)) + _add_dealings(ctx, list(zip(ids, new, strict=True)), seed)


def _add_dealings(ctx: Ctx, customers: list[tuple[int, Demo]], seed: int) -> Added:
    """The people at new customers, what was done with them, and what they became of it."""
    people: list[dict[str, Any]] = []
    work: list[dict[str, Any]] = []
    ledger: list[tuple[int, dict[str, Any]]] = []
    sealed: dict[int, str] = {}
    for record_id, demo in customers:
        random = Random(f"{seed} {demo.values['code']}")  # of its own, so that it is the same beside any others
        here = {"customer": record_id}
        people += [one | here for one in contacts(random, demo.values)]
        work += [one | here for one in activities(random, demo.values, ctx.today)]
        match state(random):
            case "formal":
                ledger += enumerate(one | here for one in trades(random, demo.values, ctx.today))
            case "sealed":
                sealed[record_id] = random.choice(SEALED)
    main = {
        one["customer"]: contact
        for contact, one in zip(_store(ctx, "core.contact", people), people, strict=True)
        if one["is_main"]
    }
    _store(ctx, "core.activity", [one | {"contact": main[one["customer"]]} for one in work])
    # The first document of each, then the second: what is of different customers is stored together.
    _store(ctx, "core.trade", [one for _at, one in sorted(ledger, key=itemgetter(0))])
    for record_id, reason in sealed.items():
        _act(ctx, record_id, "seal", {"reason": reason})
    return Added(contacts=len(people), activities=len(work), trades=len(ledger))


def _store(ctx: Ctx, key: str, rows: list[dict[str, Any]]) -> list[int]:
    """The ids of new records. Raises what one of them was refused for."""
    ids: list[int] = []
    for chunk in chunked(rows):
        for result in bulk.store(ctx, ctx.catalog[key], chunk):
            if result.refusal is not None or result.id is None:
                raise result.refusal or AssertionError("a row was neither stored nor refused")
            ids.append(result.id)
    return ids


def _act(ctx: Ctx, record_id: int, name: str, arguments: Mapping[str, Any]) -> None:
    entity = ctx.catalog["core.customer"]
    verb = verb_of(entity, name)
    assert verb is not None
    records.act(ctx, entity, record_id, verb, arguments)


def _known(ctx: Ctx, entity: Entity, keys: list[str]) -> set[str]:
    column = attribute(entity.model, entity.field(entity.natural_key))
    return set(ctx.system.scalars(select(column).where(column.in_(keys))))
