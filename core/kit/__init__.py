"""The contract kit: what any plugin must do, tried on a site of its own.

`kehu plugin check NAME` prints what it finds; `plugins.testing.PluginContract` makes a test of each
check. A finding says what is wrong, where, why it matters and how to mend it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from core.kit import code, hooks, language, life, reach, refusals, surfaces, tables
from core.kit.bench import Bench
from core.kit.finding import Finding

WAITS = {  # each step asks for those before it
    "starts": "until the plugin starts",
    "has_tables": "until its migrations make its tables",
    "begins": "until it can begin to run",
}


@dataclass(frozen=True)
class Check:
    """`look` tries one thing on a bench; `title` completes "it …". `needs` says how far the plugin must come for it:
    the name of a property of the bench.
    """

    name: str
    title: str
    look: Callable[[Bench], Iterable[Finding]]
    needs: str = "begins"

    def waits(self, bench: Bench) -> str:
        """Why it cannot be tried yet; an earlier check says what is in the way."""
        if not self.needs or getattr(bench, self.needs):
            return ""
        return next(f"waits {until}" for step, until in WAITS.items() if not getattr(bench, step))

    def findings(self, bench: Bench) -> list[Finding]:
        """What is wrong. Not to be asked while the check waits."""
        return list(self.look(bench))


CHECKS = (
    Check("manifest", "says what it is without loading the rest", code.manifest, needs=""),
    Check("imports", "imports only what is public", code.imports, needs=""),
    Check("statements", "sends no SQL past the scope", code.statements, needs=""),
    Check("starts", "starts, whatever the order", hooks.starts, needs=""),
    Check("models", "keeps to its own tables", tables.models, needs="starts"),
    Check("migrations", "has migrations that make what its models say", tables.migrations, needs="starts"),
    Check("begins", "begins to run on a site", hooks.begins, needs="has_tables"),
    Check("purge", "leaves nothing behind when it is purged", tables.purge),
    Check("scope", "shows rows only to those who may see them", reach.scope),
    Check("permissions", "asks for a login and a right at every door", reach.permissions),
    Check("pages", "has pages that stay quick and safe", surfaces.pages),
    Check("contributions", "adds to others' pages without slowing them", surfaces.contributions),
    Check("doors", "refuses bad values alike at every door", surfaces.doors),
    Check("refusals", "names fields that are there when it refuses", refusals.refusals),
    Check("translations", "speaks Chinese and English", language.translations),
    Check("life", "keeps its data while it is off", life.off_and_on),
    Check("chaos", "harms nobody when it fails", life.chaos),
)
NAMES = tuple(check.name for check in CHECKS)

__all__ = ["CHECKS", "NAMES", "Bench", "Check", "Finding"]
