"""The flush guard: each write is judged on the row as it was and on the row as it becomes.

Both images are judged by the database with the criterion that reads use, so a rule has one
meaning. Writing `owner_id = me` on a foreign row fails on the image before it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import inspect, select
from sqlalchemy.orm import Session

from core.db.base import AttachedTo, Binnable, RecordScoped
from core.db.guard import Refused
from core.errors import Forbidden
from core.i18n import _
from core.security.catalog import attribute_name
from core.security.identity import Identity
from core.security.rights import Rights
from core.security.scope import ACTION, FOR, ROWS
from plugins import Entity

READ_ONLY = _("This token may only read.")
_CHUNK = 500
_STAMPED = {"version", "created_at", "created_by_id", "updated_at", "updated_by_id", "sort_key"}
Demand = tuple[Entity, str]


class FlushJudge:
    """The write hook of a person's session."""

    def __init__(self, identity: Identity, rights: Rights) -> None:
        self.identity, self.rights = identity, rights
        self._made: list[tuple[Demand, Any]] = []

    def before(self, session: Session, new: list[Any], dirty: list[Any], deleted: list[Any]) -> None:
        if self.identity.read_only:
            raise Forbidden(READ_ONLY)
        asked: dict[Demand, set[int]] = {}
        self._made = []
        for obj in new:
            self._made += [(demand, obj) for demand in self._on_create(obj)]
        for obj in dirty:
            for demand, record_id in self._on_change(obj):
                asked.setdefault(demand, set()).add(record_id)
                self._made.append((demand, obj))
        for obj in deleted:
            entity = self._entity(obj)
            if isinstance(obj, AttachedTo):
                asked.setdefault(self._target(obj), set()).add(obj.record_id)
            else:
                asked.setdefault((entity, "delete"), set()).add(obj.id)
        for demand, ids in asked.items():
            self._require(session, demand, ids)

    def after(self, session: Session) -> None:
        asked: dict[Demand, set[int]] = {}
        for demand, obj in self._made:
            asked.setdefault(demand, set()).add(obj.record_id if isinstance(obj, AttachedTo) else obj.id)
        self._made = []
        for demand, ids in asked.items():
            self._require(session, demand, ids)

    def _entity(self, obj: Any) -> Entity:
        entity = self.rights.catalog.of_model(type(obj))
        if entity is None:
            raise Refused(f"{type(obj).__name__} is not an entity: write it in elevated work")
        return entity

    def _target(self, obj: AttachedTo) -> Demand:
        entity = self.rights.catalog.get(obj.entity)
        if entity is None:
            raise Refused(f"there is no entity {obj.entity}")
        return entity, obj.RIGHT

    def _on_create(self, obj: Any) -> Iterable[Demand]:
        entity = self._entity(obj)
        if isinstance(obj, AttachedTo):
            yield self._target(obj)
            return
        yield entity, "create"
        if isinstance(obj, RecordScoped) and obj.owner_id != self.identity.user_id:
            yield entity, "assign"

    def _on_change(self, obj: Any) -> Iterable[tuple[Demand, int]]:
        entity = self._entity(obj)
        if isinstance(obj, AttachedTo):
            yield self._target(obj), obj.record_id
            return
        rights = {attribute_name(field): field.right for field in entity.fields}
        if isinstance(obj, Binnable):
            rights["deleted_at"] = "delete"
        changed = {name for name in changed_attributes(obj) if not _is_derived(name)}
        for action in {rights.get(name, "edit") for name in changed}:
            yield (entity, action), obj.id

    def _require(self, session: Session, demand: Demand, ids: set[int]) -> None:
        entity, action = demand
        model: Any = entity.model
        ordered = sorted(ids)
        for start in range(0, len(ordered), _CHUNK):
            chunk = ordered[start : start + _CHUNK]
            statement = select(model.id).where(model.id.in_(chunk))
            allowed = session.scalars(statement, execution_options={FOR: model, ACTION: action, ROWS: "any"}).all()
            if len(set(allowed)) < len(chunk):
                raise Forbidden(refusal(action))


def changed_attributes(obj: Any) -> set[str]:
    """Names of the attributes whose value differs from what was loaded."""
    return {state.key for state in inspect(obj).attrs if state.history.has_changes()}


def _is_derived(attribute: str) -> bool:
    """Whether the stamp sets it, not the writer."""
    return attribute in _STAMPED or attribute.endswith("_folded")


def refusal(action: str) -> str:
    """The sentence for a right that is missing."""
    return {
        "create": _("Your role does not let you create this record, or not for this owner and unit."),
        "edit": _("Your role does not let you change this record."),
        "delete": _("Your role does not let you delete or restore this record."),
        "assign": _("Your role does not let you give this record to that owner or unit."),
        "share": _("Your role does not let you share this record."),
    }.get(action, _("Your role does not let you do this."))
