"""联系人: people at customers (M55)."""

from __future__ import annotations

from core.fields import Boolean, Choice, Date, Reference, Text
from core.i18n import _
from core.models import Contact
from core.services.contacts import ContactRules
from core.services.ownership import acting_user
from plugins import Entity, Field, Group

BUYING_ROLES = {
    "economic": _("Economic buyer"),
    "user": _("User buyer"),
    "technical": _("Technical buyer"),
    "coach": _("Coach"),
    "other": _("Other role"),
}

CONTACT = Entity(
    key="core.contact",
    model=Contact,
    title=_("Contact"),
    plural=_("Contacts"),
    icon="address-book",
    help=_("The people you deal with at a customer: who decides, who is asked, how to reach them."),
    sort="name",
    fields=(
        Field("code", Text(32), _("Code"), create_only=True, searchable=True),
        Field("customer", Reference("core.customer"), _("Customer"), required=True),
        Field("name", Text(100), _("Name"), required=True, searchable=True, sort="sort_key"),
        Field("title", Text(100), _("Job title")),
        Field("department", Text(100), _("Department")),
        Field("buying_role", Choice(BUYING_ROLES), _("Buying role")),
        Field("phone", Text(64), _("Phone"), searchable=True),
        Field("mobile", Text(64), _("Mobile"), searchable=True),
        Field("email", Text(200), _("Email"), searchable=True),
        Field("birthday", Date(lunar="birthday_lunar"), _("Birthday")),
        Field("birthday_lunar", Boolean(), _("Lunar birthday"), required=True, default=lambda ctx: False),
        Field("is_main", Boolean(), _("Main contact"), required=True, default=lambda ctx: False),
        Field("owner", Reference("core.user"), _("Owner"), default=acting_user),
    ),
    columns=("name", "customer", "title", "mobile", "email", "is_main"),
    groups=(
        Group(_("Profile"), ("name", "customer", "code", "title", "department", "buying_role", "is_main")),
        Group(_("Contact details"), ("phone", "mobile", "email")),
        Group(_("Personal"), ("birthday", "birthday_lunar")),
        Group(_("Responsibility"), ("owner",)),
    ),
    rules=ContactRules(),
)
