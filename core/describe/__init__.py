"""The kernel's own entities, described with the SDK as a plugin describes its own."""

from __future__ import annotations

from core.describe.activity import ACTIVITY
from core.describe.attachment import ATTACHMENT
from core.describe.audit import AUDIT
from core.describe.contact import CONTACT
from core.describe.custom import CUSTOM_FIELD
from core.describe.customer import CUSTOMER
from core.describe.importing import IMPORT
from core.describe.job import JOB
from core.describe.ledgers import CUSTOMER_STATE, TRADE
from core.describe.notification import NOTIFICATION
from core.describe.org import NUMBER_RULE, ROLE, TERM, UNIT, USER
from core.describe.saved_view import SAVED_VIEW
from core.describe.share import SHARE
from core.describe.token import TOKEN
from core.services import many
from core.services.activities import tell_who_gave_it
from core.services.attachments import SWEEP
from core.services.happenings import EVENTS, ActivityCompleted
from core.services.importing import process
from core.services.jobs.housekeeping import HOUSEKEEPING
from core.services.setup import ADDED, ADMINISTRATIVE
from plugins import Entity, Event, Job, RoleGrant, Subscriber, hookimpl

ENTITIES = (
    UNIT,
    USER,
    ROLE,
    SHARE,
    CUSTOMER,
    CONTACT,
    ACTIVITY,
    TRADE,
    CUSTOMER_STATE,
    TERM,
    TOKEN,
    ATTACHMENT,
    JOB,
    IMPORT,
    NOTIFICATION,
    SAVED_VIEW,
    AUDIT,
    NUMBER_RULE,
    CUSTOM_FIELD,
)


class CorePlugin:
    """The kernel as the first plugin: it registers through the same hooks as everybody."""

    @hookimpl
    def register_entities(self) -> tuple[Entity, ...]:
        return ENTITIES

    @hookimpl
    def register_grants(self) -> tuple[RoleGrant, ...]:
        """A new site has them from the beginning; one that is older than they are gets them so."""
        lines = (*(("admin", key, "*", "all") for key in ADMINISTRATIVE), *ADDED)
        return tuple(RoleGrant(role=role, entity=key, action=act, reach=reach) for role, key, act, reach in lines)

    @hookimpl
    def register_jobs(self) -> tuple[Job, ...]:
        return (HOUSEKEEPING, SWEEP, process.IMPORT, process.REVERT, many.MANY, many.UNDO)

    @hookimpl
    def register_events(self) -> tuple[type[Event], ...]:
        return EVENTS

    @hookimpl
    def register_subscribers(self) -> tuple[Subscriber, ...]:
        done = ActivityCompleted.key
        return (Subscriber(key="core.activity_done", event=done, run=tell_who_gave_it, lane="now"),)
