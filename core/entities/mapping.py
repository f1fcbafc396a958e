"""Which column of a file feeds which field of an entity."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from core.entities import readings
from core.entities.cells import original
from core.entities.table import Row, Table
from core.errors import Invalid
from core.i18n import _, suggestion
from plugins import Entity, Field

# Kinds by which a record can be told from others, whose text has one meaning.
MATCHABLE = ("text", "integer", "number", "money", "date", "moment", "choice")


@dataclass(frozen=True)
class Plan:
    """`columns` maps fields to positions in the row, `ignored` names the columns that feed nothing.

    `renamed` says for a field which texts stand for others, `readings` how its dates or numbers are
    written; `blank_clears`: a blank cell means empty, in a new record too, where else the default would stand.
    """

    entity: Entity
    columns: Mapping[str, int]
    match: Field | None
    ignored: tuple[str, ...]
    renamed: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    readings: Mapping[str, str] = field(default_factory=dict)
    blank_clears: bool = False

    def values(self, row: Row) -> dict[str, str]:
        """The row's text by field. Blank cells are left out, since they say nothing, unless they clear."""
        cells = row.cells
        found = {
            name: original(cells[at]) for name, at in self.columns.items() if cells[at] and not cells[at].isspace()
        }
        for name, texts in self.renamed.items():
            if name in found and not (told := texts.get(found[name].strip(), found[name])):
                del found[name]
            elif name in found:
                found[name] = told
        for name, reading in self.readings.items():
            if name in found and self.columns[name] not in row.exact:
                found[name] = readings.read(found[name], self.entity.field(name).type.kind, reading)
        return {**dict.fromkeys(self.columns, ""), **found} if self.blank_clears else found


def settled(planned: Plan, table: Table, told: Sequence[tuple[str, str]] = ()) -> Plan:
    """The plan with a reading for each column of dates or numbers: as told (field, reading), or as its cells
    leave no doubt. Raises Invalid.
    """
    wrong: dict[str, list[str]] = {}
    given = dict(told)
    for name, reading in told:
        kind = planned.entity.field(name).type.kind if name in planned.columns else None
        if reading not in readings.KINDS.get(str(kind), ()):
            known = ", ".join(readings.KINDS.get(str(kind), ())) or "–"
            wrong[f"{name}={reading}"] = [_("Here one can say: ${readings}.", mapping={"readings": known})]
    if wrong:
        raise Invalid(_("Nothing was imported"), errors=wrong)
    open_ = {
        name: (at, planned.entity.field(name).type.kind)
        for name, at in planned.columns.items()
        if planned.entity.field(name).type.kind in readings.KINDS and name not in given
    }
    if open_:
        given |= readings.found(table.rows(), open_)
    return replace(planned, readings=given)


def plan(
    entity: Entity,
    headers: Sequence[str],
    mapped: Sequence[tuple[str, str]] = (),
    match: str | None = None,
    renamed: Sequence[tuple[str, str, str]] = (),
    *,
    blank_clears: bool = False,
    by_name: bool = True,
) -> Plan:
    """Check the header and what was said about it: `mapped` holds (field, column), `match` names a field,
    `renamed` holds (field, text, the text to read instead).

    A column that is not mapped feeds the field of its name unless another column does; without `by_name`, none.
    Raises Invalid with all that is wrong.
    """
    wrong = faults_of_header(headers)
    known = {field.name: field for field in entity.fields if not field.read_only}
    for name, column in mapped:
        faults = _faults_of_pair(name, column, known, headers, mapped)
        if faults:
            wrong[f"{name}={column}"] = faults
    columns = {name: headers.index(column) for name, column in mapped if column in headers}
    taken = set(columns.values())
    for at, header in enumerate(headers):
        if by_name and header in known and header not in columns and at not in taken:
            columns[header] = at
    texts: dict[str, dict[str, str]] = {}
    for name, before, after in renamed:
        if name not in columns:
            hint = suggestion(name, columns)
            wrong[f"{name}:{before}"] = [
                _("No column feeds the field ${name}.${hint}", mapping={"name": name, "hint": hint})
            ]
        elif texts.setdefault(name, {}).setdefault(before, after) != after:
            wrong[f"{name}:{before}"] = [_("This text is to be read in two ways.")]
    fault = None if match is None else _fault_of_match(match, known, columns)
    if fault is not None:
        wrong["match"] = [fault]
    if not columns and not wrong:
        wrong["file"] = [_("No column has the name of a field. Say which is which with --map field=column.")]
    if wrong:
        raise Invalid(_("Nothing was imported"), errors=wrong)
    fed = set(columns.values())
    ignored = tuple(header for at, header in enumerate(headers) if at not in fed)
    return Plan(entity, columns, known[match] if match else None, ignored, texts, blank_clears=blank_clears)


def faults_of_header(headers: Sequence[str]) -> dict[str, list[str]]:
    """What is wrong with the names of a file's columns."""
    wrong = {
        header: [_("${n} columns have this name.", mapping={"n": times})]
        for header, times in Counter(headers).items()
        if times > 1 and header
    }
    nameless = [str(at) for at, header in enumerate(headers, 1) if not header]
    if nameless:
        wrong["header"] = [_("These columns have no name: ${columns}.", mapping={"columns": ", ".join(nameless)})]
    return wrong


def _faults_of_pair(
    name: str,
    column: str,
    known: Mapping[str, Field],
    headers: Sequence[str],
    mapped: Sequence[tuple[str, str]],
) -> list[str]:
    faults = []
    if name not in known:
        hint = suggestion(name, known)
        faults.append(_("There is no field ${name} to write.${hint}", mapping={"name": name, "hint": hint}))
    if column not in headers:
        hint = suggestion(column, headers)
        faults.append(_("The file has no column ${name}.${hint}", mapping={"name": column, "hint": hint}))
    if sum(other == name for other, _column in mapped) > 1:
        faults.append(_("This field is fed twice."))
    if sum(other == column for _name, other in mapped) > 1:
        faults.append(_("This column is used twice."))
    return faults


def _fault_of_match(match: str, known: Mapping[str, Field], columns: Mapping[str, int]) -> str | None:
    if match not in known:
        return _("There is no field ${name}.${hint}", mapping={"name": match, "hint": suggestion(match, known)})
    if known[match].type.kind not in MATCHABLE:
        return _("Records cannot be matched by this field.")
    if match not in columns:
        return _("No column feeds the field to match by.")
    return None
