"""The audit trail: what one transaction changed, chained by hash to all that went before (M24).

hash = SHA-256(previous hash + canonical JSON of the change and its rows). The head of the chain is
the last thing locked before the commit, so writers wait for each other only there.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import Connection, insert, inspect, select, update
from sqlalchemy.orm import Session

from core.db.base import AttachedTo, stored_id
from core.db.guard import Refused, unscoped
from core.i18n import in_english
from core.models import Audit, ChainHead, Change
from core.security.catalog import Catalog
from core.security.identity import Identity
from core.services.images import Images

GENESIS = "0" * 64
HEAD = 1


@dataclass
class Entry:
    """One record's part. `record` is the object itself until it has got its id."""

    action: str
    entity: str
    record: Any
    changes: list[dict[str, Any]]

    @property
    def record_id(self) -> int | None:
        if self.record is None or isinstance(self.record, int):
            return self.record
        return stored_id(self.record)


class Journal:
    """Collects the entries of one transaction and appends them to the chain when it ends."""

    def __init__(self, catalog: Callable[[], Catalog], now: dt.datetime, change: str | None = None) -> None:
        self.catalog, self.now = catalog, now
        self.uuid = change or str(uuid.uuid4())
        self.batch = self.uuid
        self.reason: str | None = None
        self.identity: Identity | None = None
        self.door: str = "system"
        self.address: str | None = None  # both of what nobody known does, such as a failed login
        self.undoes: str | None = None  # the UUID of the change that this one sets back
        self.entries: list[Entry] = []
        self._actions: dict[Any, str] = {}
        self._flushed: list[tuple[Any, str, Images]] = []

    def call(self, record: Any, action: str) -> None:
        """Name the action under which the next change of this record is written down."""
        self._actions[record] = action

    def called_off(self, record: Any) -> None:
        """The action is over; what follows has its own name."""
        self._actions.pop(record, None)

    def action_of(self, record: Any) -> str | None:
        """The name under which the next change of this record is going to be written down, if it has one."""
        return self._actions.get(record)

    def explain(self, reason: str) -> None:
        """Say why the transaction does more than the actor could by himself."""
        reasons = [*(self.reason.split("; ") if self.reason else ()), in_english(reason)]
        self.reason = "; ".join(dict.fromkeys(reasons))[:400]

    def note(self, action: str, entity: str, record: Any, changes: Sequence[Mapping[str, Any]] = ()) -> None:
        """Write down what no row shows: a login, a new password."""
        self.entries.append(Entry(action, entity, record, [dict(change) for change in changes]))

    def mark(self) -> tuple[int, str | None, dict[Any, str]]:
        """How far the writing has come, for `rewind`."""
        return len(self.entries), self.reason, dict(self._actions)

    def rewind(self, mark: tuple[int, str | None, dict[Any, str]]) -> None:
        """Forget what was written down since: a savepoint was rolled back."""
        length, self.reason, self._actions = mark
        del self.entries[length:]
        self._flushed = []

    # --- as a write hook ------------------------------------------------------------------------

    def before(self, session: Session, new: list[Any], dirty: list[Any], deleted: list[Any]) -> None:
        """What is stored of the records, where the objects do not know it."""
        for obj in (*new, *dirty, *deleted):
            if isinstance(obj, Change | Audit):
                raise Refused("the audit trail is written by the journal alone")
        images = Images(session, self.catalog())
        images.remember(dirty, deleted)
        self._flushed = [(obj, "create", images) for obj in new] + [(obj, "edit", images) for obj in dirty]
        for obj in deleted:
            self._collect(obj, "delete", images)

    def after(self, session: Session) -> None:
        """What has become of them, keys that relationships set included."""
        flushed, self._flushed = self._flushed, []
        if flushed:
            flushed[0][2].look_again([obj for obj, kind, _images in flushed if kind == "edit"])
        for obj, kind, images in flushed:
            self._collect(obj, kind, images)

    def _collect(self, obj: Any, kind: str, images: Images) -> None:
        entity = self.catalog().of_model(type(obj))
        if entity is None:
            return
        changes = list(images.changes(entity, obj, kind))
        action = self._actions.pop(obj, None) or _action(obj, kind)
        if action == "delete" and kind == "edit" and isinstance(obj, AttachedTo):
            changes = [*images.as_they_are(entity, obj), *changes]  # so that the trail tells what it was
        if changes or action != "edit":
            self.entries.append(Entry(action, entity.key, obj, changes))

    # --- the chain ------------------------------------------------------------------------------

    def write(self, connection: Connection) -> None:
        """Append what was collected. The last statements of the transaction."""
        if not self.entries:
            return
        run = partial(unscoped, connection)
        change = self._change()
        change_id = run(insert(Change).values(**change)).inserted_primary_key[0]
        rows = [
            {
                "seq": seq,
                "action": entry.action,
                "entity": entry.entity,
                "record_id": entry.record_id,
                "changes": entry.changes,
            }
            for seq, entry in enumerate(self.entries, 1)
        ]
        copies = {name: change[name] for name in ("batch", "happened_at", "actor_id", "door")}
        run(insert(Audit), [{"change_id": change_id, **copies, **row} for row in rows])
        number, previous = run(
            select(ChainHead.number, ChainHead.hash).where(ChainHead.id == HEAD).with_for_update()
        ).one()
        digest = link(previous, change, rows)
        run(update(Change).where(Change.id == change_id).values(number=number + 1, prev_hash=previous, hash=digest))
        run(update(ChainHead).where(ChainHead.id == HEAD).values(number=number + 1, hash=digest))
        self.entries = []

    def _change(self) -> dict[str, Any]:
        who = self.identity
        return {
            "uuid": self.uuid,
            "batch": self.batch,
            "happened_at": self.now,
            "actor_id": who.user_id if who else None,
            "on_behalf": who.on_behalf if who else None,
            "door": who.door if who else self.door,
            "session_id": who.session_id if who else None,
            "token_id": who.token_id if who else None,
            "address": who.address if who else self.address,
            "reason": self.reason,
            "undoes": self.undoes,
        }


def link(previous: str, change: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> str:
    """The hash of a change that follows `previous`."""
    document = {**change, "happened_at": change["happened_at"].isoformat(), "rows": list(rows)}
    if document.get("undoes") is None:
        document.pop("undoes", None)  # the older changes have no such line
    canonical = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256((previous + canonical).encode()).hexdigest()


def _action(obj: Any, kind: str) -> str:
    if kind == "edit" and "deleted_at" in inspect(obj).attrs:
        history = inspect(obj).attrs.deleted_at.history
        if history.has_changes():
            return "delete" if obj.deleted_at is not None else "restore"
    return kind
