"""Every statement is scoped or refused.

Three walls, each closed by itself:

1. `do_orm_execute` attaches the reader's criteria to each mapped class that a statement uses,
   wherever it stands: subquery, EXISTS, join target, CTE, union, relationship load.
2. The write hooks judge a flush on the rows as they were and as they become.
3. The tripwire on the engine looks at the SQL text that really goes out, and refuses a statement
   that names a table for which nothing was attached. What the first wall overlooks fails here
   instead of leaking.

Reads need a `Scope` in `session.info`; writes need hooks. A session without them does nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, Protocol

from sqlalchemy import Connection, Engine, Table, event, inspect
from sqlalchemy.orm import Mapper, ORMExecuteState, Session
from sqlalchemy.orm.strategy_options import Load
from sqlalchemy.sql import visitors
from sqlalchemy.sql.base import ExecutableOption
from sqlalchemy.sql.selectable import Select

from core.db.base import metadata

TABLES = "kehu_tables"  # execution option: the tables for which criteria were attached, or ALL
ALL = "*"
_FLUSHING = "kehu_flushing"


class Refused(RuntimeError):
    """Code tried to reach rows past the scope. A bug, never the user's fault."""


class Scope(Protocol):
    """Who reads: turns the mapped classes of a statement into loader criteria."""

    everything: bool

    def options(self, models: frozenset[type], execution_options: Any) -> Sequence[ExecutableOption]:
        """Criteria for each of the classes; raises Refused for a class that nobody may query."""


class WriteHook(Protocol):
    """Looks at a flush before and after its SQL; raises to stop it."""

    def before(self, session: Session, new: list[Any], dirty: list[Any], deleted: list[Any]) -> None: ...

    def after(self, session: Session) -> None: ...


class GuardedSession(Session):
    """The only kind of session there is. `scope` decides reads, `hooks` decide writes."""

    bind: Connection

    def __init__(self, bind: Connection, scope: Scope, hooks: Iterable[WriteHook] = (), **info: Any) -> None:
        super().__init__(bind, autoflush=False, expire_on_commit=False, join_transaction_mode="rollback_only")
        self.info.update(info)
        self.scope = scope
        self.hooks = tuple(hooks)

    def flush(self, objects: Any = None) -> None:
        try:
            super().flush(objects)
        finally:
            self.bind.info.pop(_FLUSHING, None)


@event.listens_for(GuardedSession, "do_orm_execute")
def _attach(state: ORMExecuteState) -> None:
    scope: Scope = state.session.scope  # type: ignore[attr-defined]
    if scope.everything:
        state.update_execution_options(**{TABLES: ALL})
        return
    if not state.is_orm_statement or state.is_from_statement or not state.is_select:
        raise Refused("only ORM selects may be run in a person's session; change rows through a service")
    models = models_of(state.statement)
    options = scope.options(models, state.execution_options)
    if options:
        state.statement = state.statement.options(*options)
    state.update_execution_options(**{TABLES: _tables_of(models)})


@event.listens_for(GuardedSession, "before_flush")
def _judge(session: GuardedSession, _context: Any, _objects: Any) -> None:
    new, deleted = list(session.new), list(session.deleted)
    dirty = [obj for obj in session.dirty if session.is_modified(obj)]
    if not (new or dirty or deleted):
        return
    if not session.hooks:
        raise Refused("this session is for reading")
    for hook in session.hooks:
        hook.before(session, new, dirty, deleted)
    session.bind.info[_FLUSHING] = True


@event.listens_for(GuardedSession, "after_flush")
def _judge_result(session: GuardedSession, _context: Any) -> None:
    session.bind.info.pop(_FLUSHING, None)
    for hook in session.hooks:
        hook.after(session)


def watch(engine: Engine) -> None:
    """Put the tripwire on an engine."""
    event.listen(engine, "before_cursor_execute", _tripwire)


def _tripwire(conn: Any, _cursor: Any, statement: str, _params: Any, context: Any, _many: bool) -> None:
    touched = tables_named(statement)
    if not touched:
        return
    allowed = context.execution_options.get(TABLES, ()) if context is not None else ()
    if allowed == ALL or conn.info.get(_FLUSHING):
        return
    stray = touched.difference(allowed)
    if stray:
        raise Refused(f"a statement reached {', '.join(sorted(stray))} without the reader's scope")


# --- which classes and tables a statement uses ---------------------------------------------------

_models_memo: dict[Any, frozenset[type]] = {}


def models_of(statement: Any) -> frozenset[type]:
    """The mapped classes anywhere in a statement, memoised on its cache key."""
    key = statement._generate_cache_key()
    if key is None:
        return _walk(statement)
    found = _models_memo.get(key.key)
    if found is None:
        if len(_models_memo) > 5000:
            _models_memo.clear()
        found = _models_memo[key.key] = _walk(statement)
    return found


def _walk(statement: Any) -> frozenset[type]:
    found: set[type] = set()
    for element in visitors.iterate(statement):
        found.update(_classes(element))
        if isinstance(element, Select):
            for target, *_rest in element._setup_joins:
                found.update(_classes(target))
        for option in getattr(element, "_with_options", ()):
            found.update(_loaded_by(option))
    return frozenset(found)


def _classes(element: Any) -> Iterable[type]:
    notes = getattr(element, "_annotations", {})
    for name in ("parententity", "parentmapper", "entity_namespace"):
        mapper = getattr(notes.get(name), "mapper", None)
        if isinstance(mapper, Mapper):
            yield mapper.class_
    if isinstance(element, Table):
        yield from _classes_of_table(element)
    prop = getattr(element, "property", None)
    if prop is not None and isinstance(getattr(prop, "mapper", None), Mapper):
        yield prop.mapper.class_


def _loaded_by(option: Any) -> Iterable[type]:
    """The classes that an eager-loading option adds to the statement."""
    if not isinstance(option, Load):
        return
    for part in option.context:
        for step in part.path.path:
            mapper = getattr(step, "mapper", None)
            if isinstance(mapper, Mapper):
                yield mapper.class_


@lru_cache(maxsize=1000)
def _tables_of(models: frozenset[type]) -> frozenset[str]:
    """The tables of the classes, and the link tables of their many-to-many relationships."""
    names: set[str] = set()
    for model in models:
        mapper: Mapper[Any] = inspect(model)
        names.update(str(table.name) for table in mapper.tables if isinstance(table, Table))
        names.update(str(link.secondary.name) for link in mapper.relationships if isinstance(link.secondary, Table))
    return frozenset(names)


_class_of_table: dict[str, type] = {}


@event.listens_for(Mapper, "after_mapper_constructed")
def _remember(mapper: Mapper[Any], model: type) -> None:
    table = mapper.local_table
    if isinstance(table, Table) and table.metadata is metadata:
        _class_of_table[table.name] = model


def _classes_of_table(table: Table) -> Iterable[type]:
    model = _class_of_table.get(table.name)
    if model is not None and table.metadata is metadata:
        yield model


@lru_cache(maxsize=4000)
def tables_named(statement: str) -> frozenset[str]:
    """Which of our tables an SQL text names, whoever wrote it."""
    return frozenset(_pattern(len(metadata.tables)).findall(statement))


@lru_cache(maxsize=4)
def _pattern(_how_many: int) -> re.Pattern[str]:
    return re.compile(r"\b(?:" + "|".join(sorted(metadata.tables)) + r")\b")
