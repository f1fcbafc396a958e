"""Brings the demo data in through the services, so that it is checked and audited like any other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import select

from core.demo.customers import Demo, customers
from core.demo.people import PASSWORD, PEOPLE, UNITS, Person
from core.errors import Conflict
from core.security.catalog import attribute
from core.security.identity import Identity
from core.services import records
from core.services.chunks import chunked, stored
from core.services.intake import Intake
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
        more = stored(kernel, partial(_add_customers, who=who, chunk=chunk))
        added.customers += more.customers
        added.shares += more.shares
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
            records.write(ctx)
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


def _add_customers(work: Work, who: Callable[[Work], Identity], chunk: list[Demo]) -> Added:
    ctx = work.act_as(who(work))
    entity = ctx.catalog["core.customer"]
    share = next(verb for verb in entity.verbs if verb.name == "share")
    known = _known(ctx, entity, [demo.values["code"] for demo in chunk])
    new = [demo for demo in chunk if demo.values["code"] not in known]
    intake = Intake(ctx, entity)
    for demo in new:
        record = records.create(ctx, entity, demo.values, intake=intake)
        if demo.share is not None:
            records.act(ctx, entity, record.id, share, demo.share)
    return Added(customers=len(new), shares=sum(demo.share is not None for demo in new))


def _known(ctx: Ctx, entity: Entity, keys: list[str]) -> set[str]:
    column = attribute(entity.model, entity.field(entity.natural_key))
    return set(ctx.system.scalars(select(column).where(column.in_(keys))))
