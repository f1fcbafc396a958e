"""A write hook that writes down every change of a customer's state, whichever door it comes through (M48)."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from sqlalchemy import Connection, insert, inspect, select
from sqlalchemy.orm import Session

from core.db.base import CustomerScoped, RecordScoped, stored_id
from core.db.guard import GuardedSession, unscoped
from core.errors import Conflict
from core.i18n import _
from core.models import Customer, CustomerState
from core.security.judge import STAMPED
from core.services.journal import Journal
from core.services.stamp import derived_columns

_USER = "core_user.id"
SEALED = _("This customer is archived. Reopen it first.")


@dataclass(frozen=True)
class Why:
    """What is known of a step besides the states: the rule or verb, the reason given, the document that proves it."""

    cause: str | None = None
    reason: str | None = None
    document: str | None = None


@dataclass(frozen=True)
class Step:
    """One change of state."""

    customer: Customer
    from_state: str | None
    to_state: str
    why: Why


class StateWatch:
    """Stands before the journal, which forgets the name of an action when it has written it down.

    It also keeps people from changing what is sealed, and from adding to it; elevated work may. Who looks after
    it may change: people leave, and what they held belongs to the company (M1).
    """

    def __init__(self, journal: Journal, now: dt.datetime) -> None:
        self._journal, self._now = journal, now
        self._steps: list[Step] = []
        self._why: dict[Customer, Why] = {}

    def explain(self, customer: Customer, why: Why) -> None:
        """Say more of the step that the customer is about to take."""
        self._why[customer] = why

    def before(self, session: Session, new: list[Any], dirty: list[Any], deleted: list[Any]) -> None:
        sealed = []
        for objects, created in ((new, True), (dirty, False)):
            customers = [obj for obj in objects if isinstance(obj, Customer)]
            sealed += [one for one in customers if not self._may_pass(session, one, created)]
        _refuse(sealed)
        children = [obj for obj in new if isinstance(obj, CustomerScoped)]
        children += [obj for obj in dirty if isinstance(obj, CustomerScoped) and not _changes_hands(obj)]
        self._nothing_under_seal(session, children)

    def after(self, session: Session) -> None:
        """The steps are stored at the end of the transaction, all at once."""

    def _may_pass(self, session: Session, customer: Customer, created: bool) -> bool:
        """Note the step that a customer takes; False for one that is sealed and takes none."""
        history = None if created else inspect(customer).attrs.state.history
        if history is None or history.has_changes():
            old = history.deleted[0] if history is not None and history.deleted else None
            if old != customer.state:
                cause = self._journal.action_of(customer) or ("created" if created else "edited")
                why = self._why.pop(customer, Why())
                self._steps.append(Step(customer, old, customer.state, replace(why, cause=why.cause or cause)))
            return True
        return customer.state != "sealed" or _changes_hands(customer) or _is_elevated(session)

    def _nothing_under_seal(self, session: Session, children: list[Any]) -> None:
        ids = {child.customer_id for child in children} - {None}
        if not ids or _is_elevated(session):
            return
        statement = select(Customer.id).where(Customer.id.in_(ids), Customer.state == "sealed")
        sealed = set(unscoped(session.connection(), statement).scalars())
        _refuse([child for child in children if child.customer_id in sealed])

    def mark(self) -> int:
        """How many steps there are, for `rewind`."""
        return len(self._steps)

    def rewind(self, mark: int) -> None:
        """These were not taken: a savepoint was rolled back."""
        del self._steps[mark:]

    def write(self, connection: Connection) -> None:
        if not self._steps:
            return
        who = self._journal.identity.user_id if self._journal.identity else None
        stamps = {"created_at": self._now, "created_by_id": who, "updated_at": self._now, "updated_by_id": who}
        rows = [
            {
                "customer_id": step.customer.id,
                "from_state": step.from_state,
                "to_state": step.to_state,
                **vars(step.why),
                "version": 1,
                **stamps,
            }
            for step in self._steps
        ]
        unscoped(connection, insert(CustomerState), rows)
        self._steps.clear()


def _refuse(sealed: list[Any]) -> None:
    """Conflict if there are any, naming those that are stored already."""
    if sealed:
        conflict = Conflict(SEALED, code="SEALED")
        stored = [(type(one), stored_id(one)) for one in sealed]
        conflict.at_fault = frozenset((model, number) for model, number in stored if number is not None)
        raise conflict


def _is_elevated(session: Any) -> bool:
    return isinstance(session, GuardedSession) and session.scope.everything


def _changes_hands(obj: Any) -> bool:
    """Whether nothing of a stored record changes but the people it names and the unit that goes with its owner."""
    model: Any = type(obj)
    return {one.key for one in inspect(obj).attrs if one.history.has_changes()} <= _people(model)


@cache
def _people(model: Any) -> frozenset[str]:
    columns: Any = inspect(model).column_attrs
    of_people = (one.key for one in columns for key in one.columns[0].foreign_keys if key.target_fullname == _USER)
    by_itself = (derived for _source, derived, _derive in derived_columns(model))
    unit = (model.UNIT,) if issubclass(model, RecordScoped) else ()
    return STAMPED.union(by_itself, of_people, unit)
