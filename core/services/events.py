"""Publishing what has happened to whoever wants to know, in this transaction or later."""

from __future__ import annotations

import datetime as dt
import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from decimal import Decimal
from functools import cache, partial
from typing import Any, Union, get_args, get_origin, get_type_hints
from uuid import uuid4

from core.db.guard import Refused
from core.services.jobs import queue
from core.services.work import Ctx
from plugins import ContractError, Event, Job, Subscriber
from plugins.errors import did_you_mean

DEEPEST = 5
LANES = ("now", "later")
_KINDS = (bool, int, str, Decimal, dt.date, dt.datetime)


def publish(ctx: Ctx, event: Event) -> None:
    """Tell all subscribers: those of the lane `now` at once, in their order; what one raises is raised here.
    For those of the lane `later` a job is asked for, with the actor's rights.

    What is pending is stored first. Raises Refused where events cause each other without an end.
    """
    if ctx.kernel.events.get(event.key) is not type(event):
        raise TypeError(f"{type(event).__name__} is not the event {event.key} that was registered")
    document = to_json(event)
    path = (*ctx.work.publishing, event.key)
    if len(path) > DEEPEST:
        raise Refused(f"events cause each other without an end: {' → '.join(path)}")
    heard = [one for one in ctx.kernel.subscribers.values() if one.event == event.key]
    if not heard:
        return
    ctx.work.flush()
    number = str(uuid4())
    ctx.work.publishing, outer = path, ctx.work.publishing
    try:
        for subscriber in heard:
            if subscriber.lane == "later":
                queue.enqueue(ctx, subscriber.key, document, unique=number)
            else:
                subscriber.run(ctx, event)
    finally:
        ctx.work.publishing = outer


def delivery(subscriber: Subscriber, kind: type[Event]) -> Job:
    """The job that brings an event to a subscriber of the lane `later`."""
    return Job(key=subscriber.key, title=subscriber.key, run=partial(_deliver, subscriber, kind))


def _deliver(subscriber: Subscriber, kind: type[Event], ctx: Ctx, document: Any) -> None:
    subscriber.run(ctx, from_json(kind, document))


# --- events as JSON -----------------------------------------------------------------------------------


def check_lane(subscriber: Subscriber, owner: str) -> None:
    """ContractError for a lane that is none: nobody would ever call the subscriber in it as it expects."""
    if subscriber.lane not in LANES:
        hint = did_you_mean(str(subscriber.lane), LANES) or "; say now or later"
        message = f"subscriber {subscriber.key}: there is no lane {subscriber.lane!r}{hint}"
        raise ContractError(f"plugin {owner!r}: {message}", owner)


def check(kind: Any, owner: str) -> None:
    """ContractError unless it is an event whose fields survive JSON."""
    if not (isinstance(kind, type) and issubclass(kind, Event) and hasattr(kind, "key")):
        raise ContractError(f"plugin {owner!r}: {kind!r:.80} is no event with a key", owner)
    if not (is_dataclass(kind) and kind.__dataclass_params__.frozen):
        raise ContractError(f"plugin {owner!r}: event {kind.key} is not a frozen dataclass", owner)
    for name, kinds in _fields(kind).items():
        if not set(kinds) <= {*_KINDS, type(None)} or len(set(kinds) - {type(None)}) != 1:
            raise ContractError(
                f"plugin {owner!r}: event {kind.key}: field {name} is not one of "
                f"{', '.join(one.__name__ for one in _KINDS)}, or None",
                owner,
            )


def _fields(kind: type[Event]) -> Mapping[str, tuple[Any, ...]]:
    """The types of each field; of `int | None` both."""
    return _looked_up(kind)  # type: ignore[arg-type]  # mypy takes the hash of an event for that of its class


@cache
def _looked_up(kind: Any) -> Mapping[str, tuple[Any, ...]]:
    hints = get_type_hints(kind)
    names = [field.name for field in fields(kind)]
    return {
        name: get_args(hints[name]) if get_origin(hints[name]) in (Union, types.UnionType) else (hints[name],)
        for name in names
    }


def to_json(event: Event) -> dict[str, Any]:
    """The event as a JSON object. TypeError for a value that is not of its field's type."""
    document = {}
    for name, kinds in _fields(type(event)).items():
        value = getattr(event, name)
        if type(value) not in kinds or (isinstance(value, dt.datetime) and value.tzinfo is None):
            raise TypeError(f"event {event.key}: {name} is {value!r}, which is not as declared")
        document[name] = value if value is None or isinstance(value, bool | int | str) else _text(value)
    return document


def _text(value: Any) -> str:
    if isinstance(value, dt.datetime):
        value = value.astimezone(dt.UTC)
    return str(value) if isinstance(value, Decimal) else str(value.isoformat())


def from_json(kind: type[Event], document: dict[str, Any]) -> Event:
    """The event that became this object."""
    values = {}
    for name, kinds in _fields(kind).items():
        if name in document:
            [plain] = set(kinds) - {type(None)}
            values[name] = document[name] if document[name] is None else _typed(plain, document[name])
    return kind(**values)


def _typed(kind: Any, value: Any) -> Any:
    if kind is Decimal:
        return Decimal(value)
    return kind.fromisoformat(value) if kind in (dt.date, dt.datetime) else value
