"""The rules of activities (M56): what is done leads to what comes next."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from typing import Any

from core.errors import Invalid
from core.i18n import _
from core.models import Activity, Contact
from core.services import records, writes
from core.services.events import publish
from core.services.happenings import ActivityCompleted
from core.services.intake import Taken
from core.services.notices import notify
from core.services.work import Ctx
from plugins import Rules

KEY = "core.activity"
FOLLOW_UP = "task"  # what comes next if nobody says what


class ActivityRules(Rules):
    """A contact is one of the customer's; completing with a next date plans the next activity."""

    def keys(self, values: Mapping[str, Any]) -> Iterable[Hashable]:
        return ()  # no row finds another one, and the next activity is nobody's concern in the file

    def prepare(self, ctx: Ctx, record: Activity | None, values: dict[str, Any], creating: bool) -> None:
        contact_id = values.get("contact", record.contact_id if record else None)
        if contact_id is not None and values.keys() & {"contact", "customer"}:
            contact = ctx.system.get_one(Contact, contact_id)
            customer_id = values.get("customer", record.customer_id if record else None)
            if customer_id is None:
                values["customer"] = contact.customer_id
            elif customer_id != contact.customer_id:
                raise Invalid(errors={"contact": [_("This contact belongs to another customer.")]})
        when = (values.get(name, record and getattr(record, name)) for name in ("next_at", "next_due"))
        if values.get("next_step") is not None and not any(when):
            raise Invalid(errors={"next_at": [_("Say when the next step is due.")]})

    def stored(self, ctx: Ctx, record: Activity, values: Mapping[str, Any], creating: bool) -> None:
        if not values.get("done") or ctx.journal.undoes:
            return  # what followed from it comes back by itself when it is done again
        if record.next_at is not None or record.next_due is not None:
            _plan_next(ctx, record)
        publish(ctx, ActivityCompleted(record.id, record.kind, record.customer_id, planned=not creating))


def tell_who_gave_it(ctx: Ctx, event: ActivityCompleted) -> None:
    """Its owner and whoever entered it hear that what they had given to others is done (M8)."""
    if not event.planned or ctx.work.historical:
        return
    activity = ctx.system.get_one(Activity, event.activity_id)
    for user_id in {activity.owner_id, activity.created_by_id} - {ctx.identity.user_id}:
        if user_id is not None:
            notify(ctx, user_id, "core.activity_done", _("${about} is done."), about=activity, due=activity.due)


def _plan_next(ctx: Ctx, done: Activity) -> None:
    """The next activity, planned for `next_at` or the day `next_due`, with the same people; of the owner's making.

    A call is followed by something to do, not by a call, unless it is said.

    Whoever has the activity need not see the customer: what it refers to is taken over, not looked up.
    """
    following = {
        "kind": done.next_kind or FOLLOW_UP,
        "subject": done.next_step or done.subject,
        "at": done.next_at,
        "due": done.next_due,
        "customer": done.customer_id,
        "contact": done.contact_id,
        "assignee": done.assignee_id,
    }
    taken = Taken({name: value for name, value in following.items() if value is not None})
    entity = ctx.catalog[KEY]
    writes.may_try(ctx, entity)
    records.make(ctx, entity, taken, dict(taken.values))
