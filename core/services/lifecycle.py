"""What the database remembers of plugins: which ran here, what they were given, what they have missed.

A plugin begins to run when the site first starts, or is upgraded, with it on and sound; it stops when
that is over, because it was switched off or failed. What the kernel tells the plugins in between is
kept for those that do not run and told to them before they serve again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import Any

from sqlalchemy import delete, select, update

from core.db.base import Base
from core.fields import BadValue
from core.i18n import _, in_english
from core.models import MissedCall, PluginRecord, Role, SearchField, SearchToken, Term
from core.security.grants import check_grants
from core.security.identity import Identity
from core.services import login, merging, missed
from core.services.search import rebuild
from core.services.setup import STARTER_ROLES
from core.services.work import Ctx, Kernel, Work
from plugins import Manifest, PluginError
from plugins.errors import did_you_mean

# What the kernel did itself beside a hook, with the rows that it could see.
_FIRST = {"on_customer_merge": merging.follow}
RUNNER = "admin"  # plugins act as he does when nobody is there
# The kernel is the first plugin: it too gives each grant once, also to sites that are older than what it is for.
CORE = Manifest(
    name=missed.KERNEL, title="Kehu", version="0", models=None, migrations=None, templates=None, locale=None
)


def restricting(work: Work) -> set[str]:
    """Those of them that said they restrict access: a site must not run without one that is enabled."""
    return set(work.system.scalars(select(PluginRecord.name).where(PluginRecord.critical)))


def is_synced(work: Work) -> bool:
    """Whether the database knows all that `sync` would tell it."""
    known = {record.name: record for record in work.system.scalars(select(PluginRecord))}
    running, manifests = {name for name, record in known.items() if record.running}, _all(work.kernel)
    return running == {manifest.name for manifest in manifests} and all(
        not _news(known[manifest.name], manifest, _grants(work.kernel, manifest)) for manifest in manifests
    )


def sync(work: Work) -> None:
    """Note which plugins run now; give those that begin to run what is theirs and what they have missed.

    PluginError, naming the plugin, when one cannot take it.
    """
    session = work.elevated(_("Plugins that run"), write=True)
    known = {record.name: record for record in session.scalars(select(PluginRecord).with_for_update())}
    names = {manifest.name for manifest in _all(work.kernel)}
    for name, record in known.items():
        if record.running and name not in names:
            record.running = False
    begin = []
    for manifest in _all(work.kernel):
        record = known.get(manifest.name) or PluginRecord(
            name=manifest.name, enabled_at=work.now, running=False, given=[]
        )
        session.add(record)
        if not record.running and manifest is not CORE:
            begin.append(manifest)
        record.version, record.critical, record.running = manifest.version, manifest.critical, True
        record.given = [*record.given, *_give(session, record, _grants(work.kernel, manifest))]
    session.flush()
    rebuild.settle(work)
    for manifest in begin:
        _begin(work, manifest)


def _all(kernel: Kernel) -> tuple[Manifest, ...]:
    return CORE, *kernel.manifests


def _begin(work: Work, manifest: Manifest) -> None:
    ctx = work.act_as(_runner(work))
    try:
        work.kernel.hooks.call("on_plugin_enabled", only=manifest.name, ctx=ctx)
        ctx.db.flush()
        missed.make_up(ctx, manifest.name, _FIRST)
    except Exception as error:
        message = f"hook 'on_plugin_enabled' failed: {type(error).__name__}: {error}"
        raise PluginError(f"plugin {manifest.name!r}: {message}", manifest.name) from error


def _runner(work: Work) -> Identity:
    return login.by_login(work, RUNNER, door="system")


# --- grants of the starter roles -------------------------------------------------------------------


def _grants(kernel: Kernel, manifest: Manifest) -> list[dict[str, Any]]:
    """The lines that the plugin gives, each with its role, as an administrator would write them. PluginError."""
    lines = []
    for one in kernel.hooks.collect("register_grants"):
        if one.owner == manifest.name:
            line = asdict(one.value)
            role = line.pop("role")
            if role not in STARTER_ROLES:
                hint = did_you_mean(str(role), STARTER_ROLES) or f"; there are {', '.join(STARTER_ROLES)}"
                message = f"hook 'register_grants' gives {one.value.key}: there is no starter role {role!r}{hint}"
                raise PluginError(f"plugin {manifest.name!r}: {message}", manifest.name)
            try:
                lines += [{"role": role, **clean} for clean in check_grants([line], kernel.catalog)]
            except BadValue as bad:
                message = f"hook 'register_grants' gives {one.value.key}: {in_english(bad.message)}"
                raise PluginError(f"plugin {manifest.name!r}: {message}", manifest.name) from bad
    return lines


def _news(record: PluginRecord, manifest: Manifest, lines: Iterable[Mapping[str, Any]]) -> bool:
    is_other = (record.version, record.critical) != (manifest.version, manifest.critical)
    return is_other or any(line not in record.given for line in lines)


def _give(session: Any, record: PluginRecord, lines: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Add the grants that this site has not been given before; what an administrator made of those stays."""
    fresh = [line for line in lines if line not in record.given]
    for line in fresh:
        role = session.scalars(select(Role).where(Role.code == line["role"])).one_or_none()
        grant = {name: value for name, value in line.items() if name != "role"}
        if role is not None and grant not in role.grants:
            role.grants = [*role.grants, grant]
    return fresh


# --- purging ---------------------------------------------------------------------------------------

_KEPT = ("core_audit", "core_change")  # nothing is ever taken out of the audit trail


def forget(ctx: Ctx, plugin: str, counts: Mapping[str, int]) -> None:
    """Take out what the kernel's own tables hold for a plugin whose tables are gone; `counts` their rows.

    That is all that is keyed by its entities, `PLUGIN.*`: numbers, shares, terms, grants, field rights.
    """
    session = ctx.work.elevated(_("Purge of ${plugin}", mapping={"plugin": plugin}), write=True)
    own = f"{plugin}."
    for role in session.scalars(select(Role)):
        for attribute in ("grants", "field_rights"):
            lines = [line for line in getattr(role, attribute) if not line["entity"].startswith(own)]
            if lines != getattr(role, attribute):
                setattr(role, attribute, lines)
    session.flush()
    session.execute(update(Term).where(Term.list_name.startswith(own, autoescape=True)).values(parent_id=None))
    session.execute(delete(Term).where(Term.list_name.startswith(own, autoescape=True)))
    fields = select(SearchField.id).where(SearchField.entity.startswith(own, autoescape=True))
    session.execute(delete(SearchToken).where(SearchToken.field.in_(fields)))
    for model, column in _keyed():
        session.execute(delete(model).where(column.startswith(own, autoescape=True)))
    session.execute(delete(MissedCall).where(MissedCall.plugin == plugin))
    session.execute(delete(PluginRecord).where(PluginRecord.name == plugin))
    changes = [{"field": table, "old": rows, "new": None} for table, rows in sorted(counts.items())]
    ctx.journal.note("purge", "core.plugin", None, changes)


def _keyed() -> Iterator[tuple[Any, Any]]:
    """The kernel's tables whose rows belong to an entity or a job: those with a column `entity` or `job_key`."""
    for mapper in Base.registry.mappers:
        for name in {"entity", "job_key"} & set(mapper.columns.keys()):
            if getattr(mapper.local_table, "name", None) not in _KEPT:
                yield mapper.class_, mapper.columns[name]
