"""What the words in a role's and a share's documents mean to people."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from core.entities.reader import Label
from core.i18n import _
from core.security.catalog import verb_of
from core.services.work import Ctx
from plugins import Entity

HEADS: Mapping[str, str] = {
    "entity": _("Entity"),
    "action": _("Action"),
    "reach": _("Reach"),
    "condition": _("Condition"),
    "deny": _("Denied"),
    "field": _("Field"),
    "right": _("Right"),
}
ACTIONS: Mapping[str, str] = {
    "*": _("Everything"),
    "view": _("View"),
    "create": _("Create"),
    "edit": _("Edit"),
    "delete": _("Delete"),
    "assign": _("Assign"),
    "share": _("Share"),
    "export": _("Export"),
    "import": _("Import"),
    "merge": _("Merge"),
    "explain": _("Ask who may do what"),
}
# What the trail has, as something that was done.
DONE: Mapping[str, str] = {
    "create": _("New"),
    "edit": _("Changed"),
    "delete": _("Deleted"),
    "restore": _("Restored"),
    "login": _("Logged in"),
    "logout": _("Logged out"),
    "login-failed": _("Gave a wrong password"),
}
# Ways by which it was.
DOORS: Mapping[str, str] = {
    "web": _("on the pages"),
    "rest": _("by a program"),
    "cli": _("at the command line"),
    "job": _("in the background"),
    "system": _("by the system"),
}
WORDS: Mapping[str, Mapping[str, str]] = {
    "entity": {"*": _("All business records")},
    "action": ACTIONS,
    "reach": {
        "own": _("Own records"),
        "unit": _("Own unit"),
        "subtree": _("Own unit and below"),
        "all": _("All records"),
    },
    "right": {"none": _("Hidden"), "mask": _("Partly hidden"), "read": _("Read only"), "edit": _("Edit")},
}


def whose(say: Callable[[str], str], actor_id: int | None, by: Label | None, on_behalf: str | None) -> str:
    """Who did something; `by` is his label, None where that is closed to the reader."""
    who = str(say(_("The system") if actor_id is None else _("Somebody"))) if by is None else by.label
    return f"{who} ({on_behalf})" if on_behalf else who


def action_title(entity: Entity | None, action: str) -> str:
    """An action or a verb as a button has it. Unknown ones stay as they are."""
    verb = verb_of(entity, action) if entity is not None else None
    return verb.title if verb is not None else ACTIONS.get(action, action)


def word(column: str, code: str, titles: Mapping[str, str]) -> str:
    """A code as a translatable word; `titles` are those of the entities. Unknown codes stay as they are."""
    if column == "entity" and code in titles:
        return titles[code]
    return WORDS.get(column, {}).get(code, code)


def names(ctx: Ctx) -> Mapping[str, Mapping[str, str]]:
    """How what fields name by a key is called (see `core.fields.Text`)."""
    verbs = {verb.name: verb.title for entity in ctx.catalog for verb in entity.verbs}
    return {
        "entity": {**WORDS["entity"], **{entity.key: entity.plural for entity in ctx.catalog}},
        "job": {job.key: job.title for job in ctx.kernel.jobs.values()},
        "action": {**ACTIONS, **verbs, **DONE},
        "door": DOORS,
    }
