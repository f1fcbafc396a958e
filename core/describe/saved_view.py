"""视图: a way of looking at a list, kept for oneself or opened to a unit."""

from __future__ import annotations

from core.fields import Document, Reference, Text
from core.i18n import _
from core.models import SavedView
from core.services.ownership import acting_user
from core.services.saved_views import SavedViewRules, check_query, close_first, open_first
from plugins import Entity, Field, Group, Verb

SAVED_VIEW = Entity(
    key="core.saved_view",
    model=SavedView,
    title=_("Saved view"),
    plural=_("Saved views"),
    icon="bookmark",
    help=_("A list as you like to look at it, under a name. Save one with + beside the views of any list."),
    sort="entity,name",
    natural_key="name",
    fields=(
        Field("name", Text(60), _("Name"), required=True),
        Field(
            "entity",
            Text(64),
            _("Entity"),
            required=True,
            create_only=True,
            help=_("Whose list it shows, such as core.customer."),
        ),
        Field(
            "query",
            Document(check_query),
            _("Query"),
            column="asked",
            help=_("As in the address of the list: q, filter, sort, columns, group."),
        ),
        Field(
            "unit",
            Reference("core.unit"),
            _("Open to"),
            help=_("Whoever belongs to this unit or one below sees it. Empty: only you."),
        ),
        Field("owner", Reference("core.user"), _("Owner"), read_only=True, default=acting_user),
    ),
    columns=("name", "entity", "unit", "owner", "updated_at"),
    groups=(Group(_("Saved view"), ("name", "entity", "query", "unit", "owner")),),
    rules=SavedViewRules(),
    verbs=(
        Verb(
            "open-first",
            _("Open first"),
            "view",
            open_first,
            undo=_("It opens first until another one does, or none."),
        ),
        Verb(
            "close-first",
            _("Open no longer first"),
            "view",
            close_first,
            undo=_("It opens first until another one does, or none."),
        ),
    ),
)
