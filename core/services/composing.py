"""Writing down what was done with a record, and what comes next, in one go (M56)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from core.errors import Invalid
from core.fields import BadValue, Moment
from core.i18n import _
from core.models import Activity
from core.services import records
from core.services.activities import KEY
from core.services.work import Ctx
from plugins import Entity, Field

SUBJECT = 200
PLANNED = ("task",)  # kinds that are still to be done when they are written down


def place_of(activity: Entity, entity: Entity, record_id: int) -> dict[str, Any]:
    """How an activity names the record that it is of."""
    for field in _references(activity):
        if field.type.entity == entity.key:  # type: ignore[attr-defined]
            return {field.name: record_id}
    return {"about": {"entity": entity.key, "id": record_id}}


def companions(activity: Entity, entity: Entity, entities: Mapping[str, Entity]) -> list[tuple[Field, Field]]:
    """Further references of an activity to what is of the record, such as a customer's contact: the activity's
    field, and the field by which what it names refers to the record.
    """
    found = []
    for field in _references(activity):
        target = entities[field.type.entity]  # type: ignore[attr-defined]
        # A field of others is no way from a record to what is its own.
        ways = [one for one in target.fields if getattr(one.type, "entity", "") == entity.key and "." not in one.name]
        if target.key != entity.key and ways and ways[0].type.kind == "reference":
            found.append((field, ways[0]))
    return found


def _references(activity: Entity) -> list[Field]:
    named = activity.timeline.of if activity.timeline else ()
    return [field for field in map(activity.field, named) if field.type.kind == "reference"]


def write_down(ctx: Ctx, entity: Entity, record: Any, said: Mapping[str, Any]) -> Activity:
    """An activity of the record, by JSON values of its fields, with `text` for subject and content. Without a time
    it was now, unless it is a task; what lies ahead is planned. With `next_at` or `next_due` the next step is planned,
    too.

    Raises Forbidden, Conflict, Invalid.
    """
    activity = ctx.catalog[KEY]
    values = {name: value for name, value in said.items() if name != "text"}
    values |= place_of(activity, entity, record.id) | _worded(str(said.get("text", "")))
    is_task = values.get("kind") in PLANNED
    if values.get("at") is None and not is_task:
        values["at"] = ctx.now.isoformat()
    values["done"] = not is_task and not _is_ahead(ctx, values.get("at"))
    try:
        made: Activity = records.create(ctx, activity, values)
    except Invalid as invalid:
        raise Invalid(invalid.detail, errors=_as_asked(invalid.errors)) from invalid
    return made


def _worded(text: str) -> dict[str, str]:
    """The first line as the subject, the whole as the content if it says more."""
    whole = text.strip()
    first = whole.partition("\n")[0].strip()
    subject = first if len(first) <= SUBJECT else f"{first[: SUBJECT - 1]}…"
    return {"subject": subject} | ({"body": whole} if whole != subject else {})


def _is_ahead(ctx: Ctx, at: Any) -> bool:
    try:
        moment = Moment().parse(at)
    except BadValue:
        return False  # which its field says in its own words
    return moment is not None and moment > ctx.now + dt.timedelta(minutes=5)


def _as_asked(errors: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """What is wrong by the names of the form: subject and content are one text there."""
    found = {name: list(messages) for name, messages in errors.items() if name not in ("subject", "body")}
    wrong = [*errors.get("subject", ()), *errors.get("body", ())]
    return found | ({"text": [_("Say in a few words what it was.")] if "subject" in errors else wrong} if wrong else {})
