"""A unit of work: one transaction, and in it what a service needs to act for somebody."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol, TypeVar
from uuid import uuid4

from sqlalchemy import Connection, inspect, select
from sqlalchemy.orm import Session

from core.clock import Clock
from core.db.database import Database, LostCommit, retried
from core.db.guard import GuardedSession, Refused, WriteHook
from core.faults import passed
from core.models import Change, Epoch
from core.security.catalog import Catalog
from core.security.identity import Identity
from core.security.judge import FlushJudge
from core.security.org import Org
from core.security.rights import Rights
from core.security.scope import PersonScope, SystemScope
from core.security.store import Epochs, RightsStore
from core.services.breaker import Breaker
from core.services.epochs import EpochWatch
from core.services.journal import Journal
from core.services.search.index import SearchIndex
from core.services.stamp import Stamp
from core.services.steps import StateWatch
from core.settings import Settings
from plugins import Card, Column, Event, Extension, Fault, Job, ListView, Manager, Manifest, Panel, Registry, Subscriber

T = TypeVar("T")
PART_SECONDS = 2.0  # for a plugin's part of a page
_CHUNK = 500


@dataclass(frozen=True)
class Kernel:
    """All that one application is made of. Built at boot, then never changed."""

    settings: Settings
    manifests: tuple[Manifest, ...]
    database: Database
    catalog: Catalog  # without what administrators define: see `Work.catalog`
    extensions: Registry[Extension]
    panels: Registry[Panel]
    cards: Registry[Card]
    columns: Registry[Column]
    list_views: Registry[ListView]
    jobs: Registry[Job]
    events: Registry[type[Event]]
    subscribers: Registry[Subscriber]
    store: RightsStore
    clock: Clock
    hooks: Manager
    faults: tuple[Fault, ...] = ()  # why enabled plugins are off
    breaker: Breaker = field(default_factory=lambda: Breaker(PART_SECONDS))
    bell: threading.Event = field(default_factory=threading.Event)  # rung when a job was put into the queue

    @property
    def parts(self) -> tuple[Registry[Any], ...]:
        """What plugins put on the pages of any entity, which `entity` of each names."""
        return self.panels, self.columns, self.list_views

    @contextmanager
    def work(self, *, write: bool, change: str | None = None) -> Iterator[Work]:
        """A transaction that commits, audited, when the block ends, and leaves nothing when it raises.

        `change` is the UUID under which it is written down, a new one if not given.
        """
        work: Work | None = None
        try:
            with self.database.transaction(write=write) as connection:
                work = Work(self, connection, write=write, change=change)
                yield work
                work.finish()
                if write:
                    passed("transaction.written")
        except LostCommit:
            raise  # it may have taken all the same
        except BaseException:
            if work is not None:
                work.leftovers.rewind(0)
            raise
        if write:
            passed("transaction.committed")
        if work.enqueued:
            self.bell.set()

    def run(self, task: Callable[[Work], T], *, write: bool) -> T | None:
        """`task` in a unit of work of its own, again from the start when it fails for a passing reason.

        None when a COMMIT was lost on the way but had landed all the same.
        """
        # One for all attempts: should a lost COMMIT land after it was looked up, the next one fails.
        change = str(uuid4())

        def attempt() -> T:
            with self.work(write=write, change=change) as work:
                return task(work)

        return retried(attempt, landed=lambda: bool(retried(lambda: self.landed(change))))

    def landed(self, change_uuid: str) -> bool:
        """Whether the change of that name was committed."""
        with self.work(write=False) as work:
            return work.system.scalar(select(Change.id).where(Change.uuid == change_uuid)) is not None


class Collector(Protocol):
    """What gathers something in the course of a transaction and can forget the end of it."""

    def mark(self) -> Any: ...

    def rewind(self, mark: Any) -> None:
        """Forget what was gathered since `mark()`."""


class Facts(dict[Any, Any]):
    """What services have looked up and need not look up again, until something is written or taken back."""

    def before(self, session: Session, new: list[Any], dirty: list[Any], deleted: list[Any]) -> None:
        """Nothing has been written yet."""

    def after(self, session: Session) -> None:
        self.clear()

    def mark(self) -> None:
        """There is nothing to remember: `rewind` forgets all."""

    def rewind(self, _mark: None) -> None:
        self.clear()


class Leftovers:
    """Steps that take away what lies outside the database, should the transaction or a savepoint of it fail."""

    def __init__(self) -> None:
        self._steps: list[Callable[[], None]] = []

    def add(self, step: Callable[[], None]) -> None:
        self._steps.append(step)

    def mark(self) -> int:
        return len(self._steps)

    def rewind(self, mark: int) -> None:
        """Take away what was left since, the newest first."""
        while len(self._steps) > mark:
            self._steps.pop()()


class Work:
    """One transaction. `system` reads everything: for the kernel, not for what a person asked."""

    enqueued = False  # whether runners of jobs are to be woken after the commit
    publishing: tuple[str, ...] = ()  # the events whose subscribers are at work, outermost first

    def __init__(self, kernel: Kernel, connection: Connection, *, write: bool, change: str | None = None) -> None:
        self.kernel, self.connection, self.write = kernel, connection, write
        self.now = kernel.clock.now()
        self.journal = Journal(lambda: self.catalog, self.now, change)
        self.system = GuardedSession(connection, SystemScope())
        self.facts = Facts()
        self.leftovers = Leftovers()
        self.historical = False  # what is written now happened before: no limits, no notifications (M46)
        self._epoch_watch = EpochWatch()
        self.steps = StateWatch(self.journal, self.now)
        self.warnings: list[dict[str, Any]] = []  # what the caller should know although all went well
        self.search = SearchIndex(kernel.catalog)
        self._sessions: list[GuardedSession] = []  # those that write

    @property
    def today(self) -> dt.date:
        return self.kernel.clock.day(self.now)

    @cached_property
    def epochs(self) -> Epochs:
        rows: Any = self.system.execute(select(Epoch.name, Epoch.number))
        found = dict(rows.all())
        return Epochs(found.get("rights", 0), found.get("shares", 0))

    @cached_property
    def catalog(self) -> Catalog:
        """The entities with all the fields that they have in this transaction."""
        return self.kernel.store.catalog(self.system, self.epochs)

    @property
    def org(self) -> Org:
        return self.kernel.store.org(self.system, self.epochs)

    def act_as(self, identity: Identity) -> Ctx:
        """The context in which services act for this identity, with its rights of this moment."""
        self.journal.identity = identity
        rights = self.kernel.store.rights(self.system, identity.user_id, self.epochs, self.now, self.today)
        stamp = Stamp(lambda: self.catalog, identity.user_id, self.now)
        hooks: tuple[WriteHook, ...] = (stamp, FlushJudge(identity, rights), *self._hooks()) if self.write else ()
        session = GuardedSession(self.connection, PersonScope(rights), hooks)
        self._sessions.append(session)
        return Ctx(self, session, identity, rights)

    def elevated(self, reason: str, *, write: bool = False) -> GuardedSession:
        """Another session on the same transaction that sees everything; `reason`, a message, is audited with it.

        Read-only unless `write`. What is pending in it is stored when it is flushed: with the transaction at
        the latest, with the end of a `with` block of its own before. What raises in that block leaves nothing
        pending; what was flushed goes with the transaction, or the savepoint. Its objects never reach a
        person's session.
        """
        if write and not self.write:
            raise Refused("this unit of work is for reading")
        actor = self.journal.identity.user_id if self.journal.identity else None
        hooks = (Stamp(lambda: self.catalog, actor, self.now), *self._hooks()) if write else ()
        if write:
            self.journal.explain(reason)
        session = GuardedSession(self.connection, SystemScope(), hooks)
        if write:
            self._sessions.append(session)
        return session

    def _hooks(self) -> tuple[WriteHook, ...]:
        return self.steps, self.journal, self._epoch_watch, self.search, self.facts

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """A part of the transaction that leaves nothing behind when it raises: no row, no audit.

        What is pending before it is stored first. Elevated sessions opened inside end with it.
        """
        for session in self._sessions:
            session.flush()
        outer = len(self._sessions)
        # Elevated work that holds no objects, such as numbering, has nothing to restore.
        holding = [
            session
            for session in self._sessions
            if isinstance(session.scope, PersonScope) or next(iter(session), None) is not None
        ]
        parts: Sequence[GuardedSession | Connection] = holding or [self.connection]
        marks = [(collector, collector.mark()) for collector in self._collectors()]
        try:
            with ExitStack() as nested:
                for part in parts:
                    nested.enter_context(part.begin_nested())
                    if isinstance(part, GuardedSession):
                        part.connection()  # else it waits for its own first statement, and others' go before
                yield
                for session in self._sessions:
                    session.flush()
        except BaseException:
            for collector, mark in marks:
                collector.rewind(mark)
            for session in self._sessions[:outer]:
                _reread(session) if session in holding else session.expunge_all()
            self.system.expire_all()
            raise
        finally:
            for session in self._sessions[outer:]:
                session.close()
            del self._sessions[outer:]

    def _collectors(self) -> list[Collector]:
        stamps = [hook for session in self._sessions for hook in session.hooks if isinstance(hook, Stamp)]
        return [self.journal, self.leftovers, self.steps, self._epoch_watch, self.search, self.facts, *stamps]

    def flush(self) -> None:
        """Send what is pending to the database."""
        for session in self._sessions:
            session.flush()
        if not self.connection.in_transaction():
            raise Refused("a refused write has rolled all of this back: do in a savepoint what may be refused")

    def finish(self) -> None:
        """Flush what is pending and append the audit. The caller commits."""
        self.flush()
        self.steps.write(self.connection)
        self._epoch_watch.write(self.connection)
        self.search.write(self.connection)
        self.journal.write(self.connection)

    def close(self) -> None:
        for session in self._sessions:
            session.close()


def _reread(session: GuardedSession) -> None:
    """Read again what a rollback has expired. Whoever holds these objects has seen them already."""
    whole: dict[type, list[int]] = {}
    scope, session.scope = session.scope, SystemScope()
    try:
        for record in list(session):
            state: Any = inspect(record)
            names = state.mapper.column_attrs.keys()
            expired = state.expired_attributes.intersection(names)
            if len(expired) == len(names):
                whole.setdefault(type(record), []).append(state.identity[0])
            elif expired:
                session.refresh(record, expired)
        for model, ids in whole.items():  # many at once: a batch may hold thousands
            for start in range(0, len(ids), _CHUNK):
                again: Any = select(model).where(model.id.in_(ids[start : start + _CHUNK]))  # type: ignore[attr-defined]
                session.scalars(again, execution_options={"populate_existing": True}).all()
    finally:
        session.scope = scope


@dataclass(frozen=True)
class Ctx:
    """What a service gets: the transaction, the person's session, who he is and what he may do."""

    work: Work
    db: GuardedSession
    identity: Identity
    rights: Rights

    @property
    def kernel(self) -> Kernel:
        return self.work.kernel

    @property
    def catalog(self) -> Catalog:
        return self.rights.catalog

    @property
    def now(self) -> dt.datetime:
        return self.work.now

    @property
    def today(self) -> dt.date:
        return self.work.today

    @property
    def base_currency(self) -> str:
        """The currency of amounts that have none of their own."""
        return self.work.org.base_currency

    @property
    def journal(self) -> Journal:
        return self.work.journal

    @property
    def system(self) -> Session:
        return self.work.system

    @property
    def facts(self) -> Facts:
        """A memory for look-ups: see `Facts`."""
        return self.work.facts

    def savepoint(self) -> AbstractContextManager[None]:
        """A part of the transaction that leaves nothing behind when it raises: see `Work.savepoint`."""
        return self.work.savepoint()
