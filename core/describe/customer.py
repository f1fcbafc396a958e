"""客户: the customer master (M46)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from core.fields import Choice, Date, Document, Integer, Moment, Money, Reference, Target, Text
from core.i18n import _
from core.models import Customer
from core.services.customers import NEW_STATES, CustomerRules
from core.services.merging import check_take, merge
from core.services.ownership import ASSIGN, OWNER, SECRECY, UNIT
from core.services.shares import SHARED, check_actions, share, unshare
from core.services.states import qualify, seal, unqualify, unseal
from plugins import Entity, Field, Group, Verb

STATES = {
    "target": _("Target"),
    "prospect": _("Prospect"),
    "formal": _("Formal"),
    "sealed": _("Sealed"),
}
KINDS = {"company": _("Company"), "person": _("Person")}
OF_COMPANIES = ("kind", ("company",))


def term(list_name: str) -> Reference:
    """A code of a list."""
    return Reference("core.term", within=(("list", list_name),))


REASON = Field("reason", Text(400), _("Reason"))
WHY = replace(REASON, required=True)
TO = Field("to", Target(), _("To"), required=True)


def _in(*states: str) -> Callable[[Any], bool]:
    """Whether a customer is in one of the states."""
    return lambda customer: customer.state in states


CUSTOMER = Entity(
    key="core.customer",
    model=Customer,
    title=_("Customer"),
    plural=_("Customers"),
    icon="building",
    help=_(
        "This is where you keep the companies and people you want to sell to, are selling to and have sold to. Each is"
        " created once; contacts, activities and trades hang from it."
    ),
    sort="name",
    fields=(
        Field("code", Text(32), _("Code"), create_only=True, searchable=True),
        Field("name", Text(200), _("Name"), required=True, searchable=True, sort="sort_key"),
        Field("short_name", Text(100), _("Short name"), searchable=True),
        Field("kind", Choice(KINDS), _("Kind"), required=True, default=lambda ctx: "company"),
        Field(
            "state",
            Choice(STATES, offered=NEW_STATES, aside=("sealed",)),
            _("State"),
            required=True,
            create_only=True,
            default=lambda ctx: "target",
        ),
        Field("level", term("level"), _("Level")),
        Field("industry", term("industry"), _("Industry")),
        Field("region", term("region"), _("Region")),
        Field("source", term("source"), _("Source")),
        Field("phone", Text(64), _("Phone"), searchable=True),
        Field("email", Text(200), _("Email")),
        Field("website", Text(200), _("Website")),
        Field("address", Text(400), _("Address")),
        Field("tax_no", Text(64), _("Tax number")),
        Field("employees", Integer(), _("Employees"), asked_when=OF_COMPANIES),
        Field("annual_revenue", Money(), _("Annual revenue")),
        Field("founded_on", Date(), _("Founded on"), asked_when=OF_COMPANIES),
        Field("developed_on", Date(), _("Developed on"), default=lambda ctx: ctx.today),
        Field(
            "parent",
            Reference("core.customer", inverse=_("Subsidiaries")),
            _("Head company"),
            asked_when=OF_COMPANIES,
        ),
        OWNER,
        UNIT,
        SECRECY,
        Field("note", Text(20000, lines=True), _("Note")),
    ),
    columns=("name", "state", "owner", "level", "region", "annual_revenue", "updated_at"),
    groups=(
        Group(
            _("Profile"),
            ("name", "short_name", "code", "kind", "state", "level", "industry", "region", "source"),
        ),
        Group(_("Contact details"), ("phone", "email", "website", "address")),
        Group(_("Business"), ("tax_no", "employees", "annual_revenue", "founded_on", "developed_on", "parent")),
        Group(_("Responsibility"), ("owner", "unit", "secrecy")),
        Group(_("Remarks"), ("note",)),
    ),
    rules=CustomerRules(),
    verbs=(
        Verb("qualify", _("Qualify"), "edit", qualify, (REASON,), when=_in("target"), bulk=True),
        Verb("unqualify", _("Withdraw"), "edit", unqualify, (REASON,), when=_in("prospect"), bulk=True),
        Verb("seal", _("Seal"), "seal", seal, (WHY,), when=_in("target", "prospect", "formal"), bulk=True),
        Verb("unseal", _("Unseal"), "unseal", unseal, (WHY,), when=_in("sealed"), bulk=True),
        ASSIGN,
        Verb(
            "share",
            _("Share"),
            "share",
            share,
            (
                TO,
                Field("actions", Document(check_actions, SHARED), _("Actions"), default=lambda ctx: ["view"]),
                Field("until", Moment(), _("Until")),
            ),
            bulk=True,
        ),
        Verb(
            "merge",
            _("Merge"),
            "merge",
            merge,
            (
                Field("source", Reference("core.customer"), _("Other customer"), required=True),
                Field("take", Document(check_take), _("Take")),
            ),
            page="/core/customers/{id}/merge",
        ),
        Verb("unshare", _("End sharing"), "share", unshare, (Field("to", Target(), _("To")),)),
    ),
)
