"""What the words in a role's and a share's documents mean to people."""

from __future__ import annotations

from collections.abc import Mapping

from core.i18n import _

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


def word(column: str, code: str, titles: Mapping[str, str]) -> str:
    """A code as a translatable word; `titles` are those of the entities. Unknown codes stay as they are."""
    if column == "entity" and code in titles:
        return titles[code]
    return WORDS.get(column, {}).get(code, code)
