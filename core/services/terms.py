"""Codes of the code lists that a file brings along."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select

from core.models import Term
from core.services.bulk import store
from core.services.work import Ctx
from plugins import Entity

TERM = "core.term"


def add_terms(ctx: Ctx, entity: Entity, rows: Sequence[Mapping[str, str]]) -> None:
    """Add the codes that rows of texts name and their lists do not have, labelled as they are written.

    Codes that cannot be added are left to the rows, which then say what is wrong with them.
    """
    for field in entity.fields:
        kind: Any = field.type
        if kind.kind != "reference" or kind.entity != TERM or dict(kind.within).keys() != {"list"}:
            continue
        ((_list, name),) = kind.within
        codes = dict.fromkeys(row[field.name].strip() for row in rows if row.get(field.name, "").strip())
        known = ctx.system.scalars(select(Term.code).where(Term.list_name == name, Term.code.in_(codes)))
        new = [code for code in codes if code not in set(known)] if codes else []
        store(
            ctx,
            ctx.catalog[TERM],
            [{"list": name, "code": code, "label_zh": code, "label_en": code} for code in new],
        )
