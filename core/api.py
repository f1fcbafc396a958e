"""What a plugin may import from the kernel. Everything else in `core` is private.

    from core.api import CustomerScoped, Record, columns, fields, plugin_base

`columns` are the portable column types, `fields` the kinds of values that a Field can hold.
"""

from core import fields
from core.db import types as columns
from core.db.base import (
    About,
    AttachedTo,
    Binnable,
    CustomerScoped,
    Customizable,
    Involving,
    Record,
    RecordScoped,
    plugin_base,
)
from core.db.extension import ExtensionOf, beside, make_beside
from core.db.folding import search_fold
from core.db.phones import phone_key
from core.entities.listing import Ask, ask
from core.errors import BadRequest, Conflict, Forbidden, Invalid, KehuError, NotFound
from core.i18n import _
from core.models import Activity, Contact, Customer, Term, Unit, User
from core.services import allowed, attachments, ownership, records, shares, trades
from core.services.events import publish
from core.services.jobs.queue import enqueue
from core.services.notices import notify
from core.services.numbers import next_number
from core.services.ownership import acting_user
from core.services.periods import Period
from core.services.work import Ctx, Work

__all__ = [
    "About",
    "Activity",
    "Ask",
    "AttachedTo",
    "BadRequest",
    "Binnable",
    "Conflict",
    "Contact",
    "Ctx",
    "Customer",
    "CustomerScoped",
    "Customizable",
    "ExtensionOf",
    "Forbidden",
    "Invalid",
    "Involving",
    "KehuError",
    "NotFound",
    "Period",
    "Record",
    "RecordScoped",
    "Term",
    "Unit",
    "User",
    "Work",
    "_",
    "acting_user",
    "allowed",
    "ask",
    "attachments",
    "beside",
    "columns",
    "enqueue",
    "fields",
    "make_beside",
    "next_number",
    "notify",
    "ownership",
    "phone_key",
    "plugin_base",
    "publish",
    "records",
    "search_fold",
    "shares",
    "trades",
]
