"""审计: what was done, by whom, when and through which door (M24). Written by the journal alone."""

from __future__ import annotations

from core.fields import Changes, Integer, Moment, Reference, Text
from core.i18n import _
from core.models import Audit
from plugins import Entity, Field, Group, Rules


class AuditRules(Rules):
    """Nobody alters the audit, not even an administrator."""

    closed = _("The audit trail is only read: nobody adds to it, changes or deletes it.")


AUDIT = Entity(
    key="core.audit",
    model=Audit,
    title=_("Audit entry"),
    plural=_("Audit trail"),
    icon="history",
    sort="-id",
    label="id",
    natural_key="record",
    fields=(
        Field("change", Text(36), _("Change"), read_only=True, column="batch"),
        Field("at", Moment(), _("When"), read_only=True, column="happened_at"),
        Field("actor", Reference("core.user"), _("Who"), read_only=True),
        Field("door", Text(16, names="door"), _("Door"), read_only=True),
        Field("action", Text(32, names="action"), _("Action"), read_only=True),
        Field("entity", Text(64, names="entity"), _("Entity"), read_only=True),
        Field("record", Integer(), _("Record"), read_only=True, column="record_id"),
        Field("changes", Changes(), _("Changes"), read_only=True),
    ),
    columns=("at", "actor", "action", "entity", "record", "door"),
    groups=(
        Group(_("Act"), ("at", "actor", "door", "action", "entity", "record", "change")),
        Group(_("Changes"), ("changes",)),
    ),
    rules=AuditRules(),
)
