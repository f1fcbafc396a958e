"""A condition as an SQL expression that is true or false, never NULL."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Integer,
    Select,
    Unicode,
    and_,
    inspect,
    literal,
    not_,
    or_,
    select,
    true,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import aliased
from sqlalchemy.sql.functions import FunctionElement

from core.db.guard import never, unlimited
from core.security.catalog import Catalog, attribute_name
from core.security.conditions.syntax import (
    Among,
    Condition,
    Every,
    Key,
    Leaf,
    Matches,
    Node,
    Not,
    Path,
    Present,
    Range,
    Some,
    SqlContext,
    Step,
    Under,
    Value,
    plain,
    split_ids,
)
from core.security.others import CustomField, PluginField
from core.security.places import custom_value, rows_beside
from plugins import Entity

Source: TypeAlias = Any  # a mapped class, its Core table, or an alias of either
Criterion: TypeAlias = ColumnElement[bool]


def to_sql(condition: Condition, source: Source, catalog: Catalog, context: SqlContext) -> Criterion:
    """The criterion on rows of `source`: the entity's model, its Core table, or an alias of either.

    Other rows are reached by subqueries that stand on their own: over Core aliases, which no loader
    criteria reach, or, with `context.scoped`, over ORM aliases, so that the session's criteria
    limit every hop to what the reader sees.
    """
    return _Compiler(catalog, context).node(condition.root, source)


class _Compiler:
    def __init__(self, catalog: Catalog, context: SqlContext) -> None:
        self.catalog = catalog
        self.context = context
        self._aliases: dict[str, Source] = {}

    def node(self, node: Node, source: Source) -> Criterion:
        match node:
            case Every(parts):
                return and_(true(), *(self.node(part, source) for part in parts))
            case Some(parts):
                return or_(never(), *(self.node(part, source) for part in parts))
            case Not(part):
                return not_(self.node(part, source))
            case _:
                return self._through(node.path, source, lambda end: self._leaf(node, end))

    def _through(self, path: Path, source: Source, test: Callable[[Source], Criterion]) -> Criterion:
        """Follow the references and test the rows at the end: no row, no match."""
        if not isinstance(path[0].field, PluginField):
            return self._onwards(path, source, test)
        rows, criterion = rows_beside(path[0].field, scoped=self.context.scoped)
        matching = select(_id(rows)).where(criterion, self._onwards(path, rows, test))
        return _among(_id(source), matching)

    def _onwards(self, path: Path, source: Source, test: Callable[[Source], Criterion]) -> Criterion:
        """The same from the rows that the first field is in."""
        if len(path) == 1:
            return test(source)
        target = self._rows(path[1].entity)
        matching = select(_id(target)).where(self._through(path[1:], target, test))
        return _among(_column(source, path[0]), matching)

    def _rows(self, entity: Entity) -> Source:
        """The alias of the entity's rows for all subqueries; see `to_sql`.

        It takes long to make. One is enough: no subquery looks out of itself, so that inside one
        another each means its own rows.
        """
        if entity.key not in self._aliases:
            scoped = self.context.scoped
            self._aliases[entity.key] = aliased(entity.model) if scoped else unlimited(entity.model)
        return self._aliases[entity.key]

    # --- leaves ---------------------------------------------------------------------------------

    def _leaf(self, node: Leaf, source: Source) -> Criterion:
        step = node.path[-1]
        if step.kind == "references":
            return self._linked(node, source)
        column = _column(source, step)
        match node:
            case Present():
                return column.is_not(None)
            case Among(_, values) if step.kind == "reference":
                return self._refers(column, step, values)
            case Among(_, values):
                return _among(column, [plain(value, self.context) for value in values])
            case Range():
                return self._within(column, node)
            case Matches():
                return _matches(source, node)
            case Under(_, values, parent):
                return _among(column, self._tree(step, values, parent))

    def _within(self, column: Any, node: Range) -> Criterion:
        kind, ends = node.path[-1].kind, [column.is_not(None)]
        if node.low is not None:
            low = node.low.edge(kind, self.context, low=True)
            ends.append(column >= low if node.low.inclusive else column > low)
        if node.high is not None:
            high = node.high.edge(kind, self.context, low=False)
            ends.append(column <= high if node.high.inclusive else column < high)
        return and_(*ends)

    def _linked(self, node: Leaf, source: Source) -> Criterion:
        """A test of a set of references: on the rows of the link table."""
        step = node.path[-1]
        relation: Any = inspect(step.entity.model).relationships[attribute_name(step.field)]
        links = relation.secondary.alias()
        pairs = (relation.synchronize_pairs, relation.secondary_synchronize_pairs)
        here, there = (links.c[pair[0][1].key] for pair in pairs)
        matching = select(here)
        if isinstance(node, Among):
            matching = matching.where(self._refers(there, step, node.values))
        if self.context.scoped:  # a reader has only the references to records that he sees
            matching = matching.where(there.in_(select(_id(self._rows(self.catalog[step.refers_to])))))
        return _among(_id(source), matching)

    # --- references -----------------------------------------------------------------------------

    def _refers(self, column: Any, step: Step, values: tuple[Value, ...]) -> Criterion:
        """The column holds one of the ids, or the id of a record with one of the natural keys.

        In a reader's own filter a written id counts only where he sees the record: else the filter
        would tell which records refer to a hidden one.
        """
        mine, ids, keys = split_ids(values, self.context)
        looked_up = ids if self.context.scoped else []
        criterion = _among(column, mine if self.context.scoped else mine + ids)
        if looked_up or keys:
            return or_(criterion, _among(column, self._targets(step, looked_up, keys)))
        return criterion

    def _targets(self, step: Step, ids: list[int], keys: list[Key]) -> Select[Any]:
        """The ids of the records that a field refers to, found by id or by natural key."""
        entity = self.catalog[step.refers_to]
        target = self._rows(entity)
        found = [_id(target).in_(ids)] if ids else []
        if keys:
            fixed = [_column(target, Step(entity, entity.field(name))) == value for name, value in keys[0].within]
            natural_key = _column(target, Step(entity, entity.field(entity.natural_key)))
            found.append(and_(natural_key.in_([key.text for key in keys]), *fixed))
        return select(_id(target)).where(or_(*found))

    def _tree(self, step: Step, values: tuple[Value, ...], parent: Step) -> Select[Any]:
        """The ids of some records and of all below them.

        The recursion stands inside the subquery under a name of its own, so that any number of
        them, copied or not, fit into one statement; UNION ends it even where the tree has a ring.
        """
        row = self._rows(parent.entity)
        tree = select(_id(row)).where(self._refers(_id(row), step, values)).cte(recursive=True, nesting=True)
        tree = tree.union(select(_id(row)).where(_column(row, parent) == tree.c.id))
        return select(tree.c.id)


# --- columns and comparisons ----------------------------------------------------------------------


def _id(source: Source) -> Any:
    return source.c.id if isinstance(source, FromClause) else source.id


def _column(source: Source, step: Step) -> Any:
    if isinstance(step.field, CustomField):
        return custom_value(_attribute(source, step, "custom"), step.field)
    return _attribute(source, step, attribute_name(step.field))


def _attribute(source: Source, step: Step, name: str) -> Any:
    if isinstance(source, FromClause):
        field = step.field
        model = field.model if isinstance(field, PluginField) else step.entity.model
        return source.c[inspect(model).columns[name].key]
    return getattr(source, name)


def _among(column: Any, wanted: list[Any] | Select[Any]) -> Criterion:
    """The column holds one of the values or ids; neither list nor select holds NULL."""
    if isinstance(wanted, list) and not wanted:
        return never()
    if isinstance(wanted, list) and len(wanted) == 1:
        return and_(column.is_not(None), column == wanted[0])
    return and_(column.is_not(None), column.in_(wanted))


def _matches(source: Source, node: Matches) -> Criterion:
    step = node.path[-1]
    folded = f"{attribute_name(step.field)}_folded"
    column = _attribute(source, step, folded) if node.fold else _column(source, step)
    if not node.needle:
        return never()
    if node.prefix:
        return and_(column.is_not(None), or_(*(_position(column, text) == 1 for text in node.beginnings)))
    return and_(column.is_not(None), _position(column, node.needle) > 0)


def _position(column: Any, text: str) -> Position:
    return Position(column, literal(text, Unicode()))


class Position(FunctionElement[int]):
    """Where the second text begins in the first, from 1; 0 if nowhere. Literal, by the column's collation.

    Not LIKE: what stands in the text is never a pattern.
    """

    name = "position"
    type = Integer()
    inherit_cache = True


@compiles(Position)
def _instr(element: Position, compiler: Any, **kw: Any) -> str:
    return f"instr({compiler.process(element.clauses, **kw)})"


@compiles(Position, "postgresql")
def _strpos(element: Position, compiler: Any, **kw: Any) -> str:
    return f"strpos({compiler.process(element.clauses, **kw)})"


@compiles(Position, "mssql")
def _charindex(element: Position, compiler: Any, **kw: Any) -> str:
    text, needle = element.clauses
    return f"charindex({compiler.process(needle, **kw)}, {compiler.process(text, **kw)})"


@compiles(Position, "ibm_db_sa")
def _locate(element: Position, compiler: Any, **kw: Any) -> str:
    text, needle = element.clauses
    return f"locate({compiler.process(needle, **kw)}, {compiler.process(text, **kw)})"
