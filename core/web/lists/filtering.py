"""The sheet in which a list's condition is put together: lines joined by "and" and "or"."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.request import Request
from pyramid.response import Response

from core.errors import BadRequest, NotFound
from core.fields import BadValue
from core.http.paths import collection
from core.i18n import _
from core.services.work import Ctx
from core.web.forms.choices import Chooser
from core.web.frame import frame, may_visit
from core.web.lists.columns import may_ask
from core.web.lists.saved import looked
from core.web.lists.terms import DATES, OPERATORS, SETS, Line, Lines
from core.web.lists.wording import DYNAMIC, Wording, spoken
from core.web.templating import page
from core.web.values import display
from plugins import Entity, Field

MOST = 40  # lines
_MANY = 10  # values that are seen at once
_OWN = {"core.user": ("me",), "core.unit": ("my_unit", "my_units")}


@dataclass(frozen=True)
class Option:
    """A value that can be ticked, or an operator that can be chosen."""

    value: str
    title: str
    on: bool


@dataclass(frozen=True)
class Drawn:
    """A line as the sheet shows it. `input` is the kind of its values: `set text number date`; of a `set` the
    `options` are all there are, or `lookup` is where others are looked for. `words` are those of a part that
    is kept as it is.
    """

    at: int
    join: str
    field: str
    title: str
    operators: tuple[Option, ...] = ()
    operator: str = ""
    input: str = ""
    options: tuple[Option, ...] = ()
    lookup: str = ""
    values: tuple[str, ...] = ()
    raw: str = ""
    words: str = ""
    error: str = ""


def view(entity: Entity, request: Request) -> Response:
    """GET with a list's query: the sheet of its condition. The sheet comes back here with its lines, to `add`
    one, to drop one or, when all is well, to lead to the list.
    """
    ctx: Ctx = request.ctx
    if not may_visit(ctx, entity):
        raise NotFound
    query, path = looked(request, ctx, entity).query, collection(entity.key)
    reading = Lines(entity, ctx.catalog, ctx.kernel.clock.zone)
    lines = sent_lines(request.GET) if "sheet" in request.GET else reading.of(query.filter)
    errors: dict[int, str] = {}
    if request.GET.get("do") == "show":
        errors = errors_of(reading, lines)
        if not errors:
            return HTTPSeeOther(query.url(path, filter=reading.document(lines)))
    known = filterable(ctx, entity)
    lines, added = rearranged(request.GET, lines, known)
    drawing = Drawing(request, ctx, entity, reading)
    return page(
        request,
        "list/filter",
        status=400 if errors else 200,
        frame=frame(request, ctx, entity),
        entity=entity,
        path=path,
        query=query,
        lines=[drawing.line(at, line, errors.get(at, "")) for at, line in enumerate(lines)],
        added=added,
        facets=[field for field in known if is_facet(field)],
        others=[field for field in known if not is_facet(field)],
    )


def filterable(ctx: Ctx, entity: Entity) -> list[Field]:
    """The fields by which the actor can narrow the list."""
    return [field for field in entity.fields if field.type.kind in OPERATORS and may_ask(ctx, entity, field)]


def is_facet(field: Field) -> bool:
    """Whether one ticks values of the field rather than typing them, or picks days."""
    return field.type.kind in (*SETS, *DATES)


def sent_lines(sent: Any) -> list[Line]:
    """The lines that a form sends. Raises BadRequest for what it never sends."""
    lines = []
    for at in sent.getall("line")[:MOST]:
        raw = sent.get(f"r{at}")
        if raw is not None:
            lines.append(Line("", raw=_json(raw)))
            continue
        operator = sent.get(f"o{at}", "")
        names = {"between": ("a", "b"), "last": ("d",), "next": ("d",)}.get(operator, ("v", "a"))
        values = tuple(value for name in names for value in sent.getall(f"{name}{at}") if value.strip())
        split = tuple(part.strip() for value in values for part in value.split(",")) if f"k{at}" in sent else values
        lines.append(Line(sent.get(f"f{at}", ""), operator, split, "or" if sent.get(f"j{at}") == "or" else "and"))
    return lines


def rearranged(sent: Any, lines: Sequence[Line], known: Sequence[Field]) -> tuple[list[Line], bool]:
    """The lines without the one that `do=drop.N` takes away, with a fresh one for the field that `add` names; and
    whether there is one.
    """
    do = sent.get("do", "")
    if do.startswith("drop.") and do[5:].isdecimal():
        lines = [line for at, line in enumerate(lines) if at != int(do[5:])]
    added = next((field for field in known if field.name == sent.get("add", "")), None)
    if added is not None and len(lines) < MOST:
        lines = [*lines, Line(added.name, OPERATORS[added.type.kind][0])]
    return list(lines), added is not None


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise BadRequest(_("The query cannot be read."), errors={"filter": [_("The filter is not JSON.")]}) from None


def errors_of(reading: Lines, lines: Sequence[Line]) -> dict[int, str]:
    """What is wrong with lines, by their place."""
    found = {}
    for at, line in enumerate(lines):
        try:
            reading.document([line])
        except BadValue as bad:
            found[at] = bad.message
    return found


class Drawing:
    """Draws lines for one reader; what can be chosen is looked up once."""

    def __init__(self, request: Request, ctx: Ctx, entity: Entity, reading: Lines) -> None:
        self.say, self.ctx, self.reading = request.say, ctx, reading
        self.wording = Wording(request, ctx, entity, display(request, ctx, brief=True))
        self.chooser = Chooser(ctx, request.locale_name)

    def line(self, at: int, line: Line, error: str) -> Drawn:
        if line.raw is not None:
            raw = json.dumps(line.raw, ensure_ascii=False, default=float)
            return Drawn(at, line.join, "", "", raw=raw, words=self.wording.text(line.raw))
        field = self.reading.field(line.field)
        if field is None or field.type.kind not in OPERATORS:
            raise BadRequest(_("The query cannot be read."))
        kind = field.type.kind
        operators = tuple(
            Option(one, str(self.say(spoken(one, kind))), one == line.operator) for one in OPERATORS[kind]
        )
        options, lookup = self._options(field, line) if kind in SETS else ((), "")
        shown = "set" if kind in SETS else "date" if kind in DATES else "text" if kind == "text" else "number"
        title = self.wording.title(line.field)
        return Drawn(
            at, line.join, line.field, title, operators, line.operator, shown, options, lookup, line.values, error=error
        )

    def _options(self, field: Field, line: Line) -> tuple[tuple[Option, ...], str]:
        kind: Any = field.type
        if kind.kind == "choice":
            known = {code: str(self.say(title)) for code, title in kind.choices.items()}
        elif kind.kind == "boolean":
            known = {"true": str(self.say(_("Yes"))), "false": str(self.say(_("No")))}
        else:
            choices = self.chooser.all(kind.entity, tuple(kind.within) if kind.kind == "reference" else ())
            if not choices.complete:
                return tuple(self._found(kind.entity)), f"{collection(kind.entity)}/lookup"
            own = {f"${name}": str(self.say(DYNAMIC[name])) for name in _OWN.get(kind.entity, ())}
            known = own | {one.key: "　" * one.depth + one.label for one in choices.choices}
        missing = [value for value in line.values if value not in known]
        known |= self.wording.labels(line.field, missing)
        options = [Option(value, title, value in line.values) for value, title in known.items()]
        if len(options) > _MANY:  # what is ticked is seen without scrolling
            options.sort(key=lambda one: not one.on)
        return tuple(options), ""

    def _found(self, entity_key: str) -> Iterator[Option]:
        for one in self.chooser.all(entity_key).choices[:20]:
            yield Option(one.key, one.label, False)
