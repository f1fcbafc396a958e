"""What it takes to reverse a change: its entries by record, in which order, by which rights, and why never.

Nothing here reads or writes the database.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from core.entities.past import BINNED
from core.i18n import _
from core.security.catalog import Catalog, attribute_name, verb_of
from core.services.trail import Entry, Key
from plugins import INVERSE, Entity

UNDO = "undo-"  # before a verb's name: the action under which its undo is written down
UNMERGED = f"{UNDO}merge"
RESTORE = "restore"
NATURAL = ("create", "edit", "delete", RESTORE)


@dataclass
class Part:
    """One record's share of a change, all its entries taken together: per field the first old and the last
    new value, and whether the change made or removed it.
    """

    entity: Entity
    record_id: int
    entries: list[Entry] = field(default_factory=list)
    old: dict[str, Any] = field(default_factory=dict)
    new: dict[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> Key:
        return self.entity.key, self.record_id

    @property
    def made(self) -> bool:
        return self.entries[0].action == "create"

    @property
    def removed(self) -> bool:
        return self.entries[-1].removed

    @property
    def binned(self) -> bool:
        """Whether the change took it to the bin."""
        return not self.made and self.new.get(BINNED) is not None

    @property
    def restored(self) -> bool:
        """Whether the change brought it back from the bin."""
        return not self.made and self.old.get(BINNED) is not None and self.new[BINNED] is None

    def add(self, entry: Entry, *, by_lines: bool) -> None:
        self.entries.append(entry)
        for line in entry.lines if by_lines else ():
            self.old.setdefault(line["field"], line["old"])
            self.new[line["field"]] = line["new"]


def why_never(catalog: Catalog, entry: Entry) -> str | None:
    """Why nothing can ever set this entry back; None if something may."""
    entity, action = catalog.get(entry.entity), entry.action.removeprefix(UNDO)
    if entity is None and entry.record_id is not None:
        return _("The plugin of ${entity} is off. Enable it first.", mapping={"entity": entry.entity})
    verb = verb_of(entity, action) if entity is not None else None
    if entity is None or entry.record_id is None or (verb is None and action not in NATURAL):
        return _nothing(action)
    if entity.rules.closed:
        return entity.rules.closed
    if action == "delete" and entity.rules.gone:
        return entity.rules.gone
    if verb is not None and isinstance(verb.undo, str) and verb.undo != INVERSE:
        return verb.undo
    if entry.action == UNMERGED and BINNED in entry.fields:
        return _("A merge that was undone is not done again from the trail. Merge the two anew.")
    if not entry.lines and action not in NATURAL and function_of(entity, entry) is None:
        return _nothing(action)
    known = {one.name for one in entity.fields} | {BINNED}
    if unknown := sorted(entry.fields - known):
        return _("Fields are not there any more: ${names}.", mapping={"names": ", ".join(unknown)})
    return None


def _nothing(action: str) -> str:
    return _("“${action}” changed no field: there is nothing to set back.", mapping={"action": action})


def function_of(entity: Entity, entry: Entry) -> Any:
    """The verb's own undo, if it has one; what that did is set back by its lines again."""
    verb = verb_of(entity, entry.action)
    return verb.undo if verb is not None and callable(verb.undo) else None


def parts_of(catalog: Catalog, entries: Sequence[Entry]) -> list[Part]:
    """The entries by record, in the order in which the change came to them."""
    parts: dict[Key, Part] = {}
    for entry in entries:
        entity = catalog[entry.entity]
        part = parts.setdefault(entry.key, Part(entity, entry.key[1]))
        part.add(entry, by_lines=function_of(entity, entry) is None)
    return [part for part in parts.values() if not (part.made and part.removed)]


def in_order(parts: Sequence[Part]) -> list[Part]:
    """The last first; but what comes back is there before what refers to it changes, and goes after."""

    def turn(part: Part) -> int:
        if part.removed or part.binned:
            return 0
        return 2 if part.made or part.restored else 1

    last_first = list(reversed(parts))
    return sorted(last_first, key=turn)


def needed(part: Part) -> set[str]:
    """All the actions on the record that setting this part back needs."""
    if part.made:
        return {"delete"}
    return rights_of(part) | ({binning_right(part)} if BINNED in part.old else set())


def binning_right(part: Part) -> str:
    """The action that takes a record to the recycle bin or back: delete, or the verb that did it, such as merge."""
    verbs = (verb_of(part.entity, entry.action) for entry in part.entries if BINNED in entry.fields)
    return next((verb.right for verb in verbs if verb is not None), "delete")


def rights_of(part: Part) -> set[str]:
    """The actions that the reversal of the entries needs."""
    rights: set[str] = set()
    for entry in part.entries:
        if entry.action == "edit":
            rights |= {part.entity.field(name).right for name in entry.fields - {BINNED}}
        elif entry.fields - {BINNED}:
            rights.add(right_of(part.entity, entry))
    return rights


def right_of(entity: Entity, entry: Entry) -> str:
    verb = verb_of(entity, entry.action.removeprefix(UNDO))
    return verb.right if verb is not None else {"create": "delete", "edit": "edit"}.get(entry.action, "delete")


def values_of(part: Part, record: Any) -> dict[str, Any]:
    """The old values by field. Of a set only the members that the change moved are put back."""
    values: dict[str, Any] = {}
    for name, old in part.old.items():
        if name == BINNED:
            continue
        one = part.entity.field(name)
        if one.type.kind == "references":
            members = {member.id for member in getattr(record, attribute_name(one))}
            values[name] = sorted((members - (set(part.new[name]) - set(old))) | (set(old) - set(part.new[name])))
        else:
            values[name] = old
    return values
