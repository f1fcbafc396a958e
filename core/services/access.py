"""Why a user may or may not do something with a record, and the smallest change that would turn it.

What is allowed says the criterion that enforces. The reasons are told as far as the asker may know
them: roles that he may not see, and conditions on fields that are closed to him, stay unnamed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import case, or_, select

from core.db.base import RecordScoped
from core.entities.reader import RESTRICTED, Reader
from core.entities.resolver import SystemResolver, row_of
from core.errors import BadRequest, Forbidden
from core.fields import Moment
from core.i18n import _
from core.models import Role, Share, User, user_role
from core.security.catalog import meta_or_field
from core.security.grants import REACHES, READABLE, READING, WRITING
from core.security.judge import READ_ONLY
from core.security.rights import Rights
from core.security.scope import ACTION, FOR, ROWS
from core.security.weigh import Line, Scales, Weighed
from core.services import allowed, records
from core.services.shares import SHARED_ACTIONS
from core.services.work import Ctx
from plugins import Entity

Json = dict[str, Any]
ABSENT_USER = _("There is no such user, or you may not see them.")
NOT_THEIRS = _("Your role does not let you ask about this person: only about people in the units that you manage.")
_OUT_OF_SIGHT = _("You do not see the customer that it hangs on. Ask somebody who does.")
_REACHED = {
    "own": _("records of one's own"),
    "unit": _("records of one's own unit"),
    "subtree": _("records of one's own unit and those below it"),
    "all": _("all records"),
}


def explain(ctx: Ctx, entity: Entity, record: Any, login: str | None = None, *, language: str = "en") -> Json:
    """`{"user", "actions": [{"action", "allowed", "because", "change"}]}` for a record that the actor sees.

    `because` holds the reasons and `change` the steps that together would turn the verdict, null where no
    step can; each is an object with a `kind` and a `text` to be translated. About somebody else the actor
    needs the right `explain` on the record and on that user: Forbidden without. BadRequest for a user he does
    not see.
    """
    user = _user(ctx, login)
    if user.id != ctx.identity.user_id:
        allowed.require(ctx, entity, "explain", record)
        if not allowed.may(ctx, ctx.catalog["core.user"], "explain", user):
            raise Forbidden(NOT_THEIRS)
    look = records.reader(ctx, language)
    label = look.labels("core.user", [user.id]).get(user.id)
    names = [*_actions(entity), *(verb.name for verb in entity.verbs if not verb.on_binned)]
    rights_of = {verb.name: verb.right for verb in entity.verbs}
    asked = {name: rights_of.get(name, name) for name in dict.fromkeys(names)}
    rights = _rights(ctx, user.id)
    if rights is None:
        reason = {"kind": "inactive", "text": _("This user is not active any more.")}
        change = [{"kind": "activate", "text": _("Make the user active again.")}]
        told = [_told(name, False, [reason], change) for name in asked]
    else:
        told = _Case(ctx, look, entity, record, user, rights).told(asked)
    return {"user": label.to_json() if label else dict(RESTRICTED), "actions": told}


def onlookers(ctx: Ctx, entity: Entity, record: Any, most: int = 30) -> tuple[list[tuple[User, bool]], bool]:
    """The first users by name that the actor may ask about, each with whether he sees the record, and whether there
    are more.

    Whoever may not explain the record hears of nobody.
    """
    if not allowed.may(ctx, entity, "explain", record):
        return [], False
    statement = select(User.id).where(User.active).order_by(User.name, User.id).limit(most + 1)
    asked = {FOR: User, ACTION: ("view", "explain"), ROWS: "live"}
    ids = list(ctx.db.scalars(statement, execution_options=asked))
    found = {user.id: user for user in ctx.system.scalars(select(User).where(User.id.in_(ids[:most])))}
    rights = {one: given for one in found if (given := _rights(ctx, one)) is not None}
    model: Any = entity.model
    columns = [case((given.criterion(entity, "view"), 1), else_=0) for given in rights.values()]
    row = ctx.system.execute(select(*columns).where(model.id == record.id)).one() if columns else ()
    seeing = {one for one, sees in zip(rights, row, strict=True) if sees}
    return [(found[one], one in seeing) for one in ids[:most]], len(ids) > most


def _user(ctx: Ctx, login: str | None) -> User:
    if login is None:
        return ctx.system.get_one(User, ctx.identity.user_id)
    seen = ctx.db.scalar(select(User.id).where(User.login == login), execution_options={ROWS: "live"})
    if seen is None:
        raise BadRequest(_("The query cannot be read."), errors={"user": [ABSENT_USER]})
    return ctx.system.get_one(User, seen)


def _actions(entity: Entity) -> Iterable[str]:
    scoped = issubclass(entity.model, RecordScoped)
    yield from ("view", "edit", "delete", *(("assign", "share") if scoped else ()), "export", "explain")


def _rights(ctx: Ctx, user_id: int) -> Rights | None:
    """The user's rights of this moment; None for one who has left."""
    work = ctx.work
    try:
        return work.kernel.store.rights(work.system, user_id, work.epochs, work.now, work.today)
    except Forbidden:
        return None


def _told(action: str, allowed: bool, because: Sequence[Json], change: Sequence[Json] | None) -> Json:
    return {"action": action, "allowed": allowed, "because": list(because), "change": change and list(change)}


@dataclass(frozen=True)
class _Known:
    """A role as far as the asker may know it: its label, and whether he may read its lines."""

    label: Json
    name: str
    open: bool


class _Case:
    """One user and one record."""

    def __init__(self, ctx: Ctx, look: Reader, entity: Entity, record: Any, user: User, rights: Rights) -> None:
        self.ctx, self.look, self.entity, self.user, self.rights = ctx, look, entity, user, rights
        self.is_me = user.id == ctx.identity.user_id
        self.row = row_of(record)
        self.resolver = SystemResolver(ctx.system, ctx.catalog)
        roles = ctx.system.execute(
            select(Role.id, Role.grants)
            .join(user_role, user_role.c.role_id == Role.id)
            .where(user_role.c.user_id == user.id, Role.deleted_at.is_(None))
            .order_by(Role.id)
        ).all()
        documents = {role.id: role.grants for role in roles}
        self.scales = Scales(rights, documents, self._shares(), self.resolver)
        self.known = self._known_roles(documents)
        self.in_sight = self._sees_customer()

    def told(self, asked: Mapping[str, str]) -> list[Json]:
        enforced = self._enforced(["view", *asked.values()])
        seeing = self.scales.weigh(self.entity, "view", self.row)
        found = []
        for name, action in asked.items():
            allowed = enforced["view"] and enforced[action]
            if self.entity.rules.closed and action in WRITING:
                found.append(_told(name, False, [{"kind": "closed", "text": self.entity.rules.closed}], None))
            elif self.is_me and self.ctx.identity.read_only and action not in READING:
                change = [{"kind": "token", "text": _("Use a token that may write.")}]
                found.append(_told(name, False, [{"kind": "read_only", "text": READ_ONLY}], change))
            else:
                found.append(self._judged(name, action, allowed, seeing))
        return found

    def _sees_customer(self) -> bool:
        """Whether the asker himself sees the customer that the record hangs on: else nothing is told about it."""
        number = self.row.get("customer_id")
        if number is None:
            return True
        customer = self.resolver.load("core.customer", number)
        entity = self.ctx.catalog["core.customer"]
        return customer is not None and self.ctx.rights.covers(entity, "view", customer, self.resolver)

    def _enforced(self, actions: Iterable[str]) -> dict[str, bool]:
        """What the criteria say that enforce, all in one statement."""
        model: Any = self.entity.model
        names = list(dict.fromkeys(actions))
        columns = [case((self.rights.criterion(self.entity, name), 1), else_=0) for name in names]
        row = self.ctx.system.execute(select(*columns).where(model.id == self.row["id"])).one()
        return {name: bool(value) for name, value in zip(names, row, strict=True)}

    def _judged(self, name: str, action: str, allowed: bool, seeing: Weighed) -> Json:
        weighed = seeing if action == "view" else self.scales.weigh(self.entity, action, self.row)
        because = list(self._because(weighed, self.entity))
        if action != "view" and not seeing.allowed:
            unseen = {"kind": "unseen", "text": _("What one does not see one cannot do anything with.")}
            because = [unseen, *self._because(seeing, self.entity), *because]
        if allowed:
            change = self._taking(weighed, self.entity, action)
        else:
            change = self._giving(weighed, self.entity, action, self.row)
            if action != "view" and not seeing.allowed:
                change = _once([*self._giving(seeing, self.entity, "view", self.row), *change])
        return _told(name, allowed, because, change)

    # --- what is known ----------------------------------------------------------------------------

    def _shares(self) -> list[Share]:
        """The live shares that reach the user, of the record and of the customer that it hangs on."""
        records_of = [(self.entity.key, self.row["id"])]
        if self.row.get("customer_id") is not None:
            records_of.append(("core.customer", self.row["customer_id"]))
        person, now = self.rights.person, self.ctx.now
        statement = select(Share).where(
            or_(*((Share.entity == key) & (Share.record_id == one) for key, one in records_of)),
            or_(
                Share.to_user_id == person.user_id,
                Share.to_unit_id.in_(self.ctx.work.org.ancestors(person.unit_id)),
                Share.to_role_id.in_(person.role_ids),
            ),
            or_(Share.from_at.is_(None), Share.from_at <= now),
            or_(Share.until_at.is_(None), Share.until_at > now),
        )
        return list(self.ctx.system.scalars(statement.order_by(Share.id)).all())

    def _known_roles(self, role_ids: Iterable[int]) -> dict[int, _Known]:
        entity = self.ctx.catalog["core.role"]
        visible = self.look.labels(entity.key, role_ids)
        mine = Reader(self.ctx.system, self.ctx.system, self.ctx.rights, self.look.language)
        own = mine.labels(entity.key, role_ids) if self.is_me else {}
        grants = entity.field("grants")
        found = {}
        for role_id in role_ids:
            label = visible.get(role_id) or own.get(role_id)
            if label is None:
                continue
            row = self.resolver.load(entity.key, role_id) or {}
            right = self.ctx.rights.field_right(entity, grants, row, self.resolver)
            found[role_id] = _Known(label.to_json(), label.label, role_id in visible and right in READABLE)
        return found

    # --- reasons ----------------------------------------------------------------------------------

    def _because(self, weighed: Weighed, entity: Entity) -> Iterable[Json]:
        """What decides; where nothing gives the action, what nearly did."""
        if weighed.public:
            yield {"kind": "public", "text": _("Everybody may read its public fields.")}
        if weighed.customer is not None:
            sees = weighed.customer.allowed
            text = _("It follows its customer, which is visible.") if sees else _("Its customer is not visible.")
            told = self.in_sight
            reasons = list(self._because(weighed.customer, self.ctx.catalog["core.customer"])) if told else []
            yield {"kind": "customer", "allowed": sees, "text": text, "because": reasons}
        if weighed.people:
            yield {"kind": "people", "text": _("The user is one of its people: owner, assignee or participant.")}
        elif weighed.people is False and not weighed.visible:
            yield {"kind": "no_people", "text": _("The user is not one of its people: owner, assignee or participant.")}
        if not weighed.cleared:
            yield {"kind": "clearance", "text": _("The record is more secret than this user is cleared for.")}
        for line in weighed.denies:
            yield self._line(line, "deny", entity)
        if weighed.personal:
            yield {"kind": "personal", "text": _("It is this user's own, whatever the roles say.")}
        for line in weighed.grants:
            yield self._line(line, "grant", entity)
        for share in weighed.shares:
            yield self._share(share)
        if not weighed.supports and not weighed.public:
            yield {"kind": "no_grant", "text": _("No role and no share gives it.")}
            for line in weighed.missed:
                if line.role_id in self.known:
                    yield self._line(line, "missed", entity)

    def _line(self, line: Line, kind: str, entity: Entity) -> Json:
        known = self.known.get(line.role_id)
        said: Json = {"kind": kind, "role": known.label if known else dict(RESTRICTED)}
        if known is None:
            text = _("A role forbids it.") if kind == "deny" else _("A role gives it.")
            return {**said, "text": text}
        facts: Json = {"role": known.name, "reach": _REACHED[line.grant.reach]}
        said["reach"] = line.grant.reach
        condition = self._condition(line, known, entity)
        if condition is not None:
            said["condition"] = condition
            facts["condition"] = _("a condition") if condition == RESTRICTED else _compact(condition)
        return {**said, **({"line": line.number} if known.open else {}), "text": _sentence(kind, line, facts)}

    def _condition(self, line: Line, known: _Known, entity: Entity) -> Any:
        """The condition of a line as far as the asker may read it, null if it has none."""
        if line.grant.condition is None and not line.grant.broken:
            return None
        document = self.scales.roles[line.role_id][line.number - 1]["condition"]
        asked = line.grant.condition.fields if line.grant.condition is not None else ()
        return document if known.open and all(self._may_ask(key, name) for key, name in asked) else dict(RESTRICTED)

    def _may_ask(self, key: str, name: str) -> bool:
        entity = self.ctx.catalog[key]
        if all(field.name != name for field in entity.fields):
            return True  # id, created_at and the like
        private = bool(entity.public) and name not in entity.public
        open_ = not private or self.ctx.rights.unlimited(entity, "view")
        return open_ and self.ctx.rights.may_ask(entity, meta_or_field(entity, name))

    def _share(self, share: Share) -> Json:
        ((kind, target),) = share.to.items()
        label = self.look.labels(f"core.{kind}", [target]).get(target)
        to: Json = {kind: label.to_json() if label else dict(RESTRICTED)}
        facts: Json = {"to": label.label if label else _("somebody")}
        if share.until_at is None:
            return {"kind": "share", "share": share.id, "to": to, "text": _("It is shared with ${to}.", mapping=facts)}
        until = Moment().to_json(share.until_at)
        text = _("It is shared with ${to} until ${until}.", mapping={**facts, "until": until})
        return {"kind": "share", "share": share.id, "to": to, "until": until, "text": text}

    # --- changes ----------------------------------------------------------------------------------

    def _giving(self, weighed: Weighed, entity: Entity, action: str, row: Mapping[str, Any]) -> list[Json]:
        """The steps that would allow it: lift what stands against it, and give it if nothing does."""
        steps: list[Json] = []
        if weighed.people is False and not weighed.visible:
            about = {"entity": entity.key, "record": row["id"], "user": self.user.login}
            steps.append({"kind": "add_people", **about, "text": _("Make the user a participant.")})
        elif not weighed.visible and not self.in_sight:
            steps.append({"kind": "out_of_sight", "text": _OUT_OF_SIGHT})
        elif not weighed.visible:
            customer = self.resolver.load("core.customer", row["customer_id"]) or {}
            steps += self._giving(weighed.customer or Weighed(), self.ctx.catalog["core.customer"], "view", customer)
        if not weighed.cleared:
            steps.append({"kind": "clearance", **self._secrecy(entity, row), "text": _("Raise the user's clearance.")})
        steps += [self._without(line, _("Take this restriction out of ${role}.")) for line in weighed.denies]
        if not weighed.supports and not (weighed.people is False and action == "view"):
            steps.append(self._gift(entity, action, row))
        return steps

    def _secrecy(self, entity: Entity, row: Mapping[str, Any]) -> Json:
        field = entity.field("secrecy")
        right = self.ctx.rights.field_right(entity, field, row, self.resolver)
        return {"to": row["secrecy"]} if right in READABLE else {}

    def _gift(self, entity: Entity, action: str, row: Mapping[str, Any]) -> Json:
        """A share where one can give it, for it opens this record alone; else a grant of the least reach."""
        about = {"entity": entity.key, "record": row["id"]}
        if action in SHARED_ACTIONS and issubclass(entity.model, RecordScoped):
            text = _("Share the record with this user.")
            return {"kind": "share", **about, "to": {"user": self.user.login}, "actions": [action], "text": text}
        reach = next(one for one in REACHES if self.rights.reaches(entity, one, action, row, self.resolver))
        role = next(iter(self.known.values()), None)
        facts = {"action": action, "entity": entity.key, "reach": _REACHED[reach]}
        text = _("Give a role of this user the right ${action} of ${entity} on ${reach}.", mapping=facts)
        grant = {"entity": entity.key, "action": action, "reach": reach, "condition": None, "deny": False}
        return {"kind": "grant", "grant": grant, "role": role.label if role else None, "text": text}

    def _taking(self, weighed: Weighed, entity: Entity, action: str) -> list[Json] | None:
        """The steps that would take it away; None where it is everybody's."""
        if weighed.public:
            return None
        if weighed.follows:
            return self._hiding(weighed, entity)
        if weighed.personal:
            grant = {"entity": entity.key, "action": action, "reach": "own", "condition": None, "deny": True}
            role = next(iter(self.known.values()), None)
            text = _("Give the user a role that forbids it.")
            return [{"kind": "grant", "grant": grant, "role": role.label if role else None, "text": text}]
        lines = [self._without(line, _("Take this right out of ${role}.")) for line in weighed.grants]
        ended = _("End the share.")
        return [*lines, *({"kind": "end_share", "share": one.id, "text": ended} for one in weighed.shares)]

    def _hiding(self, weighed: Weighed, entity: Entity) -> list[Json] | None:
        """The steps that would hide what is seen with its customer or by its people."""
        steps: list[Json] | None = []
        if weighed.customer is not None and weighed.customer.allowed and not self.in_sight:
            steps = [{"kind": "out_of_sight", "text": _OUT_OF_SIGHT}]
        elif weighed.customer is not None and weighed.customer.allowed:
            steps = self._taking(weighed.customer, self.ctx.catalog["core.customer"], "view")
        if not weighed.people or steps is None:
            return steps
        about = {"entity": entity.key, "record": self.row["id"], "user": self.user.login}
        return [{"kind": "remove_people", **about, "text": _("Take the user out of its people.")}, *steps]

    def _without(self, line: Line, text: Any) -> Json:
        known = self.known.get(line.role_id)
        name = known.name if known else _("a role")
        step: Json = {"kind": "remove_deny" if line.grant.deny else "remove_grant"}
        step |= {"role": known.label if known else dict(RESTRICTED)}
        return {**step, **({"line": line.number} if known and known.open else {}), "text": text % {"role": name}}


def _sentence(kind: str, line: Line, facts: Mapping[str, Any]) -> str:
    if line.misses == "broken" and kind == "deny":
        return _("${role} forbids it by a rule that cannot be read now: it counts for all records.", mapping=facts)
    if line.misses == "broken":
        return _("${role} would give it, but the rule cannot be read now.", mapping=facts)
    if line.misses == "reach":
        return _("${role} gives it on ${reach} only, and this is none of them.", mapping=facts)
    if line.misses == "condition":
        return _("${role} gives it on ${reach} where ${condition} holds, which it does not here.", mapping=facts)
    if kind == "deny":
        if "condition" in facts:
            return _("${role} forbids it on ${reach} where ${condition} holds.", mapping=facts)
        return _("${role} forbids it on ${reach}.", mapping=facts)
    if "condition" in facts:
        return _("${role} gives it on ${reach} where ${condition} holds.", mapping=facts)
    return _("${role} gives it on ${reach}.", mapping=facts)


def _compact(condition: Any) -> str:
    return json.dumps(condition, ensure_ascii=False)


def _once(steps: Iterable[Json]) -> list[Json]:
    """Each step once; two shares of a record become one of both actions."""
    found: list[Json] = []
    for step in steps:
        known = next((one for one in found if _same(one, step)), None)
        if known is None:
            found.append(step)
        elif step["kind"] == "share":
            known["actions"] = list(dict.fromkeys([*known["actions"], *step["actions"]]))
    return found


def _same(one: Json, other: Json) -> bool:
    keys = ("kind", "role", "line", "share", "entity", "record", "grant")
    return all(one.get(key) == other.get(key) for key in keys)
