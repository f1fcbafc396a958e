"""Records that may be the same as a new one, told beneath its form while somebody fills it in."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pyramid.request import Request
from pyramid.response import Response

from core.errors import Forbidden, NotFound
from core.i18n import _
from core.security.judge import refusal
from core.services.intake import Intake
from core.services.work import Ctx
from core.web.addresses import record_path
from core.web.format import day
from core.web.forms.build import read
from core.web.templating import page
from plugins import Entity

MOST = 3
LEVELS: Mapping[str, str] = {
    "certain": _("Already there"),
    "high": _("Very likely the same"),
    "possible": _("May be the same"),
}


@dataclass(frozen=True)
class Alike:
    """`by` is the title of the field that is the same. Of a hidden one there is no label, but `unit` and `since`."""

    level: str
    by: str
    label: str = ""
    key: str = ""
    path: str = ""
    unit: str = ""
    since: str = ""


def view(entity: Entity, request: Request) -> Response:
    """POST some of a new record's fields: a fragment of HTML. What is wrong with them the form itself will say."""
    ctx: Ctx = request.ctx
    asked = [field for field in entity.fields if field.name in entity.rules.alike_by]
    if not asked:
        raise NotFound
    if not ctx.rights.may_ever(entity, "create"):
        raise Forbidden(refusal("create"))
    taken = Intake(ctx, entity, text=True).parse(read(asked, request))
    found = entity.rules.alike(ctx, taken.values)
    return page(request, "alike", **listed(entity, found, request.locale_name))


def listed(entity: Entity, found: Sequence[Mapping[str, Any]], language: str) -> dict[str, Any]:
    """What the template shows of them: the first `found`, and how many `more` there are."""
    shown = [_shown(entity, one, language) for one in found[:MOST]]
    return {"found": shown, "more": len(found) - len(shown)}


def _shown(entity: Entity, one: Mapping[str, Any], language: str) -> Alike:
    level, by = LEVELS[one["level"]], entity.field(one["by"]).title
    if "hidden" in one:
        since = one.get("since")
        return Alike(level, by, unit=one["unit"], since=day(dt.date.fromisoformat(since), language) if since else "")
    return Alike(level, by, str(one["label"]), str(one["key"]), record_path(entity.key, one["id"]))
