"""The way back from the recycle bin: whatever goes there has the verb `restore`, its own or this one."""

from __future__ import annotations

from dataclasses import replace

from core.db.base import Binnable
from core.i18n import _
from core.security.catalog import verb_of
from core.services.records import restore
from core.services.reversal import RESTORE
from plugins import Entity, Verb

VERB = Verb(RESTORE, _("Restore"), "delete", restore, on_binned=True)


def restorable(entity: Entity) -> Entity:
    """The entity with a verb for what is in the bin, unless it has one or its deletions are for good."""
    rules = entity.rules
    if not issubclass(entity.model, Binnable) or rules.closed or rules.gone or verb_of(entity, RESTORE):
        return entity
    return replace(entity, verbs=(*entity.verbs, VERB))
