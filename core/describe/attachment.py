"""附件: a file that hangs on a record."""

from __future__ import annotations

from core.fields import Integer, Text
from core.i18n import _
from core.models import Attachment
from plugins import Entity, Field, Group, Timeline

ATTACHMENT = Entity(
    key="core.attachment",
    model=Attachment,
    title=_("Attachment"),
    plural=_("Attachments"),
    icon="paperclip",
    sort="-id",
    natural_key="name",
    fields=(
        Field("entity", Text(64, names="entity"), _("Entity"), read_only=True),
        Field("record", Integer(1), _("Record"), read_only=True, column="record_id"),
        Field("name", Text(200), _("Name"), read_only=True),
        Field("media_type", Text(100), _("File type"), read_only=True),
        Field("size", Integer(), _("Size in bytes"), read_only=True),
        Field("sha256", Text(64), _("SHA-256"), read_only=True),
    ),
    columns=("name", "entity", "record", "media_type", "size", "created_at"),
    groups=(Group(_("File"), ("name", "entity", "record", "media_type", "size", "sha256")),),
    timeline=Timeline(),
)
