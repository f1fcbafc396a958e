"""The home of the settings: in groups, each with a sentence that says what it is for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pyramid.config import Configurator
from pyramid.request import Request
from pyramid.response import Response

from core.errors import NotFound
from core.http.paths import collection
from core.i18n import _
from core.security.catalog import is_business
from core.services.work import Ctx
from core.web.frame import ADMIN, frame, is_administrator, may_visit
from core.web.templating import page
from plugins import Entity

PEOPLE, DATA, OPERATION, OTHERS = _("People and rights"), _("Data"), _("Operation"), _("More")


@dataclass(frozen=True)
class Entry:
    """A place among the settings."""

    title: str
    text: str
    path: str
    icon: str


AUDIT = "core.audit"  # is read as changes
# In the order in which they are shown, by the keys of entities.
GROUPS: Mapping[str, tuple[str, ...]] = {
    PEOPLE: ("core.unit", "core.user", "core.role", "core.share", "core.token"),
    DATA: ("core.term", "core.custom_field", "core.number_rule", "core.import", "core.saved_view", "core.attachment"),
    OPERATION: ("core.job", "core.notification"),
}
OWN = {"core.unit": "/admin/units", "core.role": "/admin/roles"}  # with pages that say more than their lists
TEXTS: Mapping[str, str] = {
    "core.unit": _("The group, its companies, branches, departments and dealers."),
    "core.user": _("Who works here, where, and with which roles."),
    "core.role": _("What people may see and do, as grants."),
    "core.share": _("Single records that were opened to somebody."),
    "core.token": _("Keys with which programs come to the API."),
    "core.term": _("Regions, industries, levels, sources and other lists to choose from."),
    "core.custom_field": _("Fields of your own on customers, contacts and activities."),
    "core.number_rule": _("How codes of customers and documents are made."),
    "core.import": _("Files that were imported, what became of them, and taking them back."),
    "core.saved_view": _("What lists show, kept under a name, for oneself or for others."),
    "core.attachment": _("All files on records."),
    "core.job": _("What runs in the background: progress, failures, trying again."),
    "core.notification": _("What the program has told people."),
}


def includeme(config: Configurator) -> None:
    config.add_route("web.admin", ADMIN)
    config.add_view(view, route_name="web.admin", request_method="GET")


def require_administrator(ctx: Ctx) -> None:
    """NotFound for everybody else."""
    if not is_administrator(ctx):
        raise NotFound


def view(context: Any, request: Request) -> Response:
    """GET. What the actor may not open is not there. No statement beside the frame's."""
    ctx: Ctx = request.ctx
    visible = {one.key: one for one in ctx.catalog if may_visit(ctx, one) and not is_business(one)}
    named = {AUDIT, *(key for keys in GROUPS.values() for key in keys)}
    own = _own(ctx)
    groups = [
        (title, [*(_entry(visible[key]) for key in keys if key in visible), *own.get(title, ())])
        for title, keys in GROUPS.items()
    ]
    groups.append((OTHERS, [_entry(one) for key, one in visible.items() if key not in named]))
    return page(
        request,
        "admin/home",
        frame=frame(request, ctx, admin=True),
        groups=[(title, entries) for title, entries in groups if entries],
    )


def _own(ctx: Ctx) -> dict[str, list[Entry]]:
    """The pages that no entity has."""
    bin_ = Entry(_("Recycle bin"), _("What was deleted, and how to get it back."), "/admin/bin", "trash")
    mine = Entry(_("What a person may do"), _("All rights of somebody, in words."), "/admin/rights", "shield")
    changes = Entry(
        _("Changes"), _("Who changed what and when, chained so that nobody can alter it."), "/changes", "history"
    )
    plugins = Entry(
        _("Plugins"), _("What is installed and switched on, and what each adds."), "/admin/plugins", "stack-2"
    )
    settings = Entry(
        _("Site settings"), _("What kehu.ini says, and what each line means."), "/admin/settings", "adjustments"
    )
    if not is_administrator(ctx):
        return {PEOPLE: [mine], DATA: [bin_], OPERATION: [changes]}
    return {PEOPLE: [mine], DATA: [bin_], OPERATION: [changes, plugins, settings]}


def _entry(entity: Entity) -> Entry:
    return Entry(entity.plural, TEXTS.get(entity.key, ""), OWN.get(entity.key, collection(entity.key)), entity.icon)
