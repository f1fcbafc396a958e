"""Shares: opening single records to a user, a unit or a role."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import func, or_, select

from core.db.base import RecordScoped
from core.errors import Invalid, NotFound
from core.fields import BadValue
from core.i18n import _
from core.models import Share
from core.security.scope import ATTACHED
from core.security.store import MOST_SHARES
from core.services import allowed, records
from core.services.intake import ABSENT
from core.services.work import Ctx
from plugins import Rules

SHARED = {"view": _("View"), "edit": _("Edit")}
SHARED_ACTIONS = tuple(SHARED)


def check_actions(value: Any) -> list[str] | None:
    """A list out of `view` and `edit`, at least one."""
    if value is None:
        return None
    if not isinstance(value, list) or not value or not all(action in SHARED_ACTIONS for action in value):
        raise BadValue(_("Give a list out of: view, edit."))
    return [action for action in SHARED_ACTIONS if action in value]


class ShareRules(Rules):
    """A share names a record that the giver sees and may share, and ends after it begins."""

    def prepare(self, ctx: Ctx, record: Share | None, values: dict[str, Any], creating: bool) -> None:
        if creating:
            self._check_target(ctx, values)
        for action in values.get("actions") or (record.actions if record else ()):
            self._require_own(ctx, record, values, action)
        begin = values.get("from", record.from_at if record else None)
        end = values.get("until", record.until_at if record else None)
        if begin is not None and end is not None and end <= begin:
            raise Invalid(errors={"until": [_("This must lie after the beginning.")]})
        if values.get("until") is not None:
            _still_to_come(ctx, values["until"])

    def _require_own(self, ctx: Ctx, share: Share | None, values: dict[str, Any], action: str) -> None:
        """Nobody gives what he has not got himself."""
        key, record_id = (share.entity, share.record_id) if share else (values.get("entity"), values.get("record"))
        entity = ctx.catalog.get(key or "")
        if entity is not None and record_id:
            allowed.require(ctx, entity, action, records.find(ctx, entity, record_id))

    def _check_target(self, ctx: Ctx, values: dict[str, Any]) -> None:
        entity = ctx.catalog.get(values.get("entity") or "")
        if entity is None or not issubclass(entity.model, RecordScoped):
            raise Invalid(errors={"entity": [_("Records of this kind cannot be shared.")]})
        try:
            record = records.find(ctx, entity, values.get("record") or 0)
        except NotFound:
            raise Invalid(errors={"record": [ABSENT]}) from None
        allowed.require(ctx, entity, "share", record)
        if values.get("to"):
            _room_for_one_more(ctx, entity.key, values["to"])


def _room_for_one_more(ctx: Ctx, entity_key: str, to: Mapping[str, int]) -> None:
    _room_for(ctx, entity_key, to, 1)


def _room_for(ctx: Ctx, entity_key: str, to: Mapping[str, int], more: int) -> None:
    """Invalid where a target would come to have more shares of an entity than there can be."""
    ((kind, target),) = to.items()
    column = {"user": Share.to_user_id, "unit": Share.to_unit_id, "role": Share.to_role_id}[kind]
    live = or_(Share.until_at.is_(None), Share.until_at > ctx.now)
    known = ctx.system.scalar(
        select(func.count()).select_from(Share).where(column == target, Share.entity == entity_key, live)
    )
    if (known or 0) + more > MOST_SHARES:
        raise Invalid(
            errors={
                "to": [
                    _(
                        "This target has ${n} shares, the most there can be. Use a role or a unit instead.",
                        mapping={"n": MOST_SHARES},
                    )
                ]
            }
        )


def _still_to_come(ctx: Ctx, until: dt.datetime) -> None:
    if until <= ctx.now:
        raise Invalid(errors={"until": [_("This moment is over already.")]})


def share(ctx: Ctx, record: Any, arguments: Mapping[str, Any]) -> None:
    """Open the record to `to` for `actions`, until a moment or for good; a second share to the same
    target replaces the first.
    """
    entity = ctx.catalog.of_model(type(record))
    assert entity is not None
    for action in arguments.get("actions") or ("view",):
        allowed.require(ctx, entity, action, record)
    for known in _manual(ctx, entity.key, record.id, arguments["to"]):
        ctx.db.delete(known)
    _room_for_one_more(ctx, entity.key, arguments["to"])
    until = arguments.get("until")
    if until is not None:
        _still_to_come(ctx, until)
    ctx.db.add(
        Share(
            entity=entity.key,
            record_id=record.id,
            to=arguments["to"],
            actions=arguments.get("actions") or ["view"],
            until_at=until,
        )
    )


def unshare(ctx: Ctx, record: Any, arguments: Mapping[str, Any]) -> None:
    """End the shares of the record to `to`; without it, all that people have given."""
    entity = ctx.catalog.of_model(type(record))
    assert entity is not None
    for known in _manual(ctx, entity.key, record.id, arguments.get("to")):
        ctx.db.delete(known)


def sync(ctx: Ctx, source: tuple[str, int], rows: Iterable[Mapping[str, Any]]) -> None:
    """Make these all the shares of a source, such as a project's team: `(entity key, id)` of what they
    come from. Only what differs is written and audited; the same rows again change nothing.

    A row is `{"entity", "record", "to": {"user"|"unit"|"role": id}, "actions"}` and, if wanted, `from` and
    `until` (moments). Whoever calls has judged that the source may share; the actor needs no right of his own.
    Raises Invalid for what cannot be shared and for a target that has too many shares.
    """
    session = ctx.work.elevated(_("Shares kept up to date"), write=True)
    mine = (Share.source_entity == source[0], Share.source_id == source[1])
    known = {
        _key(share.entity, share.record_id, share.to): share for share in session.scalars(select(Share).where(*mine))
    }
    wanted = {_key(row["entity"], row["record"], row["to"]): _checked(ctx, row) for row in rows}
    for key in known.keys() - wanted.keys():
        session.delete(known[key])
    session.flush()
    new = [key for key in wanted if key not in known]
    for (entity_key, kind, target), count in Counter((entity, kind, to) for entity, _id, kind, to in new).items():
        _room_for(ctx, entity_key, {kind: target}, count)
    for key, values in wanted.items():
        entity_key, record_id, kind, target = key
        share = known.get(key)
        if share is None:
            share = Share(entity=entity_key, record_id=record_id, to={kind: target})
            share.source_entity, share.source_id = source
            session.add(share)
        for name, value in values.items():
            if getattr(share, name) != value:
                setattr(share, name, value)
    session.flush()


def _key(entity_key: str, record_id: int, to: Mapping[str, int]) -> tuple[str, int, str, int]:
    ((kind, target),) = to.items()
    return entity_key, record_id, kind, target


def _checked(ctx: Ctx, row: Mapping[str, Any]) -> dict[str, Any]:
    entity = ctx.catalog.get(row["entity"])
    if entity is None or not issubclass(entity.model, RecordScoped):
        raise Invalid(errors={"entity": [_("Records of this kind cannot be shared.")]})
    begin, end = row.get("from"), row.get("until")
    if begin is not None and end is not None and end <= begin:
        raise Invalid(errors={"until": [_("This must lie after the beginning.")]})
    try:
        return {"actions": check_actions(row["actions"]), "from_at": begin, "until_at": end}
    except BadValue as bad:
        raise Invalid(errors={"actions": [bad.message]}) from None


def _manual(ctx: Ctx, entity_key: str, record_id: int, to: Mapping[str, int] | None) -> list[Share]:
    """Shares that people gave, not those that a project team or a hand-over keeps in step."""
    statement = select(Share).where(Share.source_entity.is_(None))
    if to:
        ((kind, target),) = to.items()
        statement = statement.where(getattr(Share, f"to_{kind}_id") == target)
    return list(ctx.db.scalars(statement, execution_options={ATTACHED: (entity_key, record_id)}).all())
