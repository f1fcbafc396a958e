"""Whether the plugin starts, alone and beside all others, in whatever order they are named."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from core.boot import boot
from core.kit.bench import Bench
from core.kit.finding import Finding
from core.services.work import Kernel
from plugins import with_needs


def starts(bench: Bench) -> Iterator[Finding]:
    if bench.found[bench.name].problem:
        return
    if bench.fault is not None:
        yield Finding(
            f"it does not start: {bench.fault.why}",
            bench.fault.where or f"plugin {bench.name}",
            "the site serves without it, or not at all.",
            "mend it; `kehu plugins -v` shows the traceback. What else there is to check waits for that.",
        )
        return
    first = boot(bench.settings())
    again = boot(bench.settings(tuple(reversed(bench.names))))
    if _given(first) != _given(again):
        yield Finding(
            "it gives other things when it is started again, or in another order",
            f"plugin {bench.name}, hooks",
            "what a site can do must follow from what is on, never from chance.",
            "return the same declarations each time; decide nothing by what was imported before.",
        )
    beside = boot(bench.settings(_with_neighbours(bench)))
    for kernel in (first, again, beside):
        kernel.database.dispose()
    for fault in beside.faults:
        if fault.plugin == bench.name:
            yield Finding(
                f"beside the plugins that it goes after, it does not start: {fault.why}",
                fault.where or f"plugin {bench.name}",
                "it starts alone, but fails on sites that have both.",
                "mend the name; what the others have, `kehu plugins -v` and their pages say.",
            )


def _with_neighbours(bench: Bench) -> tuple[str, ...]:
    """The plugin with all that it needs, and those of its `after` that are installed, with all that they need."""
    after = [name for name in bench.manifest.after if name in bench.found]
    return tuple(dict.fromkeys(name for one in (bench.name, *after) for name in with_needs(bench.found, one)))


def begins(bench: Bench) -> Iterator[Finding]:
    if bench.not_begun is not None:
        yield Finding(
            str(bench.not_begun),
            f"plugin {bench.name}, hooks register_grants and on_plugin_enabled",
            "the site goes on without the plugin, or does not start.",
            "mend what the sentence names: both hooks are called on a new site, where there is no data yet.",
        )


def _given(kernel: Kernel) -> Any:
    registries = (kernel.cards, kernel.panels, kernel.columns, kernel.list_views)
    return [list(kernel.catalog), *(list(registry) for registry in registries)]
