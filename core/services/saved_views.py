"""The rules of saved views: what they may ask, whom they may be opened to, which one opens first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import or_, select

from core.entities.listing import GROUPABLE, as_json, ask
from core.entities.reader import META
from core.errors import BadRequest, Forbidden, Invalid
from core.fields import BadValue
from core.i18n import _, suggestion
from core.models import SavedView, User
from core.security.judge import READ_ONLY
from core.services.work import Ctx
from plugins import Entity, ListView, Rules

MOST = 50  # that a list offers
PARTS = ("q", "filter", "sort", "columns", "group", "view")
NO_WAY = _("This list cannot be looked at in this way.")
_LONGEST = 4000


def check_query(value: Any) -> dict[str, Any]:
    """An object of texts and, as `filter`, a condition: what a list is asked for, without what is empty."""
    if value is None:
        return {}
    if not isinstance(value, dict) or not value.keys() <= set(PARTS):
        raise BadValue(_("Give an object with some of: ${names}.", mapping={"names": ", ".join(PARTS)}))
    for name, part in value.items():
        if name != "filter" and part is not None and (not isinstance(part, str) or len(part) > _LONGEST):
            raise BadValue(_("${name}: give a text.", mapping={"name": name}))
    plain = as_json(value)
    return {name: plain[name] for name in PARTS if plain.get(name)}


class SavedViewRules(Rules):
    """A view asks for what its list can be asked by whoever saves it, and is opened to his own unit or those below."""

    def prepare(self, ctx: Ctx, record: SavedView | None, values: dict[str, Any], creating: bool) -> None:
        if creating:
            values["owner"] = ctx.identity.user_id
            values.setdefault("query", {})
        entity = ctx.catalog.get(record.entity if record else values.get("entity") or "")
        if entity is None or not (entity.public or ctx.rights.may_ever(entity, "view")):
            raise Invalid(errors={"entity": [_("There is no such list, or you may not see it.")]})
        if "query" in values:
            values["query"] = values["query"] or {}
            check(ctx, entity, values["query"])
        if values.get("unit") is not None and values["unit"] not in ctx.rights.units:
            raise Invalid(errors={"unit": [_("Choose your own unit or one below it.")]})


def check(ctx: Ctx, entity: Entity, query: Mapping[str, Any]) -> None:
    """Raises Invalid unless the actor can ask the entity's list so."""
    try:
        ask(ctx.rights, entity, filter=query.get("filter"), text=query.get("q"), sort=query.get("sort"))
    except (BadRequest, Forbidden) as refused:
        raise Invalid(errors={"query": refused.reasons}) from None
    group = query.get("group")
    if group and not any(field.name == group and field.type.kind in GROUPABLE for field in entity.fields):
        raise Invalid(errors={"query": [_("By ${name} nothing can be grouped.", mapping={"name": str(group)[:80]})]})
    view = query.get("view")
    if view and way(ctx, entity, view) is None:
        raise Invalid(errors={"query": [NO_WAY]})
    known = column_names(ctx, entity)
    for name in str(query.get("columns") or "").split(","):
        if name and name not in known:
            facts = {"name": name[:80], "hint": suggestion(name, known)}
            raise Invalid(errors={"query": [_("There is no column ${name}.${hint}", mapping=facts)]})


def ways(ctx: Ctx, entity: Entity) -> list[ListView]:
    """The plugins' ways to look at a list that the actor may take."""
    offered = (one for one in ctx.kernel.list_views.values() if one.entity == entity.key)
    return [one for one in offered if all(ctx.rights.may_ask(entity, entity.field(name)) for name in one.by)]


def way(ctx: Ctx, entity: Entity, name: str) -> ListView | None:
    """That of a name; None if there is none for the actor."""
    return next((one for one in ways(ctx, entity) if name_of(one) == name), None)


def name_of(one: ListView) -> str:
    """What addresses call it."""
    return one.key.partition(".")[2]


def column_names(ctx: Ctx, entity: Entity) -> set[str]:
    """All that the columns of a list can be called."""
    added = {column.key for column in ctx.kernel.columns.values() if column.entity == entity.key}
    return {field.name for field in entity.fields} | set(META) | added


def offered(ctx: Ctx, entity: Entity) -> Sequence[SavedView]:
    """The actor's own views of a list and those opened to him, by name."""
    mine = SavedView.owner_id == ctx.identity.user_id
    opened = SavedView.unit_id.in_(ctx.work.org.ancestors(ctx.identity.unit_id))
    statement = select(SavedView).where(SavedView.entity == entity.key, or_(mine, opened))
    return ctx.db.scalars(statement.order_by(SavedView.name, SavedView.id).limit(MOST)).all()


def open_first(ctx: Ctx, view: SavedView, arguments: Mapping[str, Any]) -> None:
    """Let the list open with this view, for the actor alone."""
    _set_first(ctx, view.entity, view.id)


def close_first(ctx: Ctx, view: SavedView, arguments: Mapping[str, Any]) -> None:
    """Let the list open as it is described, if it opens with this view."""
    if ctx.identity.first_views.get(view.entity) == view.id:
        _set_first(ctx, view.entity, None)


def _set_first(ctx: Ctx, entity_key: str, view_id: int | None) -> None:
    if ctx.identity.read_only:
        raise Forbidden(READ_ONLY)
    user = ctx.work.elevated("own preferences", write=True).get_one(User, ctx.identity.user_id)
    others = {key: known for key, known in (user.first_views or {}).items() if key != entity_key}
    user.first_views = others if view_id is None else others | {entity_key: view_id}
