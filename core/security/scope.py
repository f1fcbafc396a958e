"""The two scopes of a session: a person's, and the system's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import with_loader_criteria
from sqlalchemy.sql.base import ExecutableOption

from core.db.base import AttachedTo, Binnable
from core.db.extension import BESIDE, Extension
from core.db.guard import Limited, Refused
from core.security.rights import Rights
from plugins import Entity

# Execution options of a person's select. `FOR` names the model that `ACTION` (one, or a tuple of which all are
# needed) and `GRANTED` are about; other classes in the statement are judged by `view`.
ACTION = "kehu_action"
FOR = "kehu_for"
GRANTED = "kehu_granted"
ROWS = "kehu_rows"  # "live" (default), "binned" or "any"
ATTACHED = "kehu_attached"  # (entity, id): rows attached to one record, already found visible


class SystemScope:
    """Sees everything. For the kernel itself and for elevated work, never for a request's session."""

    everything = True

    def options(self, models: frozenset[type], execution_options: Mapping[str, Any]) -> Sequence[ExecutableOption]:
        return ()


class PersonScope:
    """Sees what the rights allow; each class's criterion is built once and then reused."""

    everything = False

    def __init__(self, rights: Rights) -> None:
        self.rights = rights
        self._options = rights.loader_options

    def options(self, models: frozenset[type], execution_options: Mapping[str, Any]) -> Sequence[ExecutableOption]:
        attached, beside = execution_options.get(ATTACHED), execution_options.get(BESIDE)
        found = []
        for model in models:
            if beside is not None and issubclass(model, Extension):
                found.append(_limited(model, model.id.in_(beside)))
                continue
            # An extension's rows are those of the records that the same statement may show.
            main = execution_options.get(FOR) is (model.OF if issubclass(model, Extension) else model)
            rows = execution_options.get(ROWS, "live")
            if not main and FOR in execution_options and self._has_labels(model):
                rows = "any"  # a list finds its records by people and units that are gone, as it names them
            action = execution_options.get(ACTION, "view") if main else "view"
            granted = bool(main and execution_options.get(GRANTED))
            key = (model, action, rows, granted, attached if issubclass(model, AttachedTo) else None)
            option = self._options.get(key)
            if option is None:
                option = _limited(model, self._criterion(model, action, rows, granted, attached))
                if key[-1] is None:
                    self._options[key] = option
            found.append(option)
        return found

    def _has_labels(self, model: type) -> bool:
        entity = self.rights.catalog.of_model(model)
        return entity is not None and bool(entity.public)

    def _criterion(
        self, model: type, action: str | tuple[str, ...], rows: str, granted: bool, attached: tuple[str, int] | None
    ) -> ColumnElement[bool]:
        entity = self.rights.catalog.of_model(model)
        if entity is None and self.rights.catalog.extended_by(model) is not None:
            return self._follows(model, action, rows, granted)
        if entity is None:
            raise Refused(f"{model.__name__} is not an entity: read it in elevated work")
        if attached and issubclass(model, AttachedTo):
            criterion = self._attached(entity, attached)
        else:
            actions = (action,) if isinstance(action, str) else action
            criterion = and_(*(self.rights.criterion(entity, one, granted=granted) for one in actions))
        if issubclass(model, Binnable) and rows != "any":
            binned = model.deleted_at.is_not(None) if rows == "binned" else model.deleted_at.is_(None)
            criterion = and_(criterion, binned)
        return criterion

    def _follows(self, model: Any, action: str | tuple[str, ...], rows: str, granted: bool) -> ColumnElement[bool]:
        """The rows beside the records of the entity that the model extends."""
        extended: Any = model.OF
        record = Limited(extended, self._criterion(extended, action, rows, granted, None))
        # `correlate(None)`: the records stand in a FROM of their own, whatever else the statement has in it.
        found: ColumnElement[bool] = model.id.in_(select(extended.id).where(record).correlate(None))
        return found

    @staticmethod
    def _attached(entity: Entity, attached: tuple[str, int]) -> ColumnElement[bool]:
        model: Any = entity.model
        return and_(model.entity == attached[0], model.record_id == attached[1])


def _limited(model: Any, criterion: ColumnElement[bool]) -> ExecutableOption:
    """The criterion on the model and all its aliases, with its mark."""
    return with_loader_criteria(model, Limited(model, criterion), include_aliases=True, propagate_to_loaders=False)
