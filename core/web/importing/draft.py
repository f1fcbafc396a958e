"""The second step of an import: what its columns mean, and what would become of its rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pyramid.request import Request

from core.entities.readings import KINDS
from core.errors import BadRequest, Invalid
from core.i18n import _
from core.models import Import
from core.services.importing.choices import Choices
from core.services.importing.proposal import is_matchable, keys_of, options_of
from core.services.importing.store import columns_of
from core.services.sentences import read
from core.services.terms import TERM
from core.services.work import Ctx
from plugins import Entity, Field

READINGS = {
    "dmy": _("day, month, year"),
    "mdy": _("month, day, year"),
    "ymd": _("year, month, day"),
    "comma": _("decimal comma: 1.234,5"),
    "point": _("decimal point: 1,234.5"),
}
RESULTS = {"created": _("Create"), "updated": _("Update"), "skipped": _("Skip"), "failed": _("Fail")}
SAME = _("Exactly as it is already")
_UNFED = ("document", "changes", "message", "any")  # kinds that no cell can hold


@dataclass(frozen=True)
class Told:
    """A text of a column, how often it stands there and what it is read as."""

    text: str
    count: int
    to: str


@dataclass(frozen=True)
class ColumnRow:
    """A line of the mapping. `readings` are the ways to read it, if there are several; `texts` those that stand
    for something; `options` what for (`closed`: only for these); `doubt` is a cell that can be read in two ways.
    """

    at: int
    name: str
    samples: str
    field: str = ""
    required: bool = False
    matched: bool = False
    readings: tuple[str, ...] = ()
    reading: str = ""
    doubt: tuple[str, tuple[str, ...]] | None = None
    texts: tuple[Told, ...] = ()
    options: tuple[tuple[str, str], ...] = ()
    closed: bool = False

    @property
    def missing(self) -> int:
        return sum(1 for one in self.texts if not one.to)


@dataclass(frozen=True)
class Reason:
    """Why rows are not stored, or what is changed: how often, and where it can be mended."""

    text: str
    count: int
    column: int | None = None


@dataclass(frozen=True)
class PreviewLine:
    """What would become of a row."""

    line: int
    result: str
    name: str
    said: tuple[tuple[str, str], ...]
    why: str


@dataclass(frozen=True)
class Draft:
    """The page's model. `counts` add up to `tried`; None where nothing could be tried."""

    columns: tuple[ColumnRow, ...]
    fields: tuple[Field, ...]
    matches: tuple[Field, ...]
    choices: Choices
    may_add_terms: bool
    may_date_back: bool
    problems: tuple[str, ...]
    counts: Mapping[str, int] | None
    tried: int
    stored: int
    reasons: tuple[Reason, ...]
    changed: tuple[Reason, ...]
    lines: tuple[PreviewLine, ...]


def draft(request: Request, ctx: Ctx, kept: Import, only: str) -> Draft:
    """What the page of an import that has not begun shows; of the lines those with the result `only`, if any."""
    entity = ctx.catalog[kept.entity]
    choices, preview = Choices.of(kept.choices), kept.preview or {}
    filled = choices.entity(entity)
    fields = tuple(one for one in filled.fields if not one.read_only and one.type.kind not in _UNFED)
    columns = tuple(_columns(ctx, kept, filled, choices, preview))
    at = {one.field: one.at for one in columns if one.field}
    say = request.say
    title = {one.name: say(one.title) for one in filled.fields}
    counts = preview.get("counts")
    return Draft(
        columns=columns,
        fields=fields,
        matches=tuple(one for one in fields if one.name in choices.columns and is_matchable(one)),
        choices=choices,
        may_add_terms=ctx.rights.may_ever(ctx.catalog[TERM], "create"),
        may_date_back=ctx.rights.may_ever(entity, "import"),
        problems=tuple(
            f"{title.get(name, '')} {say(read(sentence))}".strip()
            for name, sentences in preview.get("problems", {}).items()
            for sentence in sentences
        ),
        counts=counts,
        tried=sum(counts.values()) if counts else 0,
        stored=counts["created"] + counts["updated"] if counts else 0,
        reasons=tuple(
            Reason(reason(say, title, name, sentence), count, at.get(name))
            for name, sentence, count in preview.get("reasons", ())
        ),
        changed=tuple(Reason(title.get(name, name), count, at.get(name)) for name, count in preview.get("changed", ())),
        lines=tuple(_lines(say, title, preview.get("lines", {}), only)),
    )


def reason(say: Any, title: Mapping[str, str], name: str | None, sentence: Any) -> str:
    """A reason with the field that it is about."""
    said = str(say(read(sentence)))
    return f"{title[name]}: {said}" if name is not None and name in title else said


def _columns(
    ctx: Ctx, kept: Import, entity: Entity, choices: Choices, preview: Mapping[str, Any]
) -> Iterator[ColumnRow]:
    fed = {column: name for name, column in choices.columns.items()}
    for at, column in enumerate(columns_of(kept)):
        row = ColumnRow(at, column.name, ", ".join(column.samples))
        if column.name not in fed:
            yield row
            continue
        field = entity.field(fed[column.name])
        doubt = preview.get("doubts", {}).get(field.name)
        texts = tuple(Told(*one) for one in preview.get("texts", {}).get(field.name, ()))
        kind: Any = field.type
        options: Sequence[tuple[str, str]] = ()
        if texts and kind.kind == "choice":
            options = list(kind.choices.items())
        elif texts:
            options, texts = _by_name(options_of(ctx, field), texts)
        told = choices.readings.get(field.name) or preview.get("readings", {}).get(field.name, "")
        yield replace(
            row,
            field=field.name,
            required=field.required and field.default is None,
            matched=field.name == choices.match,
            readings=KINDS.get(kind.kind, ()) if doubt or field.name in choices.readings else (),
            reading=told,
            doubt=(doubt[0], tuple(doubt[1].values())) if doubt else None,
            texts=texts,
            options=tuple(options),
            closed=kind.kind == "choice",
        )


def _by_name(options: Sequence[tuple[str, str]], texts: tuple[Told, ...]) -> tuple[Any, tuple[Told, ...]]:
    """Records as people call them; by key where several are called so."""
    called = Counter(name for _key, name in options)
    names = {key: name if called[name] == 1 else key for key, name in options}
    named = tuple(replace(one, to=names.get(one.to, one.to)) for one in texts)
    return [(names[key], name) for key, name in options], named


def _lines(say: Any, title: Mapping[str, str], lines: Mapping[str, Any], only: str) -> Iterator[PreviewLine]:
    shown = [(line, result) for result, some in lines.items() for line in some if only in ("", result)]
    for (number, name, said, why), result in sorted(shown, key=lambda one: one[0][0])[: None if only else 20]:
        words = "; ".join(reason(say, title, *one) for one in why) or (say(SAME) if result == "skipped" else "")
        yield PreviewLine(number, result, name, tuple((title.get(one, one), text) for one, text in said), words)


# --- what was sent ------------------------------------------------------------------------------------------


def chosen(request: Request, kept: Import, entity: Entity) -> Choices:
    """The choices that the page's form holds. Raises Invalid for a field that two columns feed."""
    form, known = request.POST, {field.name: field for field in entity.fields}
    columns: dict[str, str] = {}
    for at, column in enumerate(columns_of(kept)):
        name = _text(form, f"column-{at}")
        if name in columns:
            title = known[name].title if name in known else name
            raise Invalid(_("Two columns feed the field ${name}. Choose one of them.", mapping={"name": title}))
        if name:
            columns[name] = column.name
    values: dict[str, dict[str, str]] = {}
    readings = {}
    for name in columns:
        texts = form.getall(f"from-{name}")
        told = form.getall(f"to-{name}")
        if not all(isinstance(one, str) for one in (*texts, *told)):
            raise BadRequest
        if texts:
            told = [one.strip() for one in told]
            if name in known and known[name].type.kind == "reference":
                told = keys_of(request.ctx, known[name], told)
            values[name] = dict(zip(texts, told, strict=False))
        if reading := _text(form, f"reading-{name}"):
            readings[name] = reading
    match = _text(form, "match")
    return Choices(
        columns,
        match if match in columns else None,
        values,
        readings,
        *(_text(form, name) == "1" for name in ("blank_clears", "create_terms", "historical")),
    )


def _text(form: Any, name: str) -> str:
    found = form.get(name, "")
    return found if isinstance(found, str) else ""
