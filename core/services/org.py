"""The rules of units and terms."""

from __future__ import annotations

from typing import Any

from sqlalchemy import exists, select

from core.errors import Conflict, Invalid
from core.i18n import _
from core.models import Term, Unit, User
from core.services.powers import require_admin
from core.services.trees import is_below
from core.services.work import Ctx
from plugins import Rules


class UnitRules(Rules):
    """One root; no unit above itself; nothing is deleted that people or records stand in."""

    def prepare(self, ctx: Ctx, record: Unit | None, values: dict[str, Any], creating: bool) -> None:
        roots = [node.id for node in ctx.work.org.nodes.values() if node.parent_id is None]
        if creating and values.get("parent") is None:
            values["parent"] = roots[0]
        if record is not None and values.keys() & {"parent", "kind"}:
            require_admin(ctx)
        if record is not None and "parent" in values:
            if record.parent_id is None or values["parent"] is None:
                raise Invalid(errors={"parent": [_("The top unit stays the only one without a parent.")]})
            if is_below(ctx.system, Unit, values["parent"], record.id):
                raise Invalid(errors={"parent": [_("A unit cannot stand above itself.")]})
        currency = values.get("base_currency")
        if currency is not None and not (len(currency) == 3 and currency.isascii() and currency.isupper()):
            raise Invalid(errors={"base_currency": [_("Give a currency code such as CNY.")]})

    def before_delete(self, ctx: Ctx, record: Unit) -> None:
        if record.parent_id is None:
            raise Conflict(_("The top unit stays."), code="IN_USE")
        users: list[Any] = [(User.unit_id, User.deleted_at), (Unit.parent_id, Unit.deleted_at)]
        for entity in ctx.catalog:
            model: Any = entity.model
            if hasattr(model, "owner_id") and hasattr(model, "unit_id"):
                users.append((model.unit_id, model.deleted_at))
        for column, deleted in users:
            if ctx.system.scalar(select(1).where(exists().where(column == record.id, deleted.is_(None)))):
                raise Conflict(_("People, units or records still belong to this unit. Move them first."), code="IN_USE")


class TermRules(Rules):
    """A term's parent is of the same list and not below it; a code is taken once in a list."""

    def prepare(self, ctx: Ctx, record: Term | None, values: dict[str, Any], creating: bool) -> None:
        list_name = record.list_name if record else values.get("list")
        parent_id = values.get("parent")
        if record is not None and "parent" in values:
            require_admin(ctx)
        if parent_id is not None:
            parent = ctx.system.get_one(Term, parent_id)
            if parent.list_name != list_name:
                raise Invalid(errors={"parent": [_("The parent must be of the same list.")]})
            if record is not None and is_below(ctx.system, Term, parent_id, record.id):
                raise Invalid(errors={"parent": [_("A term cannot stand above itself.")]})
        if creating and list_name and values.get("code"):
            taken = select(1).where(exists().where(Term.list_name == list_name, Term.code == values["code"]))
            if ctx.system.scalar(taken):
                raise Conflict(
                    _("This list has the code ${code} already.", mapping={"code": values["code"]}),
                    code="DUPLICATE",
                    errors={"code": [_("This is taken already.")]},
                )
