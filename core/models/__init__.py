"""The kernel's tables, one module per area."""

from core.models.activity import Activity, activity_user
from core.models.attachment import Attachment
from core.models.audit import Audit, ChainHead, Change
from core.models.contact import Contact
from core.models.custom import CustomField
from core.models.customer import Customer, CustomerState
from core.models.identity import LoginAttempt, LoginSession, Role, Token, User, user_role
from core.models.importing import Import, ImportPart
from core.models.job import JobSlot, QueuedJob
from core.models.notification import Notification
from core.models.org import Unit
from core.models.saved_view import SavedView
from core.models.search import SearchField, SearchToken
from core.models.share import Share
from core.models.system import Epoch, KeptReply, MissedCall, NumberRule, PluginRecord
from core.models.term import Term
from core.models.trade import Trade

__all__ = [
    "Activity",
    "Attachment",
    "Audit",
    "ChainHead",
    "Change",
    "Contact",
    "CustomField",
    "Customer",
    "CustomerState",
    "Epoch",
    "Import",
    "ImportPart",
    "JobSlot",
    "KeptReply",
    "LoginAttempt",
    "LoginSession",
    "MissedCall",
    "Notification",
    "NumberRule",
    "PluginRecord",
    "QueuedJob",
    "Role",
    "SavedView",
    "SearchField",
    "SearchToken",
    "Share",
    "Term",
    "Token",
    "Trade",
    "Unit",
    "User",
    "activity_user",
    "user_role",
]
