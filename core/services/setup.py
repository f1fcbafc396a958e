"""What a new site begins with: one unit, the starter roles, the code lists, the administrator."""

from __future__ import annotations

import csv
from importlib.resources import files
from typing import Any

from sqlalchemy import select

from core.i18n import _
from core.models import ChainHead, Epoch, NumberRule, Role, Term, Unit, User
from core.security import passwords
from core.services.journal import GENESIS, HEAD
from core.services.search import rebuild
from core.services.work import Work

ADMINISTRATIVE = (
    "core.unit",
    "core.user",
    "core.role",
    "core.share",
    "core.term",
    "core.custom_field",
    "core.attachment",
    "core.audit",
    "core.token",
    "core.number_rule",
    "core.job",
    "core.saved_view",
)


def _grant(entity: str, action: str, reach: str) -> dict[str, Any]:
    return {"entity": entity, "action": action, "reach": reach, "condition": None, "deny": False}


# What the first version's roles have been given since: role, entity, action, reach. Older sites get it once.
ADDED = (
    ("customer_admin", "core.user", "explain", "all"),
    ("sales_manager", "*", "explain", "all"),  # of what he sees, but only about the people whom he manages:
    ("sales_manager", "core.user", "explain", "subtree"),
)


def _added(role: str) -> list[dict[str, Any]]:
    return [_grant(*line) for to, *line in ADDED if to == role]


def _rep(reach: str) -> list[dict[str, Any]]:
    """What he has written down himself, whoever works with customers may take back."""
    everyday = [_grant("*", action, reach) for action in ("create", "view", "edit", "export")]
    return [*everyday, _grant("core.activity", "delete", "own")]


STARTER_PROFILES = {"sales_manager": "manager", "executive": "executive"}
STARTER_ROLES: dict[str, tuple[str, list[dict[str, Any]]]] = {
    "admin": ("系统管理员", [_grant("*", "*", "all"), *(_grant(key, "*", "all") for key in ADMINISTRATIVE)]),
    "customer_admin": (
        "客户管理专员",
        [
            *(_grant(key, "*", "all") for key in ("core.customer", "core.contact", "core.activity")),
            *_added("customer_admin"),
        ],
    ),
    "sales_rep": ("销售代表", _rep("own")),
    "sales_manager": (
        "销售经理",
        [
            *_rep("subtree"),
            *(_grant("*", action, "subtree") for action in ("assign", "share", "merge", "seal", "unseal")),
            *_added("sales_manager"),
        ],
    ),
    "executive": ("高层管理者", [_grant("*", "view", "all"), _grant("*", "export", "all")]),
    "auditor": ("审计员", [_grant("core.audit", "view", "all")]),
    "dealer": ("经销商", _rep("unit")),
}


def is_set_up(work: Work) -> bool:
    return work.system.scalar(select(User.id).limit(1)) is not None


def set_up(work: Work, admin_password: str) -> None:
    """Fill an empty database: unit `hq`, user `admin`, the roles, the code lists, the first link."""
    session = work.elevated(_("Set-up"), write=True)
    session.add_all([Epoch(name="rights"), Epoch(name="shares"), ChainHead(id=HEAD, number=0, hash=GENESIS)])
    hq = Unit(code="hq", name="总部", kind="group", base_currency="CNY")
    session.add(hq)
    roles = [
        Role(code=code, name=name, grants=grants, field_rights=[], profile=STARTER_PROFILES.get(code))
        for code, (name, grants) in STARTER_ROLES.items()
    ]
    session.add_all(roles)
    session.flush()
    admin = User(login="admin", name="管理员", unit_id=hq.id, clearance=3, password_hash=passwords.keep(admin_password))
    admin.roles = [role for role in roles if role.code == "admin"]
    session.add(admin)
    session.add(NumberRule(entity="core.customer", prefix="C", digits=6))
    session.add(NumberRule(entity="core.contact", prefix="P", digits=6))
    _add_terms(session)
    session.flush()
    rebuild.settle(work)


def _add_terms(session: Any) -> None:
    """The lists in `terms.csv`: list, code, parent's code, Chinese and English label."""
    known: dict[tuple[str, str], Term] = {}
    with files("core.services").joinpath("terms.csv").open(encoding="utf-8") as lines:
        for position, row in enumerate(csv.DictReader(lines)):
            parent = known[row["list"], row["parent"]] if row["parent"] else None
            term = Term(
                list_name=row["list"],
                code=row["code"],
                label_zh=row["label_zh"],
                label_en=row["label_en"],
                parent_id=parent.id if parent else None,
                position=position,
            )
            session.add(term)
            session.flush()  # children need the parent's id
            known[row["list"], row["code"]] = term
