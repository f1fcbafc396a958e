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
    "sealed": _("Archived"),
}
KINDS = {"company": _("Company"), "person": _("Person")}
OF_COMPANIES = ("kind", ("company",))


def term(list_name: str) -> Reference:
    """A code of a list."""
    return Reference("core.term", within=(("list", list_name),))


REASON = Field("reason", Text(400), _("Reason"))
WHY = replace(REASON, required=True)
WORKED_ON = _("A prospect has a need that you are working on.")
NOT_YET = _("There is no need to work on for now; the customer stays a target.")
KEPT = _("An archived customer is kept to read. Nobody changes it or adds to it until it is reopened.")
TO = Field("to", Target(), _("To"), required=True)


def _told(field: Field, what: str) -> Field:
    """The field with a sentence about what the verb means."""
    return replace(field, help=what)


def _in(*states: str) -> Callable[[Any], bool]:
    """Whether a customer is in one of the states."""
    return lambda customer: customer.state in states


# What heads of columns in people's files call the fields besides.
SYNONYMS = {
    "name": (
        "客户名称",
        "公司名称",
        "企业名称",
        "单位名称",
        "客户全称",
        "公司全称",
        "公司",
        "企业",
        "客户",
        "Company name",
        "Company",
        "Account name",
        "Account",
        "Customer name",
    ),
    "code": ("客户编号", "客户编码", "编号", "Customer no", "Customer number", "Account number"),
    "short_name": ("公司简称", "客户简称", "Short name", "Abbreviation"),
    "kind": ("客户类型", "Customer type", "Type"),
    "level": ("客户级别", "客户等级", "等级", "Customer level", "Tier", "Grade"),
    "industry": ("所属行业", "行业类别", "Sector"),
    "region": ("所在地区", "所属地区", "省市", "省份", "城市", "区域", "Province", "City", "Area"),
    "source": ("客户来源", "来源渠道", "Lead source"),
    "phone": (
        "联系电话",
        "电话号码",
        "公司电话",
        "固定电话",
        "座机",
        "总机",
        "手机号码",
        "手机号",
        "手机",
        "移动电话",
        "Phone number",
        "Telephone",
        "Tel",
        "Mobile",
    ),
    "email": ("电子邮箱", "电子邮件", "邮箱地址", "邮件", "邮箱", "Email address", "Mail"),
    "website": ("公司网址", "网址", "网站", "官网", "官方网站", "主页", "Web site", "Homepage", "Web", "URL"),
    "address": (
        "公司地址",
        "详细地址",
        "通讯地址",
        "通信地址",
        "注册地址",
        "办公地址",
        "联系地址",
        "Street address",
        "Street",
    ),
    "tax_no": (
        "统一社会信用代码",
        "社会信用代码",
        "信用代码",
        "纳税人识别号",
        "纳税识别号",
        "税务登记号",
        "Tax id",
        "VAT number",
        "VAT no",
        "VAT",
    ),
    "employees": (
        "员工人数",
        "员工数",
        "员工数量",
        "公司人数",
        "人员规模",
        "Number of employees",
        "Headcount",
        "Staff",
    ),
    "annual_revenue": ("营业额", "年收入", "年销售额", "营收", "Revenue", "Turnover"),
    "founded_on": ("成立时间", "注册日期", "注册时间", "创建日期", "Founded", "Established"),
    "note": ("备注信息", "说明", "描述", "Notes", "Remarks", "Remark", "Comments", "Comment", "Description"),
}

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
        Field("code", Text(32), _("Code"), create_only=True, searchable=True, synonyms=SYNONYMS["code"]),
        Field("name", Text(200), _("Name"), required=True, searchable=True, sort="sort_key", synonyms=SYNONYMS["name"]),
        Field("short_name", Text(100), _("Short name"), searchable=True, synonyms=SYNONYMS["short_name"]),
        Field(
            "kind", Choice(KINDS), _("Kind"), required=True, default=lambda ctx: "company", synonyms=SYNONYMS["kind"]
        ),
        Field(
            "state",
            Choice(STATES, offered=NEW_STATES, aside=("sealed",)),
            _("State"),
            required=True,
            create_only=True,
            default=lambda ctx: "target",
        ),
        Field("level", term("level"), _("Level"), synonyms=SYNONYMS["level"]),
        Field("industry", term("industry"), _("Industry"), synonyms=SYNONYMS["industry"]),
        Field("region", term("region"), _("Region"), synonyms=SYNONYMS["region"]),
        Field("source", term("source"), _("Source"), synonyms=SYNONYMS["source"]),
        Field("phone", Text(64), _("Phone"), searchable=True, synonyms=SYNONYMS["phone"]),
        Field("email", Text(200), _("Email"), synonyms=SYNONYMS["email"]),
        Field("website", Text(200), _("Website"), synonyms=SYNONYMS["website"]),
        Field("address", Text(400), _("Address"), synonyms=SYNONYMS["address"]),
        Field("tax_no", Text(64), _("Tax number"), synonyms=SYNONYMS["tax_no"]),
        Field("employees", Integer(), _("Employees"), asked_when=OF_COMPANIES, synonyms=SYNONYMS["employees"]),
        Field("annual_revenue", Money(), _("Annual revenue"), synonyms=SYNONYMS["annual_revenue"]),
        Field("founded_on", Date(), _("Founded on"), asked_when=OF_COMPANIES, synonyms=SYNONYMS["founded_on"]),
        Field("developed_on", Date(), _("Developed on"), default=lambda ctx: ctx.today),
        Field(
            "parent",
            Reference("core.customer", inverse=_("Subsidiaries")),
            _("Parent company"),
            asked_when=OF_COMPANIES,
        ),
        OWNER,
        UNIT,
        SECRECY,
        Field("note", Text(20000, lines=True), _("Note"), synonyms=SYNONYMS["note"]),
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
        Verb(
            "qualify", _("Make prospect"), "edit", qualify, (_told(REASON, WORKED_ON),), when=_in("target"), bulk=True
        ),
        Verb(
            "unqualify",
            _("Back to target"),
            "edit",
            unqualify,
            (_told(REASON, NOT_YET),),
            when=_in("prospect"),
            bulk=True,
        ),
        Verb(
            "seal", _("Archive"), "seal", seal, (_told(WHY, KEPT),), when=_in("target", "prospect", "formal"), bulk=True
        ),
        Verb("unseal", _("Reopen"), "unseal", unseal, (WHY,), when=_in("sealed"), bulk=True),
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
