"""Every statement is scoped or refused.

Three walls, each closed by itself:

1. `do_orm_execute` attaches the reader's criteria to each mapped class that a statement uses,
   wherever it stands: subquery, EXISTS, join target, CTE, union, relationship load.
2. The write hooks judge a flush on the rows as they were and as they become.
3. The tripwire on the engine reads the SQL text that really goes out. A criterion leaves a mark
   with the name of the table or alias that it limits, `/*core_customer_1.id*/`; a table that stands
   in a FROM without its mark is refused. What the first wall overlooks, or SQLAlchemy puts in the
   wrong place, fails here instead of leaking. In a statement that the first wall has not seen, marks
   count for nothing.

Reads need a `Scope` in `session.info`; writes need hooks. A session without them does nothing.
"""

from __future__ import annotations

import re
import secrets
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any, Protocol, TypeVar

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Connection,
    Engine,
    Executable,
    Table,
    TextClause,
    event,
    inspect,
    literal_column,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Mapper, ORMExecuteState, Session
from sqlalchemy.orm.strategy_options import Load
from sqlalchemy.sql import visitors
from sqlalchemy.sql.base import ExecutableOption
from sqlalchemy.sql.dml import UpdateBase
from sqlalchemy.sql.elements import ColumnClause
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.selectable import AliasedReturnsRows, Join, Select

from core.db.base import MAX_IDENTIFIER, metadata

T = TypeVar("T")
TABLES = "kehu_tables"  # execution option: link tables that may be read along, or ALL tables
ALL = "*"
_OPEN = "kehu_all_"  # begins the aliases of tables that the criteria themselves look into, unlimited
WRITTEN = "kehu_written"  # execution option of a connection on which something has been written
_FLUSHING = "kehu_flushing"
_SHOWN = "kehu_shown"  # what the hooks of a flush were shown; a changed collection can write more


class Refused(RuntimeError):
    """Code tried to reach rows past the scope. A bug, never the user's fault."""


class Scope(Protocol):
    """Who reads: turns the mapped classes of a statement into loader criteria."""

    everything: bool

    def options(self, models: frozenset[type], execution_options: Any) -> Sequence[ExecutableOption]:
        """Criteria for each of the classes; raises Refused for a class that nobody may query."""


class WriteHook(Protocol):
    """Looks at a flush before and after its SQL; raises to stop it.

    It may add records that change along with others to `dirty`, for the hooks after it.
    """

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

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        """The end of `with`: what is pending is stored in the transaction at hand, after an exception it is not."""
        try:
            if kind is None:
                self.flush()
        finally:
            super().__exit__(kind, error, trace)


@event.listens_for(GuardedSession, "do_orm_execute")
def _attach(state: ORMExecuteState) -> None:
    scope: Scope = state.session.scope  # type: ignore[attr-defined]
    if scope.everything:
        writes = not state.is_select or _remembered(_writes_memo, state.statement, _writes_on_its_way)
        if writes and not state.session.hooks:  # type: ignore[attr-defined]
            raise Refused("this session is for reading")
        if not state.is_select:
            _note_writing(state.session)
        state.update_execution_options(**{TABLES: ALL})
        return
    if not state.is_orm_statement or state.is_from_statement or not state.is_select:
        raise Refused("only ORM selects may be run in a person's session; change rows through a service")
    models = models_of(state.statement)
    options = scope.options(models, state.execution_options)
    known: Any = getattr(state.statement, "_with_options", ())  # of the statement that a subquery load repeats
    state.statement = state.statement.options(*(option for option in options if option not in known))
    if state.is_column_load:
        state.statement = _still_visible(state.statement, state.bind_mapper, options)
    state.update_execution_options(**{TABLES: _links_of(models, state.is_relationship_load)})


def _still_visible(statement: Any, mapper: Any, options: Iterable[Any]) -> Any:
    """The load of single columns, where the ORM leaves criteria out: the row may be hidden by now."""
    criterion = next(option.where_criteria for option in options if option.entity is mapper)
    # A copy: what has been in a WHERE by itself can no longer be adapted to an alias.
    return statement.where(visitors.cloned_traverse(criterion, {}, {}))


@event.listens_for(GuardedSession, "before_flush")
def _judge(session: GuardedSession, context: Any, _objects: Any) -> None:
    new, deleted = list(session.new), list(session.deleted)
    context.attributes[_SHOWN] = {inspect(obj) for obj in (*new, *session.dirty, *deleted)}
    dirty = [obj for obj in session.dirty if session.is_modified(obj)]
    if not (new or dirty or deleted):
        return
    if not session.hooks:
        raise Refused("this session is for reading")
    for hook in session.hooks:
        hook.before(session, new, dirty, deleted)
    context.attributes[_SHOWN].update(inspect(obj) for obj in dirty)
    _note_writing(session)
    session.bind.info[_FLUSHING] = True


def _note_writing(session: Any) -> None:
    session.bind.execution_options(**{WRITTEN: True})


def has_written(session: Any) -> bool:
    """Whether the session may read what its transaction has written and may yet take back."""
    return bool(session.bind.get_execution_options().get(WRITTEN))


@event.listens_for(GuardedSession, "after_flush")
def _judge_result(session: GuardedSession, context: Any) -> None:
    session.bind.info.pop(_FLUSHING, None)
    for state, (_deleted, only_listed) in context.states.items():
        if not only_listed and state not in context.attributes[_SHOWN]:
            raise Refused(f"a collection would write a {state.class_.__name__} that no hook has seen: change it itself")
    for hook in session.hooks:
        hook.after(session)


def unscoped(connection: Connection, statement: Executable, rows: Any = None) -> Any:
    """The result of a statement past the reader's scope, with values for one row or many: for the kernel's own
    books. It is said of this statement alone; said of the connection it would open the tables to all that follows.
    """
    return connection.execute(statement, rows, execution_options={TABLES: ALL})


def watch(engine: Engine) -> None:
    """Put the tripwire on an engine."""
    event.listen(engine, "before_cursor_execute", _tripwire)


def _tripwire(conn: Any, _cursor: Any, statement: str, _params: Any, context: Any, _many: bool) -> None:
    allowed = context.execution_options.get(TABLES) if context is not None else None
    if allowed == ALL or conn.info.get(_FLUSHING):
        return
    stray = tables_named(statement) if allowed is None else unlimited_tables(statement) - allowed
    if stray:
        raise Refused(f"a statement reached {', '.join(sorted(stray))} without the reader's scope")


class Limited(FunctionElement[bool]):
    """A criterion that leaves its mark in the SQL: `/*alias.id*/ (criterion)`."""

    type = Boolean()
    inherit_cache = True

    def __init__(self, model: Any, criterion: ColumnElement[bool]) -> None:
        super().__init__(model.id, criterion)

    def self_group(self, against: Any = None) -> Any:
        # Stay bare: `(criterion) = 1`, as SQLAlchemy would write it for SQLite, uses no index.
        return self


@compiles(Limited)
def _compile_limited(element: Limited, compiler: Any, **kw: Any) -> str:
    marked, criterion = element.clauses
    return f"/*{_TOKEN} {compiler.process(marked, **kw)}*/ ({compiler.process(criterion, **kw)})"


def never() -> ColumnElement[bool]:
    """False, in a form that SQLAlchemy does not fold with what stands beside it: a mark would go too."""
    return literal_column("1") == literal_column("0")


def unlimited(model: Any) -> Any:
    """The model's table, or a link table, under a name that the tripwire lets pass: for the criteria's
    own subqueries.
    """
    table: Table = model if isinstance(model, Table) else inspect(model).local_table
    return table.alias(f"{_OPEN}{table.name}"[:MAX_IDENTIFIER])


# --- which classes and tables a statement uses ---------------------------------------------------

_MOST_REMEMBERED = 500
_models_memo: dict[Any, frozenset[type]] = {}
_writes_memo: dict[Any, bool] = {}


def _remembered(memo: dict[Any, T], statement: Any, find: Callable[[Any], T]) -> T:
    """What was found out about a statement of this form, by its cache key."""
    key = statement._generate_cache_key()
    if key is None:
        return find(statement)
    found = memo.get(key.key)
    if found is None:
        if len(memo) > _MOST_REMEMBERED:
            memo.clear()
        found = memo[key.key] = find(statement)
    return found


def _writes_on_its_way(statement: Any) -> bool:
    """Whether a select changes rows, as PostgreSQL lets a CTE do."""
    return any(isinstance(element, UpdateBase) for element in visitors.iterate(statement))


def models_of(statement: Any) -> frozenset[type]:
    """The mapped classes anywhere in a statement."""
    return _remembered(_models_memo, statement, _walk)


def _walk(statement: Any) -> frozenset[type]:
    found: set[type] = set()
    for element in visitors.iterate(statement):
        _refuse_blind_spots(element)
        found.update(_classes(element))
        if isinstance(element, Select):
            for target, *_rest in element._setup_joins:
                found.update(_classes(target))
        for option in getattr(element, "_with_options", ()):
            found.update(_loaded_by(option))
    return frozenset(found)


def _refuse_blind_spots(element: Any) -> None:
    """What could undo a criterion that stands beside it, or look like one."""
    if isinstance(element, UpdateBase):
        raise Refused("a select may not change rows on its way")
    if isinstance(element, TextClause) or (isinstance(element, ColumnClause) and element.is_literal):
        if not (str(element) == "*" or str(element).isdecimal()):  # as `count()` and `exists()` have them
            raise Refused("text in a statement: it may stand before or after a criterion and undo it")
    elif isinstance(element, Select):
        if element._prefixes or element._suffixes or element._hints or element._statement_hints:
            raise Refused("text in a statement: it may stand before or after a criterion and undo it")
        if any(how["full"] for _target, _on, _left, how in element._setup_joins):
            raise Refused("a full join shows the rows that its condition leaves out")
    elif isinstance(element, Join):
        if element.full:
            raise Refused("a full join shows the rows that its condition leaves out")
    elif isinstance(element, AliasedReturnsRows) and element.name.startswith(_OPEN):
        raise Refused(f"names beginning with {_OPEN} are for the criteria's own subqueries")


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
def _links_of(models: frozenset[type], loading: bool) -> frozenset[str]:
    """The link tables that may be read along with the classes; they have no criteria of their own.

    A statement must limit what a link leads to on all sides. While a relationship is `loading`,
    one side is a record that the reader has already.
    """
    mappers: list[Mapper[Any]] = [inspect(model) for model in models]
    limited = {str(table.name) for mapper in mappers for table in mapper.tables if isinstance(table, Table)}
    found = set()
    for table in metadata.tables.values():
        ends = {key.column.table.name for key in table.foreign_keys}
        if table.name not in _class_of_table and (ends & limited if loading else ends and ends <= limited):
            found.add(table.name)
    return frozenset(found)


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
    """Our tables that an SQL text reads from or writes to, whoever wrote it and however."""
    return frozenset(table for table, _alias in _pattern(len(metadata.tables)).findall(statement))


@lru_cache(maxsize=4000)
def unlimited_tables(statement: str) -> frozenset[str]:
    """Those of the tables that a statement limits less often than it names them."""
    found = _pattern(len(metadata.tables)).findall(statement)
    named = [(table, alias or table) for table, alias in found if not alias.startswith(_OPEN)]
    times, marks = Counter(alias for _table, alias in named), Counter(_MARK.findall(statement))
    return frozenset(table for table, alias in named if marks[alias] < times[alias])


def forget_tables() -> None:
    """Read statements anew: tables have come or gone."""
    for remembered in (tables_named, unlimited_tables, _pattern, _links_of):
        remembered.cache_clear()


_TOKEN = secrets.token_hex(4)  # so that nothing else in a statement can look like a mark
_MARK = re.compile(rf"/\*{_TOKEN} (\w+)\.id\*/")


@lru_cache(maxsize=4)
def _pattern(_how_many: int) -> re.Pattern[str]:
    """One of our tables where it is not the start of `table.column`, and its alias if it has one."""
    names = "|".join(sorted(metadata.tables))
    return re.compile(rf"(?<!\w)({names})\b(?!\s*\.)[`\"]?(?:\s+AS\s+(\w+))?", re.IGNORECASE)
