"""提醒: what the program tells a user. Each sees his own (M38)."""

from __future__ import annotations

from core.fields import AnyRecord, Boolean, Date, Message, Moment, Text
from core.i18n import _
from core.models import Notification
from core.services.notices import NotificationRules, read, unread
from plugins import Entity, Field, Group, Verb

NOTIFICATION = Entity(
    key="core.notification",
    model=Notification,
    title=_("Notification"),
    plural=_("Notifications"),
    icon="bell",
    sort="-id",
    label="id",
    natural_key="kind",
    fields=(
        Field("text", Message(), _("Text"), read_only=True, column="message"),
        Field("about", AnyRecord(), _("About"), read_only=True),
        Field("at", Moment(), _("At"), read_only=True, column="created_at"),
        Field("due", Date(), _("Due"), read_only=True),
        Field("read", Boolean(), _("Read"), read_only=True),
        Field("kind", Text(64), _("Kind"), read_only=True),
    ),
    columns=("text", "about", "at", "due", "read"),
    groups=(Group(_("Notification"), ("text", "about", "at", "due", "read", "kind")),),
    rules=NotificationRules(),
    verbs=(
        Verb("read", _("Mark as read"), "read", read),
        Verb("unread", _("Mark as unread"), "unread", unread),
    ),
)
