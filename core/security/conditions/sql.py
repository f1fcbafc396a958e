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
    false,
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

from core.security.catalog import Catalog, attribute_name
from core.security.conditions.syntax import (
    Among,
    Condition,
    Every,
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

    def node(self, node: Node, source: Source) -> Criterion:
        match node:
            case Every(parts):
                return and_(true(), *(self.node(part, source) for part in parts))
            case Some(parts):
                return or_(false(), *(self.node(part, source) for part in parts))
            case Not(part):
                return not_(self.node(part, source))
            case _:
                return self._through(node.path, source, lambda end: self._leaf(node, end))

    def _through(self, path: Path, source: Source, test: Callable[[Source], Criterion]) -> Criterion:
        """Follow the references and test the rows at the end: no row, no match."""
        if len(path) == 1:
            return test(source)
        target = self._rows(path[1].entity)
        matching = select(target_id(target)).where(self._through(path[1:], target, test))
        return _among(_column(source, path[0]), matching)

    def _rows(self, entity: Entity) -> Source:
        """A fresh alias of the entity's rows; see `to_sql`."""
        return aliased(entity.model) if self.context.scoped else inspect(entity.model).local_table.alias()

    # --- leaves ---------------------------------------------------------------------------------

    def _leaf(self, node: Leaf, source: Source) -> Criterion:
        step = node.path[-1]
        if step.field.type.kind == "references":
            return self._linked(node, source)
        column = _column(source, step)
        match node:
            case Present():
                return column.is_not(None)
            case Among(_, values) if step.field.type.kind == "reference":
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
        kind, ends = node.path[-1].field.type.kind, [column.is_not(None)]
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
        relation = inspect(step.entity.model).relationships[attribute_name(step.field)]
        links = relation.secondary.alias()
        here, there = (links.c[pairs[0][1].key] for pairs in (relation.synchronize_pairs, relation.secondary_synchronize_pairs))
        matching = select(here)
        if isinstance(node, Among):
            matching = matching.where(self._refers(there, step, node.values))
        return _among(_column(source, "id"), matching)

    # --- references -----------------------------------------------------------------------------

    def _refers(self, column: Any, step: Step, values: tuple[Value, ...]) -> Criterion:
        """The column holds one of the ids, or the id of a record with one of the natural keys.

        In a reader's own filter a written id counts only where he sees the record: else the filter
        would tell which records refer to a hidden one.
        """
        mine, ids, keys = split_ids(values, self.context)
        if keys or (ids and self.context.scoped):
            ...
