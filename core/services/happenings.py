"""What the kernel tells others of customers: facts of the business, in ids. Each is published in its transaction.

Undo publishes none: it takes back a change together with what was done in the lane `now` because of it.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from plugins import Event


@dataclass(frozen=True)
class ActivityCompleted(Event):
    """An activity is done. `planned`: it had been there before; otherwise it was only noted afterwards."""

    key = "core.ActivityCompleted"
    activity_id: int
    kind: str
    customer_id: int | None
    planned: bool


@dataclass(frozen=True)
class CustomerStateChanged(Event):
    """A verb or the trade ledger has moved a customer to another state (M48)."""

    key = "core.CustomerStateChanged"
    customer_id: int
    from_state: str
    to_state: str


@dataclass(frozen=True)
class TradeRecorded(Event):
    """A document counts in the trade ledger, for the first time or with other values."""

    key = "core.TradeRecorded"
    trade_id: int
    customer_id: int
    kind: str
    on: dt.date
    amount_base: Decimal


@dataclass(frozen=True)
class TradeVoided(Event):
    """A document of the trade ledger counts no longer."""

    key = "core.TradeVoided"
    trade_id: int
    customer_id: int
    kind: str


EVENTS: tuple[type[Event], ...] = (ActivityCompleted, CustomerStateChanged, TradeRecorded, TradeVoided)
