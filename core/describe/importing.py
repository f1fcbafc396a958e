"""导入: the files that somebody has imported. Each sees his own."""

from __future__ import annotations

from core.fields import Choice, Integer, Moment, Reference, Text
from core.i18n import _
from core.models import Import
from core.services.importing.store import DONE, DRAFT, REVERTED, REVERTING, STARTED
from plugins import Entity, Field, Group, Rules

STATES = {
    DRAFT: _("Not started"),
    STARTED: _("Running"),
    DONE: _("Done"),
    REVERTING: _("Being taken back"),
    REVERTED: _("Taken back"),
}


class ImportRules(Rules):
    """What happened is not written by hand."""

    closed = _("An import begins on the list of what is imported.")


IMPORT = Entity(
    key="core.import",
    model=Import,
    title=_("Import"),
    plural=_("Imports"),
    icon="file-spreadsheet",
    sort="-id",
    label="file",
    natural_key="file",
    fields=(
        Field("file", Text(200), _("File"), read_only=True),
        Field("entity", Text(64, names="entity"), _("Entity"), read_only=True),
        Field("state", Choice(STATES, aside=(REVERTING, REVERTED)), _("State"), read_only=True),
        Field("user", Reference("core.user"), _("User"), read_only=True),
        Field("rows", Integer(), _("Rows"), read_only=True),
        Field("created", Integer(), _("Rows created"), read_only=True),
        Field("updated", Integer(), _("Rows updated"), read_only=True),
        Field("skipped", Integer(), _("Rows skipped"), read_only=True),
        Field("failed", Integer(), _("Rows failed"), read_only=True),
        Field("started", Moment(), _("Started at"), read_only=True, column="started_at"),
        Field("ended", Moment(), _("Ended at"), read_only=True, column="ended_at"),
        Field("reverted", Integer(), _("Taken back"), read_only=True),
    ),
    columns=("file", "entity", "state", "rows", "created", "updated", "failed", "created_at"),
    groups=(
        Group(_("Import"), ("file", "entity", "state", "user", "started", "ended")),
        Group(_("Result"), ("rows", "created", "updated", "skipped", "failed", "reverted")),
    ),
    rules=ImportRules(),
)
