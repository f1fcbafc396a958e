"""Whether the plugin starts, alone and beside all others, in whatever order they are named."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from core.boot import boot
from core.kit.bench import Bench
from core.kit.finding import Finding
from core.services.work import Kernel


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
    for kernel in (first, again):
        kernel.database.dispose()


def _given(kernel: Kernel) -> Any:
    return [list(kernel.catalog), *(list(registry) for registry in (kernel.panels, kernel.columns))]
