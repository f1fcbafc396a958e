"""The kernel's tables, one module per area."""

from core.models.audit import Audit, ChainHead, Change
from core.models.customer import Customer
from core.models.identity import LoginAttempt, LoginSession, Role, Token, User, user_role
from core.models.org import Unit
from core.models.share import Share
from core.models.system import Epoch, NumberRule, PluginRecord
from core.models.term import Term

__all__ = [
    "Audit",
    "ChainHead",
    "Change",
    "Customer",
    "Epoch",
    "LoginAttempt",
    "LoginSession",
    "NumberRule",
    "PluginRecord",
    "Role",
    "Share",
    "Term",
    "Token",
    "Unit",
    "User",
    "user_role",
]
