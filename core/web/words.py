"""What the words in a role's and a share's documents mean to people."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from core.entities.reader import Label
from core.i18n import _
from core.security.catalog import verb_of
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
    "explain": _("Explain access"),
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
