"""What the site is made of and set to: its plugins, and the lines of kehu.ini. Both are changed on the server."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from pyramid.config import Configurator
from pyramid.request import Request
from pyramid.response import Response
from sqlalchemy.engine import make_url

from core.i18n import _
from core.services.missed import known_plugins
from core.services.work import Ctx, Kernel
from core.settings import Settings
from core.web.admin.home import require_administrator
from core.web.frame import frame
from core.web.templating import page
from plugins import Fault, discover, states

STATES: Mapping[str, str] = {
    "enabled": _("On"),
    "available": _("Off"),
    "quarantined": _("Switched off because of a fault"),
    "orphaned": _("Not installed any more"),
}
MEANINGS: Mapping[str, str] = {
    "database_url": _("Where everything is stored."),
    "plugins": _("The plugins that are switched on."),
    "time_zone": _("The zone of business days, and of what “today” means."),
    "title": _("What the site is called."),
    "production": _("Real work is done here: a plugin that fails is left out instead of stopping the start."),
    "testing": _("For tests: the clock can be set and faults be planted. Never with production."),
    "plugin_failure": _("strict: a plugin that fails stops the start; quarantine: the site serves without it."),
    "session_days": _("How many days a login lasts."),
    "duplicates_reveal": _("What is told of a duplicate that somebody may not see: its unit, or its owner too."),
    "duplicate_probes": _("How often in an hour somebody may meet such a duplicate."),
    "formal_on": _("What makes a customer formal: its first order, or its first contract."),
    "jobs": _("Whether the server runs background jobs itself; otherwise start kehu worker."),
    "job_days": _("How many days jobs that have ended are kept."),
    "files": _("The folder of attached files."),
    "files_most": _("How many MB a file may have."),
}
_SECRET = re.compile("password|secret|token|key", re.IGNORECASE)
HIDDEN = "••••••"


@dataclass(frozen=True)
class Card:
    """A plugin: its state, why, what it adds (kinds with how many of each), and how its state is changed."""

    name: str
    title: str
    summary: str
    version: str
    state: str
    why: str
    mend: str
    adds: tuple[tuple[str, int], ...]
    cut: tuple[str, ...]
    command: str


@dataclass(frozen=True)
class Line:
    """A setting as it is."""

    name: str
    value: str
    default: str
    meaning: str


def includeme(config: Configurator) -> None:
    for name, view in (("plugins", plugins), ("settings", settings)):
        config.add_route(f"web.admin.{name}", f"/admin/{name}")
        config.add_view(view, route_name=f"web.admin.{name}", request_method="GET")


def plugins(context: Any, request: Request) -> Response:
    """GET: every plugin that is installed, switched on, or has left its data here."""
    ctx: Ctx = request.ctx
    require_administrator(ctx)
    kernel = ctx.kernel
    found = discover()
    faults = {fault.plugin: fault for fault in kernel.faults}
    lines = states(found, kernel.settings.plugins, known_plugins(ctx.work), kernel.faults)
    cards = []
    for line in lines:
        manifest = found[line.name].manifest if line.name in found else None
        cards.append(
            Card(
                line.name,
                manifest.title if manifest else line.name,
                manifest.summary if manifest else "",
                line.version,
                line.state,
                line.why,
                _mend(faults.get(line.name)),
                tuple(_adds(ctx, line.name).items()) if line.state == "enabled" else (),
                tuple(key for key in _parts(kernel, line.name) if kernel.breaker.cut(key) is not None),
                _command(line.state, line.name),
            )
        )
    order = list(STATES)[::-1]
    cards.sort(key=lambda card: (order.index(card.state) if card.state in order else 0, card.name))
    return page(request, "admin/plugins", frame=frame(request, ctx, admin=True), cards=cards, states=STATES)


def _mend(fault: Fault | None) -> str:
    return fault.mend if fault else ""


def _command(state: str, name: str) -> str:
    return {
        "available": f"kehu plugin enable {name}",
        "enabled": f"kehu plugin disable {name}",
        "quarantined": f"kehu plugin check {name}",
        "orphaned": f"kehu plugin purge {name}",
    }.get(state, "")


def _adds(ctx: Ctx, name: str) -> dict[str, int]:
    """What a plugin adds, by a word for its kind."""
    kernel = ctx.kernel
    counted: Counter[str] = Counter()
    counted[_("Entities")] = sum(entity.key.startswith(f"{name}.") for entity in ctx.catalog)
    for word, registry in (
        (_("Fields on others"), kernel.extensions),
        (_("Panels"), kernel.panels),
        (_("Columns"), kernel.columns),
        (_("List views"), kernel.list_views),
        (_("Jobs"), kernel.jobs),
        (_("Events"), kernel.events),
        (_("Subscribers"), kernel.subscribers),
    ):
        counted[word] = sum(registry.owner(key) == name for key in registry)
    return {word: count for word, count in counted.items() if count}


def _parts(kernel: Kernel, name: str) -> list[str]:
    """The keys under which the parts of pages fail."""
    return [f"{registry.kind} {key}" for registry in kernel.parts for key in registry if registry.owner(key) == name]


def settings(context: Any, request: Request) -> Response:
    """GET: each setting with its value and meaning."""
    ctx: Ctx = request.ctx
    require_administrator(ctx)
    now, default = ctx.kernel.settings, Settings()
    own = [
        Line(
            _name(one.name),
            _shown(one.name, getattr(now, one.name)),
            _shown("", getattr(default, one.name)),
            MEANINGS[one.name],
        )
        for one in fields(Settings)
        if one.name in MEANINGS
    ]
    of_plugins = [
        Line(
            f"kehu.{manifest.name}.{one.name}",
            _of_plugin(now, f"{manifest.name}.{one.name}", one.default),
            _shown("", one.default),
            one.help,
        )
        for manifest in ctx.kernel.manifests
        for one in manifest.settings
    ]
    return page(
        request,
        "admin/settings",
        frame=frame(request, ctx, admin=True),
        groups=[(_("The site"), own), (_("Plugins"), of_plugins)],
    )


def _name(name: str) -> str:
    """As the ini file has it."""
    return f"kehu.{name.replace('duplicates_', 'duplicates.')}"


def _of_plugin(now: Settings, name: str, default: Any) -> str:
    value = _shown("", now.of_plugins.get(name, default))
    return HIDDEN if value and _SECRET.search(name) else value


def _shown(name: str, value: Any) -> str:
    """A value as the ini file has it; a password in an address stays hidden."""
    if name == "database_url" and value:
        return make_url(value).render_as_string(hide_password=True)
    if isinstance(value, tuple):
        return " ".join(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
