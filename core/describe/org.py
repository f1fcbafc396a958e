"""单位, 用户, 角色, 码表: who there is, what they may do, and the code lists."""

from __future__ import annotations

from typing import Any

from core.fields import Boolean, Choice, Document, Integer, Reference, References, Text
from core.i18n import LANGUAGE_NAMES, _
from core.models import NumberRule, Role, Term, Unit, User
from core.services.numbers import NumberRuleRules
from core.services.org import TermRules, UnitRules
from core.services.users import RoleRules, UserRules, deactivate, restore_user, set_password, unlock
from plugins import Entity, Field, Group, Verb

UNIT_KINDS = {
    "group": _("Group"),
    "company": _("Company"),
    "branch": _("Branch"),
    "dealer": _("Dealer"),
    "department": _("Department"),
}


def as_sent(value: Any) -> Any:
    """Checked by the entity's rules, which know the other entities."""
    return value


UNIT = Entity(
    key="core.unit",
    model=Unit,
    title=_("Unit"),
    plural=_("Units"),
    icon="stack-2",
    sort="code",
    public=("code", "name"),
    fields=(
        Field("code", Text(32), _("Code"), required=True, create_only=True),
        Field("name", Text(200), _("Name"), required=True),
        Field("kind", Choice(UNIT_KINDS), _("Kind"), required=True),
        Field("parent", Reference("core.unit"), _("Belongs to")),
        Field("base_currency", Text(3), _("Base currency")),
    ),
    columns=("name", "code", "kind", "parent", "base_currency"),
    groups=(Group(_("Profile"), ("name", "code", "kind", "parent", "base_currency")),),
    rules=UnitRules(),
)

USER = Entity(
    key="core.user",
    model=User,
    title=_("User"),
    plural=_("Users"),
    icon="users",
    sort="login",
    natural_key="login",
    public=("login", "name"),
    fields=(
        Field("login", Text(64), _("Login"), required=True, create_only=True),
        Field("name", Text(200), _("Name"), required=True, sort="sort_key"),
        Field("email", Text(200), _("Email")),
        Field("phone", Text(64), _("Phone")),
        Field("unit", Reference("core.unit"), _("Unit"), required=True),
        Field("roles", References("core.role"), _("Roles")),
        Field("language", Choice(LANGUAGE_NAMES), _("Language")),
        Field("time_zone", Text(64), _("Time zone")),
        Field("clearance", Integer(0, 3), _("Clearance")),
        Field("active", Boolean(), _("Active"), required=True, default=lambda ctx: True),
    ),
    columns=("name", "login", "unit", "roles", "active"),
    groups=(
        Group(_("Profile"), ("name", "login", "email", "phone", "unit", "language", "time_zone")),
        Group(_("Rights"), ("roles", "clearance", "active")),
    ),
    rules=UserRules(),
    verbs=(
        Verb(
            "set-password",
            _("Set password"),
            "edit",
            set_password,
            (Field("password", Text(200, strip=False), _("Password"), required=True),),
            undo=_("A password is never set back. Set a new one."),
        ),
        Verb("deactivate", _("Hand over and deactivate"), "edit", deactivate, page="/admin/leavers/{id}"),
        Verb("unlock", _("Unlock"), "unlock", unlock),
        Verb("restore", _("Restore"), "delete", restore_user, on_binned=True),
    ),
)

PROFILES = {"representative": _("Own day"), "manager": _("Department"), "executive": _("Overview")}

ROLE = Entity(
    key="core.role",
    model=Role,
    title=_("Role"),
    plural=_("Roles"),
    icon="user-check",
    sort="code",
    fields=(
        Field("code", Text(32), _("Code"), required=True, create_only=True),
        Field("name", Text(200), _("Name"), required=True),
        Field("grants", Document(as_sent), _("Grants")),
        Field("field_rights", Document(as_sent), _("Field rights")),
        Field("profile", Choice(PROFILES), _("Start page"), help=_("Of several roles the page of the highest counts.")),
    ),
    columns=("name", "code"),
    groups=(Group(_("Profile"), ("name", "code", "profile")), Group(_("Rights"), ("grants", "field_rights"))),
    rules=RoleRules(),
)

TERM = Entity(
    key="core.term",
    model=Term,
    title=_("Term"),
    plural=_("Code lists"),
    icon="list-details",
    sort="list,position,code",
    label="label_{lang}",
    rank="position",
    public=("list", "code", "label_zh", "label_en", "parent", "position", "active"),
    fields=(
        Field("list", Text(32), _("List"), required=True, create_only=True, column="list_name"),
        Field("code", Text(64), _("Code"), required=True, create_only=True),
        Field("label_zh", Text(200), _("Chinese label"), required=True),
        Field("label_en", Text(200), _("English label"), required=True),
        Field("parent", Reference("core.term", same=("list",)), _("Belongs to")),
        Field("position", Integer(), _("Position"), required=True, default=lambda ctx: 0),
        Field("active", Boolean(), _("Active"), required=True, default=lambda ctx: True),
    ),
    columns=("label_zh", "label_en", "list", "code", "parent", "active"),
    groups=(Group(_("Profile"), ("list", "code", "label_zh", "label_en", "parent", "position", "active")),),
    rules=TermRules(),
)

NUMBER_RULE = Entity(
    key="core.number_rule",
    model=NumberRule,
    title=_("Numbering rule"),
    plural=_("Numbering rules"),
    icon="list-details",
    sort="entity,prefix",
    label="prefix",
    natural_key="prefix",
    fields=(
        Field("entity", Text(64, names="entity"), _("Entity"), required=True, create_only=True),
        Field("unit", Reference("core.unit"), _("Unit"), create_only=True),
        Field("prefix", Text(16), _("Prefix"), required=True),
        Field("digits", Integer(1, 12), _("Digits"), required=True, default=lambda ctx: 6),
        Field("next", Integer(1), _("Next number"), required=True, default=lambda ctx: 1, column="next_number"),
    ),
    columns=("entity", "unit", "prefix", "digits", "next"),
    groups=(Group(_("Profile"), ("entity", "unit", "prefix", "digits", "next")),),
    rules=NumberRuleRules(),
)
