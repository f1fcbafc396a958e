"""A record beside its list: what matters of it, without leaving."""

from __future__ import annotations

from dataclasses import dataclass

from pyramid.request import Request
from pyramid.response import Response

from core.entities.reader import META
from core.errors import NotFound
from core.services import records
from core.services.work import Ctx
from core.web.addresses import record_path
from core.web.details import Fact
from core.web.facets import STATE
from core.web.forms.inputs import changeable
from core.web.frame import may_visit
from core.web.record import label_name, record_id, title
from core.web.templating import page
from core.web.values import Value, display
from plugins import Entity

MOST = 14  # facts


@dataclass(frozen=True)
class Peek:
    """`path` is the record's page; `before` and `after` lead to the neighbours' previews where the list knows them."""

    id: int
    key: str
    path: str
    title: str
    state: Value | None
    facts: tuple[Fact, ...]
    may_edit: bool
    before: str = ""
    after: str = ""


def fragment(entity: Entity, request: Request) -> Response:
    """GET: the panel alone, for a list that is open already."""
    ctx: Ctx = request.ctx
    if not may_visit(ctx, entity):
        raise NotFound
    return page(request, "list/preview", peek=peek(request, ctx, entity, record_id(request)), entity=entity)


def peek(request: Request, ctx: Ctx, entity: Entity, number: int) -> Peek:
    """What the panel shows: the list's columns, then the rest in the entity's order, as far as there is something.

    Raises NotFound.
    """
    record = records.find(ctx, entity, number)
    look = records.reader(ctx, request.locale_name, request.say)
    document = look.document(entity, record)
    rights = look.rights_on(entity, entity.fields, record)
    show = display(request, ctx)
    label = label_name(entity, request.locale_name)
    order = dict.fromkeys([*entity.columns, *(field.name for field in entity.fields)])
    names = [name for name in order if name not in (*META, label, STATE)]
    facts = []
    for name in names:
        field = entity.field(name)
        value = show.shown(field, document, rights[name])
        if value.kind not in ("empty", "closed", "table", "document"):
            facts.append(Fact(name, field.title, value))
    state = entity.field(STATE) if any(field.name == STATE for field in entity.fields) else None
    return Peek(
        record.id,
        f"{entity.key}/{record.id}",
        record_path(entity.key, record.id),
        title(entity, document, request.locale_name),
        None if state is None else show.shown(state, document, rights[STATE]),
        tuple(facts[:MOST]),
        bool(changeable(ctx, entity, record, rights)),
    )
