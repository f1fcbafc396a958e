"""The flush guard: each write is judged on the row as it was and on the row as it becomes.

Both images are judged by the database with the criterion that reads use, so a rule has one
meaning. Writing `owner_id = me` on a foreign row fails on the image before it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import inspect, select
from sqlalchemy.orm import Mapper, RelationshipDirection, Session

from core.db.base import AttachedTo, Binnable, RecordScoped, stored_id
from core.db.extension import Extension
from core.db.guard import Refused, unscoped
from core.errors import Forbidden
from core.i18n import _
from core.security import places
from core.security.catalog import columns_behind
from core.security.identity import Identity
from core.security.rights import Rights
from core.security.scope import ACTION, FOR, ROWS
from plugins import Entity

READ_ONLY = _("This token may only read.")
_CHUNK = 500
STAMPED = frozenset({"version", "updated_at", "updated_by_id", "sort_key"})  # by every write, whoever writes
Demand = tuple[Entity, str]
Asked = dict[Demand, set[int]]


class FlushJudge:
    """The write hook of a person's session."""

    def __init__(self, identity: Identity, rights: Rights) -> None:
        self.identity, self.rights = identity, rights
        self._new: list[Any] = []
        self._changed: list[tuple[Any, set[str]]] = []

    def before(self, session: Session, new: list[Any], dirty: list[Any], deleted: list[Any]) -> None:
        """The rows as they are stored: what is changed and what goes."""
        if self.identity.read_only:
            raise Forbidden(READ_ONLY)
        for obj in (*new, *dirty, *deleted):
            self._entity(obj)
        for obj in (*dirty, *deleted):
            if isinstance(obj, Extension) and (obj in deleted or changed_attributes(obj) & {"id", "record"}):
                raise Refused(f"a row of {type(obj).__name__} stays with its record: empty its columns instead")
        # A row that a plugin adds beside a record is a change of that record.
        added = [obj for obj in new if isinstance(obj, Extension) and _stood_before(obj, new)]
        self._new = [obj for obj in new if not isinstance(obj, Extension)]
        self._changed = [(obj, self._actions(obj)) for obj in (*dirty, *added)]
        asked: Asked = {}
        for obj, actions in (*self._changed, *((obj, {"delete"}) for obj in deleted)):
            if isinstance(obj, AttachedTo):
                self._ask_attached(asked, obj, *_stored_target(session, obj))
            else:
                self._ask(asked, obj, actions)
        self._require_all(session, asked)

    def after(self, session: Session) -> None:
        """The rows as they have become, keys that relationships set included."""
        asked: Asked = {}
        for obj, actions in (*self._changed, *((obj, self._to_create(obj)) for obj in self._new)):
            if isinstance(obj, AttachedTo):
                self._ask_attached(asked, obj, obj.entity, obj.record_id)
            else:
                self._ask(asked, obj, actions)
        self._new, self._changed = [], []
        self._require_all(session, asked)

    def _entity(self, obj: Any) -> Entity:
        catalog = self.rights.catalog
        entity = catalog.of_model(type(obj)) or catalog.extended_by(type(obj))
        if entity is None:
            raise Refused(f"{type(obj).__name__} is not an entity: write it in elevated work")
        if entity.rules.closed:
            raise Forbidden(entity.rules.closed)
        return entity

    def _ask(self, asked: Asked, obj: Any, actions: Iterable[str]) -> None:
        record_id = stored_id(obj) or obj.id
        for action in actions:
            asked.setdefault((self._entity(obj), action), set()).add(record_id)

    def _ask_attached(self, asked: Asked, obj: AttachedTo, entity_key: str, record_id: int) -> None:
        entity = self.rights.catalog.get(entity_key)
        if entity is None:
            raise Refused(f"there is no entity {entity_key}")
        asked.setdefault((entity, obj.RIGHT), set()).add(record_id)

    def _to_create(self, obj: Any) -> set[str]:
        others = isinstance(obj, RecordScoped) and obj.owner_id != self.identity.user_id
        return {"create", "assign"} if others else {"create"}

    def _actions(self, obj: Any) -> set[str]:
        """The rights that the change of these attributes needs."""
        fields = self._entity(obj).fields
        # The record's own columns, or those of the plugin's row beside it.
        own = [field for field in fields if places.is_in(type(obj), field)]
        rights = {name: field.right for field in own for name in columns_behind(field)}
        if isinstance(obj, Binnable):
            rights["deleted_at"] = "delete"
        if isinstance(obj, RecordScoped):  # whatever its plugin declares
            rights[obj.OWNER] = rights[obj.UNIT] = "assign"
        written = {name for name in changed_attributes(obj) if not _is_derived(type(obj), name)}
        return {rights.get(name, "edit") for name in written} or {"edit"}

    def _require_all(self, session: Session, asked: Asked) -> None:
        for demand, ids in sorted(asked.items(), key=lambda one: one[0][1]):  # `assign` tells more than `edit`
            self._require(session, demand, ids)

    def _require(self, session: Session, demand: Demand, ids: set[int]) -> None:
        entity, action = demand
        model: Any = entity.model
        ordered = sorted(ids)
        for start in range(0, len(ordered), _CHUNK):
            chunk = ordered[start : start + _CHUNK]
            statement = select(model.id).where(model.id.in_(chunk))
            allowed = set(session.scalars(statement, execution_options={FOR: model, ACTION: action, ROWS: "any"}))
            if refused := [one for one in chunk if one not in allowed]:
                forbidden = Forbidden(refusal(action))
                forbidden.at_fault = frozenset((model, one) for one in refused)
                raise forbidden


def changed_attributes(obj: Any) -> set[str]:
    """Names of the attributes whose value differs from what was loaded; of a reference, those of its key."""
    return set(_columns_behind(obj, [state.key for state in inspect(obj).attrs if state.history.has_changes()]))


def _columns_behind(obj: Any, names: Iterable[str]) -> Iterable[str]:
    """The attributes of the columns that a change is written to: of a reference, those of its key."""
    mapper: Mapper[Any] = inspect(type(obj))
    for name in names:
        relation = mapper.relationships.get(name)
        if relation is None or relation.direction is not RelationshipDirection.MANYTOONE:
            yield name
        else:
            yield from (mapper.get_property_by_column(column).key for column in relation.local_columns)


def _stored_target(session: Session, obj: Any) -> tuple[str, int]:
    """What an attached row hangs on in the database, whatever its object says by now."""
    table = inspect(type(obj)).local_table
    statement = select(table.c.entity, table.c.record_id).where(table.c.id == stored_id(obj))
    entity, record_id = unscoped(session.connection(), statement).one()
    return entity, record_id


def _stood_before(row: Extension, new: Iterable[Any]) -> bool:
    """Whether the record that a new row stands beside is stored already; its key is set then."""
    record = inspect(row).dict.get("record")
    if record is None or inspect(record).persistent:
        row.id = row.id if record is None else record.id
        return True
    return record not in new


def _is_derived(model: type, attribute: str) -> bool:
    """Whether the stamp sets it, not the writer."""
    if attribute in STAMPED or attribute.endswith("_folded"):
        return True
    column: Any = inspect(model).columns.get(attribute)
    return column is not None and "derived" in column.info


def refusal(action: str) -> str:
    """The sentence for a right that is missing."""
    return {
        "create": _("Your role does not let you create this record, or not for this owner and unit."),
        "edit": _("Your role does not let you change this record."),
        "delete": _("Your role does not let you delete or restore this record."),
        "assign": _("Your role does not let you give this record to that owner or unit."),
        "share": _("Your role does not let you share this record."),
        "explain": _("Your role does not let you ask what others may do with this record."),
    }.get(action, _("Your role does not let you do this."))
