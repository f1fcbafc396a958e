"""Somebody leaves: all that he is responsible for goes to others, and he is shut out, in one change (M1).

Responsible is whoever stands in a field of users that is the acting user unless something else is said, such as
the owner of a customer, the assignee of a task. What is done stays his: it is history.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import exists, func, or_, select

from core.db.base import Binnable, CustomerScoped, Involving, RecordScoped
from core.errors import Conflict, Forbidden, Invalid
from core.i18n import _
from core.models import Customer, User, user_role
from core.security.catalog import attribute, is_business, verb_of
from core.services import allowed, records
from core.services.bulk import ID, store
from core.services.chunks import chunked
from core.services.ownership import acting_user
from core.services.work import Ctx
from plugins import Entity, Field

USER = "core.user"
MOST_CANDIDATES = 12
_MOST_TRIED = 100  # people anywhere, where those around may own nothing
Key = tuple[str, int]


@dataclass(frozen=True)
class Held:
    """A record that somebody is responsible for, by these fields. `needed`: nobody at all is no answer."""

    entity: Entity
    id: int
    fields: tuple[str, ...]
    customer: int | None
    needed: bool

    @property
    def key(self) -> Key:
        return self.entity.key, self.id

    @property
    def is_own(self) -> bool:
        """Whether it belongs to its owner by itself, rather than with a customer."""
        return issubclass(self.entity.model, RecordScoped)


@dataclass(frozen=True)
class Plan:
    """Who takes over: `heirs` share by load, or if `pooled` only what cannot be nobody's. `told` says otherwise
    for single records (None: nobody's).
    """

    heirs: tuple[int, ...] = ()
    pooled: bool = False
    told: Mapping[Key, int | None] | None = None


@dataclass(frozen=True)
class Candidate:
    """Somebody who could take over: his `unit`'s name, how many records of each kind he has by now, of which kinds he
    may own records, and whether he holds a role of him who leaves.
    """

    id: int
    login: str
    name: str
    unit: str
    loads: Mapping[str, int]
    may_own: frozenset[str]
    is_alike: bool

    @property
    def load(self) -> int:
        return sum(self.loads.values())


def held_by(ctx: Ctx, user_id: int) -> list[Held]:
    """All that a user is responsible for, seen by the actor or not. One statement for each entity."""
    found = []
    for entity, fields in _responsibilities(ctx):
        model: Any = entity.model
        columns = [attribute(model, field) for field in fields]
        follows = issubclass(model, CustomerScoped | Involving)
        customer = model.customer_id if follows else model.id
        statement = select(model.id, customer, *columns).where(or_(*(one == user_id for one in columns)))
        if issubclass(model, Binnable):
            statement = statement.where(model.deleted_at.is_(None))
        if follows:  # what hangs on a customer comes and goes with it
            there = exists().where(Customer.id == model.customer_id, Customer.deleted_at.is_(None))
            statement = statement.where(or_(model.customer_id.is_(None), there))
        if issubclass(model, Involving) and any(field.name == "done" for field in entity.fields):
            statement = statement.where(attribute(model, entity.field("done")).is_(False))
        for record_id, customer_id, *users in ctx.system.execute(statement.order_by(model.id)):
            mine = [field for field, user in zip(fields, users, strict=True) if user == user_id]
            needed = any(field.required for field in mine)
            names = tuple(field.name for field in mine)
            found.append(Held(entity, record_id, names, customer_id if follows else None, needed))
    return found


def _responsibilities(ctx: Ctx) -> Iterator[tuple[Entity, list[Field]]]:
    for entity in ctx.catalog:
        fields = [field for field in entity.fields if field.default is acting_user and not field.read_only]
        if fields and is_business(entity) and not entity.rules.closed:
            yield entity, fields


def candidates(ctx: Ctx, leaving: User, kinds: Iterable[str], also: Sequence[str] = ()) -> list[Candidate]:
    """Active users who may own records of any of these kinds, of the unit of him who leaves and of those above it, of
    any if there is nobody; and those named `also`. First those who are named, then those with a role of his, then
    those of the nearest unit, of each first who has least.
    """
    kinds, near = list(kinds), ctx.work.org.ancestors(leaving.unit_id)
    active = [User.active.is_(True), User.deleted_at.is_(None), User.id != leaving.id]
    people = select(User.id, User.login, User.name, User.unit_id).where(*active).order_by(User.id)
    rows = list(ctx.db.execute(people.where(or_(User.unit_id.in_(near), User.login.in_(also)))))
    able = {row.id: _may_own(ctx, row.id, kinds) for row in rows}
    if not any(able.values()):
        rows = list(ctx.db.execute(people.where(User.login.not_in(also)).limit(_MOST_TRIED))) + [
            row for row in rows if row.login in also
        ]
        able = {row.id: _may_own(ctx, row.id, kinds) for row in rows}
    rows = [row for row in rows if able[row.id] or row.login in also]
    loads, alike = _loads(ctx, [row.id for row in rows]), _holders(ctx, leaving)
    found = [
        Candidate(
            row.id,
            row.login,
            row.name,
            ctx.work.org.nodes[row.unit_id].name,
            {kind: loads[row.id, kind] for kind in kinds if loads[row.id, kind]},
            able[row.id],
            row.id in alike,
        )
        for row in rows
    ]
    far = {row.id: near.index(row.unit_id) if row.unit_id in near else len(near) for row in rows}
    found.sort(key=lambda one: (one.login not in also, not one.is_alike, far[one.id], one.load, one.id))
    return found[: max(MOST_CANDIDATES, len(also))]


def _may_own(ctx: Ctx, user_id: int, kinds: Iterable[str]) -> frozenset[str]:
    """The kinds of records that a role of the user lets him look after: see and change some of them."""
    work = ctx.work
    try:
        rights = work.kernel.store.rights(work.system, user_id, work.epochs, work.now, work.today)
    except Forbidden:  # he has left himself
        return frozenset()
    return frozenset(
        kind
        for kind in kinds
        if all(
            rights.may_ever(ctx.catalog[kind], action)
            and any(grant.speaks_of(ctx.catalog[kind], action) for grant in rights.grants(ctx.catalog[kind]))
            for action in ("view", "edit")
        )
    )


def _holders(ctx: Ctx, leaving: User) -> set[int]:
    """Who holds one of his roles."""
    his = select(user_role.c.role_id).where(user_role.c.user_id == leaving.id)
    return set(ctx.system.scalars(select(user_role.c.user_id).where(user_role.c.role_id.in_(his))))


def _loads(ctx: Ctx, users: Sequence[int]) -> Counter[tuple[int, str]]:
    """How many records of their own the users have, by user and kind."""
    loads: Counter[tuple[int, str]] = Counter()
    for entity, _fields in _responsibilities(ctx):
        model: Any = entity.model
        if issubclass(model, RecordScoped):
            counted = select(model.owner_id, func.count()).where(model.owner_id.in_(users)).group_by(model.owner_id)
            if issubclass(model, Binnable):
                counted = counted.where(model.deleted_at.is_(None))
            for user, count in ctx.system.execute(counted):
                loads[user, entity.key] += count
    return loads


def proposed(ctx: Ctx, held: Sequence[Held], plan: Plan) -> dict[Key, int | None]:
    """Who gets what: own records to whoever has least of their kind by then, of those who may own such; the rest to
    whoever gets its customer.
    """
    loads = _loads(ctx, plan.heirs)
    kinds = {one.entity.key for one in held}
    able = {user: _may_own(ctx, user, kinds) for user in plan.heirs}
    told = plan.told or {}
    found: dict[Key, int | None] = {}
    by_customer: dict[int, int | None] = {}

    def next_heir(kind: str) -> int | None:
        may = [user for user in plan.heirs if kind in able[user]]
        heir = min(may, key=lambda user: (loads[user, kind], plan.heirs.index(user)), default=None)
        if heir is not None:
            loads[heir, kind] += 1
        return heir

    for one in sorted(held, key=lambda one: not one.is_own):
        if one.key in told:
            to = told[one.key]
        elif one.is_own and plan.pooled:
            to = None
        elif one.is_own:
            to = next_heir(one.entity.key)
        else:
            to = by_customer.get(one.customer or 0)
            if to is None and (one.needed or not plan.pooled):
                to = next_heir(one.entity.key)
        found[one.key] = to
        if one.is_own and issubclass(one.entity.model, Customer):
            by_customer[one.id] = to
    return found


def ownerless(held: Sequence[Held], plan: Plan, given: Mapping[Key, int | None]) -> Entity | None:
    """A kind of which a record would be nobody's though nobody said so; None if all is well."""
    told = plan.told or {}
    for one in held:
        stray = one.is_own and not plan.pooled and bool(plan.heirs) and one.key not in told
        if given[one.key] is None and (one.needed or stray):
            return one.entity
    return None


def require(ctx: Ctx, user: User) -> None:
    """Forbidden for somebody who may not shut the user out."""
    verb = verb_of(ctx.catalog[USER], "deactivate")
    assert verb is not None
    allowed.require(ctx, ctx.catalog[USER], verb.right, user)


def hand_over(ctx: Ctx, user_id: int, plan: Plan) -> dict[int | None, Counter[str]]:
    """Give all that the user is responsible for to others and shut him out; how many records of each kind went to whom,
    None being nobody.

    All of it or nothing, in the transaction at hand: its undo gives everything back. Raises NotFound, Forbidden,
    Conflict with what cannot be handed over, Invalid without anybody who could take it.
    """
    entity = ctx.catalog[USER]
    user: User = records.find(ctx, entity, user_id, lock=True)
    require(ctx, user)
    held = held_by(ctx, user_id)
    given = proposed(ctx, held, plan)
    stray = ownerless(held, plan, given)
    if stray is not None and plan.heirs and user_id not in plan.heirs:
        nobody = _(
            "Nobody of those chosen may own ${things}. Choose somebody who may.", mapping={"things": stray.plural}
        )
        raise Invalid(errors={"heirs": [nobody]})
    if stray is not None or user_id in given.values():
        raise Invalid(errors={"heirs": [_("Choose at least one person who takes over.")]})
    for key in dict.fromkeys(one.entity.key for one in held):
        _store(ctx, ctx.catalog[key], [one for one in held if one.entity.key == key], given)
    ctx.work.flush()
    _tell(ctx, user_id, given)
    if left := held_by(ctx, user_id):
        raise Conflict(_("${n} records are still his.", mapping={"n": len(left)}), code="LEFT")
    verb = verb_of(entity, "deactivate")
    if user.active and verb is not None:
        records.act(ctx, entity, user_id, verb, {})
    went: dict[int | None, Counter[str]] = {}
    for one in held:
        went.setdefault(given[one.key], Counter())[one.entity.key] += 1
    return went


def _store(ctx: Ctx, entity: Entity, held: Sequence[Held], given: Mapping[Key, int | None]) -> None:
    for chunk in chunked(held):
        rows = [{ID: one.id, **dict.fromkeys(one.fields, given[one.key])} for one in chunk]
        refused = [result.refusal for result in store(ctx, entity, rows, ID) if result.refusal is not None]
        if refused:
            raise Forbidden(
                _(
                    "${n} of ${entity} cannot be handed over by you, so nothing was: ${reason}",
                    mapping={"n": len(refused), "entity": entity.plural, "reason": refused[0].reasons[0]},
                )
            ) from refused[0]


def _tell(ctx: Ctx, user_id: int, given: Mapping[Key, int | None]) -> None:
    """Let plugins move what no field of an entity says, once for each who takes over."""
    for to in dict.fromkeys(given.values()):
        selection: dict[str, list[int]] = {}
        for (key, record_id), heir in given.items():
            if heir == to:
                selection.setdefault(key, []).append(record_id)
        ctx.kernel.hooks.call("on_responsibility_transfer", ctx=ctx, from_user=user_id, to_user=to, selection=selection)
