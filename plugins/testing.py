"""The contract kit for the tests of a plugin: what Kehu asks of any plugin, one test each.

    from plugins.testing import PluginContract

    class TestGifts(PluginContract):
        plugin = "gifts"

`Site("gifts")` is the site on which they are tried, for tests of the plugin's own rules, verbs, jobs and subscribers:

    with Site("gifts") as site, site.acting("ann") as ctx:
        records.create(ctx, ctx.catalog["gifts.gift"], {"customer": site.customer(), "name": "Tea"})

The checks are the kernel's (`core.kit`); `kehu plugin check gifts` runs the same without pytest. This is the
one module of the SDK that knows the kernel: it is imported by tests alone, never by a plugin that runs.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import ClassVar
from unittest import SkipTest

from core.kit import CHECKS, Check
from core.kit import Bench as Site

__all__ = ["PluginContract", "Site"]


class PluginContract:
    """Inherit, name the plugin, and every check becomes a test of the class."""

    plugin: ClassVar[str] = ""
    _bench: ClassVar[Site]

    @classmethod
    def setup_class(cls) -> None:
        cls._bench = Site(cls.plugin)

    @classmethod
    def teardown_class(cls) -> None:
        cls._bench.close()


def _test(check: Check) -> Callable[[PluginContract], None]:
    def test(self: PluginContract) -> None:
        if waits := check.waits(self._bench):
            raise SkipTest(waits)
        found = check.findings(self._bench)
        for finding in found:
            if finding.note:
                warnings.warn(str(finding), stacklevel=1)
        assert all(finding.note for finding in found), "\n".join(map(str, found))

    test.__doc__ = f"It {check.title}."
    return test


for _check in CHECKS:
    setattr(PluginContract, f"test_{_check.name}", _test(_check))
