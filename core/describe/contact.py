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

# What heads of columns in people's files call the fields besides.
SYNONYMS = {
    "name": ("联系人姓名", "联系人名称", "联系人", "姓名", "Contact name", "Contact person", "Contact", "Full name"),
    "customer": (
        "客户名称",
        "公司名称",
        "企业名称",
        "单位名称",
        "所属客户",
        "所属公司",
        "公司",
        "企业",
        "Company name",
        "Company",
        "Account name",
        "Account",
    ),
    "title": ("职位", "岗位", "头衔", "Position", "Role"),
    "department": ("所在部门", "所属部门", "Dept", "Division"),
    "phone": (
        "联系电话",
        "电话号码",
        "办公电话",
        "固定电话",
        "座机",
        "Phone number",
        "Telephone",
        "Tel",
        "Work phone",
        "Office phone",
    ),
    "mobile": ("手机号码", "手机号", "移动电话", "Mobile phone", "Mobile number", "Cell phone", "Cell"),
    "email": ("电子邮箱", "电子邮件", "邮箱地址", "邮件", "邮箱", "Email address", "Mail"),
    "birthday": ("出生日期", "生日日期", "Date of birth", "Born"),
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
        Field("customer", Reference("core.customer"), _("Customer"), required=True, synonyms=SYNONYMS["customer"]),
        Field("name", Text(100), _("Name"), required=True, searchable=True, sort="sort_key", synonyms=SYNONYMS["name"]),
        Field("title", Text(100), _("Job title"), synonyms=SYNONYMS["title"]),
        Field("department", Text(100), _("Department"), synonyms=SYNONYMS["department"]),
        Field("buying_role", Choice(BUYING_ROLES), _("Buying role")),
        Field("phone", Text(64), _("Phone"), searchable=True, synonyms=SYNONYMS["phone"]),
        Field("mobile", Text(64), _("Mobile"), searchable=True, synonyms=SYNONYMS["mobile"]),
        Field("email", Text(200), _("Email"), searchable=True, synonyms=SYNONYMS["email"]),
        Field("birthday", Date(lunar="birthday_lunar"), _("Birthday"), synonyms=SYNONYMS["birthday"]),
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
