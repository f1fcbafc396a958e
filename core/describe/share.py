"""共享: a single record opened to a user, a unit or a role."""

from __future__ import annotations

from core.fields import Document, Integer, Moment, Target, Text
from core.i18n import _
from core.models import Share
from core.services.shares import SHARED, ShareRules, check_actions
from plugins import Entity, Field, Group

SHARE = Entity(
    key="core.share",
    model=Share,
    title=_("Share"),
    plural=_("Shares"),
    icon="link",
    label="id",
    natural_key="record",
    fields=(
        Field("entity", Text(64, names="entity"), _("Entity"), required=True, create_only=True),
        Field("record", Integer(1), _("Record"), required=True, create_only=True, column="record_id"),
        Field("to", Target(), _("To"), required=True, create_only=True),
        Field("actions", Document(check_actions, SHARED), _("Actions"), required=True),
        Field("from", Moment(), _("From"), column="from_at"),
        Field("until", Moment(), _("Until"), column="until_at"),
    ),
    columns=("entity", "record", "to", "actions", "until"),
    groups=(Group(_("Share"), ("entity", "record", "to", "actions", "from", "until")),),
    rules=ShareRules(),
)
