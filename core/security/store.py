"""Rights, kept across requests as long as the facts behind them stand.

`core_epoch` counts changes of facts: `rights` for units, users, roles, terms and the fields that
administrators define, `shares` for shares. A request reads both numbers when it begins; what was
compiled under other numbers is compiled anew. What is read after the numbers can only be newer than
they say, never older. What a transaction reads after it has written something is not kept: it may be
rolled back.
"""

from __future__ import annotations

import datetime as dt
from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from core.db.guard import has_written
from core.errors import Forbidden
from core.models import CustomField, Role, Share, Unit, User, user_role
from core.security.catalog import Catalog
from core.security.org import Node, Org
from core.security.rights import Person, Rights, Shares
from plugins import PROFILES

MOST_USERS = 5000
MOST_SHARES = 1000  # per entity and action; more goes through a role or a unit


@dataclass(frozen=True)
class Epochs:
    """The counters as the current transaction sees them."""

    rights: int
    shares: int


class RightsStore:
    """One per application. The sessions given to it are the system's."""

    def __init__(self, catalog: Catalog, zone: str) -> None:
        self._entities, self.zone = catalog, zone
        self._lock = Lock()
        self._catalog: tuple[int, Catalog] | None = None
        self._org: tuple[int, Org] | None = None
        self._rights: OrderedDict[int, tuple[tuple[Epochs, dt.date], Rights]] = OrderedDict()

    def org(self, session: Session, epochs: Epochs) -> Org:
        """The tree of units."""
        known = self._org
        if known is not None and known[0] == epochs.rights:
            return known[1]
        rows = session.execute(select(Unit.id, Unit.code, Unit.name, Unit.kind, Unit.parent_id, Unit.base_currency))
        org = Org(Node(*row) for row in rows)
        if not has_written(session):
            self._org = (epochs.rights, org)
        return org

    def catalog(self, session: Session, epochs: Epochs) -> Catalog:
        """The entities with the fields that administrators have defined by now."""
        known = self._catalog
        if known is not None and known[0] == epochs.rights:
            return known[1]
        wanted = select(CustomField).where(CustomField.active, CustomField.deleted_at.is_(None))
        catalog = self._entities.customized(session.scalars(wanted).all())
        if not has_written(session):
            self._catalog = (epochs.rights, catalog)
        return catalog

    def rights(self, session: Session, user_id: int, epochs: Epochs, now: dt.datetime, today: dt.date) -> Rights:
        """The user's rights at `now`; `today` is the site's business date. Forbidden for one who has left."""
        key = (epochs, today)
        with self._lock:
            known = self._rights.get(user_id)
            if known is not None and known[0] == key and _fresh(known[1].shares, now):
                self._rights.move_to_end(user_id)
                return known[1]
        org = self.org(session, epochs)
        person = _person(session, user_id)
        shares = _shares(session, person, org, now)
        rights = Rights(person, org, shares, self.catalog(session, epochs), today, self.zone)
        if has_written(session):
            return rights
        with self._lock:
            self._rights[user_id] = (key, rights)
            if len(self._rights) > MOST_USERS:
                self._rights.popitem(last=False)
        return rights


def _fresh(shares: Shares, now: dt.datetime) -> bool:
    return shares.valid_until is None or now < shares.valid_until


def _person(session: Session, user_id: int) -> Person:
    present = select(User.unit_id, User.clearance).where(User.id == user_id, User.active, User.deleted_at.is_(None))
    found = session.execute(present).one_or_none()
    if found is None:
        raise Forbidden
    unit_id, clearance = found
    roles = session.execute(
        select(Role.id, Role.grants, Role.field_rights, Role.profile)
        .join(user_role, user_role.c.role_id == Role.id)
        .where(user_role.c.user_id == user_id, Role.deleted_at.is_(None))
        .order_by(Role.id)
    ).all()
    return Person(
        user_id,
        unit_id,
        clearance,
        tuple(role.id for role in roles),
        tuple(grant for role in roles for grant in role.grants),
        tuple(rule for role in roles for rule in role.field_rights),
        max((role.profile or PROFILES[0] for role in roles), key=PROFILES.index, default=PROFILES[0]),
    )


def _shares(session: Session, person: Person, org: Org, now: dt.datetime) -> Shares:
    """A share to a unit is a share to its people and to those of the units below it."""
    units = org.ancestors(person.unit_id)
    rows = session.execute(
        select(Share.entity, Share.record_id, Share.actions, Share.from_at, Share.until_at)
        .where(
            or_(
                Share.to_user_id == person.user_id,
                Share.to_unit_id.in_(units),
                Share.to_role_id.in_(person.role_ids),
            ),
            or_(Share.until_at.is_(None), Share.until_at > now),
        )
        .order_by(Share.id)
    )
    ids: dict[tuple[str, str], set[int]] = {}
    turns: list[dt.datetime] = []
    for entity, record_id, actions, from_at, until_at in rows:
        turns += [moment for moment in (from_at, until_at) if moment is not None and moment > now]
        if from_at is not None and from_at > now:
            continue
        for action in actions:
            known = ids.setdefault((entity, action), set())
            if len(known) < MOST_SHARES:
                known.add(record_id)
    return Shares({key: tuple(sorted(found)) for key, found in ids.items()}, min(turns, default=None))
