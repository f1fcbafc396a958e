"""活动: visits, calls, mails, meetings, notes and tasks (M56)."""

from __future__ import annotations

from core.fields import AnyRecord, Boolean, Choice, Date, Moment, Reference, References, Text
from core.i18n import _
from core.models import Activity
from core.services.activities import ActivityRules
from core.services.ownership import acting_user
from plugins import Entity, Field, Group, Timeline

KINDS = {
    "visit": _("Visit"),
    "call": _("Call"),
    "mail": _("Mail"),
    "meeting": _("Meeting"),
    "note": _("Note"),
    "task": _("Task"),
}

ICONS = {"visit": "map-pin", "call": "phone", "mail": "mail", "meeting": "users", "note": "note", "task": "checks"}

ACTIVITY = Entity(
    key="core.activity",
    model=Activity,
    title=_("Activity"),
    plural=_("Activities"),
    icon="calendar",
    help=_("Visits, calls, mails, meetings, notes and tasks: what was done with a customer, and what comes next."),
    sort="-at",
    label="subject",
    natural_key="subject",
    fields=(
        Field("kind", Choice(KINDS), _("Kind"), required=True, default=lambda ctx: "task"),
        Field("subject", Text(200), _("Subject"), required=True, searchable=True),
        Field("body", Text(20000, lines=True), _("Content"), column="content"),
        Field("at", Moment(kept="done"), _("At"), column="happens_at"),
        Field("due", Date(kept="done"), _("Due")),
        Field("done", Boolean(), _("Done"), required=True, default=lambda ctx: False),
        Field("result", Text(20000, lines=True), _("Result"), column="outcome"),
        Field("next_step", Text(200), _("Next step")),
        Field("next_kind", Choice(KINDS), _("Next kind")),
        Field("next_due", Date(), _("Next due")),
        Field("next_at", Moment(), _("Next at")),
        Field("customer", Reference("core.customer"), _("Customer")),
        Field("contact", Reference("core.contact"), _("Contact")),
        Field("about", AnyRecord(), _("About")),
        Field("owner", Reference("core.user"), _("Owner"), required=True, default=acting_user),
        Field("assignee", Reference("core.user"), _("Assignee"), default=acting_user),
        Field("participants", References("core.user"), _("Participants")),
    ),
    columns=("subject", "kind", "customer", "assignee", "at", "due", "done"),
    groups=(
        Group(_("Activity"), ("subject", "kind", "at", "due", "done")),
        Group(_("With whom"), ("customer", "contact", "about")),
        Group(_("Content"), ("body", "result", "next_step", "next_kind", "next_due", "next_at")),
        Group(_("Responsibility"), ("owner", "assignee", "participants")),
    ),
    timeline=Timeline(
        of=("customer", "contact", "about"),
        at="at",
        who="assignee",
        kind="kind",
        icons=ICONS,
        text=("contact", "body", "result"),
        done="done",
        due="due",
    ),
    rules=ActivityRules(),
)
