"""令牌: keys with which programs come to the API."""

from __future__ import annotations

from core.fields import Boolean, Moment, Reference, Text
from core.i18n import _
from core.models import Token
from core.services.ownership import acting_user
from core.services.tokens import TokenRules
from plugins import Entity, Field, Group

TOKEN = Entity(
    key="core.token",
    model=Token,
    title=_("API token"),
    plural=_("API tokens"),
    icon="lock",
    label="id",
    natural_key="name",
    fields=(
        Field("name", Text(200), _("Name")),
        Field("user", Reference("core.user"), _("User"), required=True, create_only=True, default=acting_user),
        Field("read_only", Boolean(), _("Read only"), required=True, create_only=True, default=lambda ctx: False),
        Field("expires", Moment(), _("Ends"), create_only=True, column="expires_at"),
    ),
    columns=("name", "user", "read_only", "expires"),
    groups=(Group(_("API token"), ("name", "user", "read_only", "expires")),),
    rules=TokenRules(),
)
