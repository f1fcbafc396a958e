"""Somebody leaves: all that he is responsible for goes to others, and he is shut out, in one change (M1).

Responsible is whoever stands in a field of users that is the acting user unless something else is said, such as
the owner of a customer, the assignee of a task. What is done stays his: it is history.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import exists, func, or_, select

from core.db.base import Binnable, CustomerScoped, Involving, RecordScoped
from core.errors import Conflict, Forbidden, Invalid
from core.i18n import _
from core.models import Customer, User
from core.security.catalog import attribute, is_business, verb_of
from core.services import allowed, records
from core.services.bulk import ID, store
from core.services.chunks import chunked
from core.services.ownership import acting_user
from core.services.work import Ctx
from plugins import Entity, Field

USER = "core.user"
MOST_CANDIDATES = 12
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
    """Somebody who could take over, and how many records he has by now."""

    id: int
    login: str
    name: str
    load: int


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


def candidates(ctx: Ctx, leaving: User, also: Sequence[str] = ()) -> list[Candidate]:
    """Active users who could take over: those named `also`, those of the same unit, then of the one above it; of
    each first who has least.
    """
    active = [User.active.is_(True), User.deleted_at.is_(None), User.id != leaving.id]
    near = select(User.id, User.login, User.name, User.unit_id).where(*active)
    org = ctx.work.org
    unit = org.nodes.get(leaving.unit_id)
    around = org.subtree(unit.parent_id if unit and unit.parent_id else leaving.unit_id)
    rows = list(ctx.db.execute(near.where(or_(User.unit_id.in_(around), User.login.in_(also)))))
    if not rows:
        rows = list(ctx.db.execute(near.order_by(User.id).limit(MOST_CANDIDATES)))
    loads = _loads(ctx, [row.id for row in rows])
    rows.sort(key=lambda row: (row.login not in also, row.unit_id != leaving.unit_id, loads[row.id], row.id))
    most = max(MOST_CANDIDATES, len(also))
    return [Candidate(row.id, row.login, row.name, loads[row.id]) for row in rows[:most]]


def _loads(ctx: Ctx, users: Sequence[int]) -> Counter[int]:
    """How many records of their own the users have."""
    loads: Counter[int] = Counter()
    for entity, _fields in _responsibilities(ctx):
        model: Any = entity.model
        if issubclass(model, RecordScoped):
            counted = select(model.owner_id, func.count()).where(model.owner_id.in_(users)).group_by(model.owner_id)
            if issubclass(model, Binnable):
                counted = counted.where(model.deleted_at.is_(None))
            for user, count in ctx.system.execute(counted):
                loads[user] += count
    return loads


def proposed(ctx: Ctx, held: Sequence[Held], plan: Plan) -> dict[Key, int | None]:
    """Who gets what: own records to whoever has least by then, the rest to whoever gets its customer."""
    loads = _loads(ctx, plan.heirs)
    told = plan.told or {}
    found: dict[Key, int | None] = {}
    by_customer: dict[int, int | None] = {}

    def next_heir() -> int | None:
        heir = min(plan.heirs, key=lambda user: (loads[user], plan.heirs.index(user)), default=None)
        if heir is not None:
            loads[heir] += 1
        return heir

    for one in sorted(held, key=lambda one: not one.is_own):
        if one.key in told:
            to = told[one.key]
        elif one.is_own and plan.pooled:
            to = None
        elif one.is_own:
            to = next_heir()
        else:
            to = by_customer.get(one.customer or 0)
            if to is None and (one.needed or not plan.pooled):
                to = next_heir()
        found[one.key] = to
        if one.is_own and issubclass(one.entity.model, Customer):
            by_customer[one.id] = to
    return found


def require(ctx: Ctx, user: User) -> None:
    """Forbidden for somebody who may not shut the user out."""
    verb = verb_of(ctx.catalog[USER], "deactivate")
    assert verb is not None
    allowed.require(ctx, ctx.catalog[USER], verb.right, user)


def hand_over(ctx: Ctx, user_id: int, plan: Plan) -> dict[str, int]:
    """Give all that the user is responsible for to others and shut him out; how many records of each entity.

    All of it or nothing, in the transaction at hand: its undo gives everything back. Raises NotFound, Forbidden,
    Conflict with what cannot be handed over, Invalid without anybody who could take it.
    """
    entity = ctx.catalog[USER]
    user: User = records.find(ctx, entity, user_id, lock=True)
    require(ctx, user)
    held = held_by(ctx, user_id)
    given = proposed(ctx, held, plan)
    if user_id in given.values() or any(given[one.key] is None and one.needed for one in held):
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
    return dict(Counter(one.entity.key for one in held))


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
