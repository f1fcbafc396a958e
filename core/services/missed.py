"""What plugins cannot hear while they do not run, kept for them and told before they serve again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import select

from core.i18n import _
from core.models import MissedCall, PluginRecord
from core.services.work import Ctx, Work

KERNEL = "core"  # has a record beside theirs


def known_plugins(work: Work) -> tuple[str, ...]:
    """Plugins that have run here once and were not purged."""
    statement = select(PluginRecord.name).where(PluginRecord.name != KERNEL).order_by(PluginRecord.name)
    return tuple(work.system.scalars(statement))


def tell(ctx: Ctx, hook: str, /, **records: Any) -> None:
    """Call a hook about records now, and keep the call for the plugins that do not run."""
    ctx.kernel.hooks.call(hook, ctx=ctx, **records)
    names = {manifest.name for manifest in ctx.kernel.manifests}
    missing = [name for name in known_plugins(ctx.work) if name not in names]
    if missing:
        session = ctx.work.elevated(_("Kept for plugins that are off"), write=True)
        arguments = {name: _reference(ctx, record) for name, record in records.items()}
        for name in missing:
            session.add(MissedCall(plugin=name, hook=hook, arguments=arguments, missed_at=ctx.now))
        session.flush()


def make_up(ctx: Ctx, plugin: str, first: Mapping[str, Callable[..., None]]) -> None:
    """Tell a plugin what it has missed, oldest first; `first` holds what the kernel does itself, by hook."""
    session = ctx.work.elevated(_("Made up for what a plugin has missed"), write=True)
    for call in session.scalars(select(MissedCall).where(MissedCall.plugin == plugin).order_by(MissedCall.id)).all():
        records = {name: _record(ctx, reference) for name, reference in call.arguments.items()}
        if None not in records.values():  # what has gone for good since then took the plugin's rows along
            if call.hook in first:
                first[call.hook](ctx, plugin, **records)
            ctx.kernel.hooks.call(call.hook, only=plugin, ctx=ctx, **records)
            ctx.db.flush()
        session.delete(call)
    session.flush()


def _reference(ctx: Ctx, record: Any) -> dict[str, Any]:
    entity = ctx.catalog.of_model(type(record))
    assert entity is not None, "hooks that can be missed are about records"
    return {"entity": entity.key, "id": record.id}


def _record(ctx: Ctx, reference: Mapping[str, Any]) -> Any:
    return ctx.system.get(ctx.catalog[reference["entity"]].model, reference["id"])
